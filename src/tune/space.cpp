// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/space.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>

namespace rankine::tune {

Space& Space::add(Dimension dimension) {
  dimension.validate();
  for (const Dimension& known : dimensions_) {
    if (known.name == dimension.name) {
      throw InputError(fmt::format("two dimensions of the space are called \"{}\"", dimension.name));
    }
  }
  std::vector<Link> links;
  if (dimension.condition) {
    Link link{index_of(dimension.condition->parent), {}};
    const Dimension& parent = dimensions_[link.parent];
    if (parent.cardinality() == 0) {
      throw InputError(fmt::format("dimension \"{}\" hangs on \"{}\", which has no separate values",
                                   dimension.name, parent.name));
    }
    for (const std::string& text : dimension.condition->texts) link.values.push_back(parent.parse(text));
    links.push_back(std::move(link));
  }
  dimensions_.push_back(std::move(dimension));
  links_.push_back(std::move(links));
  return *this;
}

Space& Space::constrain(std::string name, Predicate holds) {
  constraints_.push_back({std::move(name), std::move(holds)});
  return *this;
}

Space& Space::set_rows(std::vector<std::vector<double>> rows) {
  rows_.clear();
  if (rows.empty()) throw InputError("a table without rows is no search space");
  if (rows.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw InputError("a table as a search space has 4,294,967,295 rows at most");
  }
  for (std::vector<double>& row : rows) {
    if (row.size() != size()) {
      throw InputError(fmt::format("row {} of the table has {} values, the space {} dimensions", rows_.size(),
                                   row.size(), size()));
    }
    rows_.push_back({std::move(row), static_cast<std::int64_t>(rows_.size())});
  }
  return *this;
}

std::size_t Space::index_of(std::string_view name) const {
  std::string names;
  for (std::size_t i = 0; i < size(); ++i) {
    if (dimensions_[i].name == name) return i;
    names += (names.empty() ? "" : ", ") + dimensions_[i].name;
  }
  throw InputError(fmt::format("the space has no dimension \"{}\"; there are: {}", name, names));
}

std::size_t Space::cardinality() const {
  if (is_table()) return rows_.size();
  std::size_t all = 1;
  for (const Dimension& dimension : dimensions_) {
    const std::size_t count = dimension.cardinality();
    if (count == 0 || all > (std::size_t{1} << 62) / count) return 0;
    all *= count;
  }
  return all;
}

bool Space::active(const std::vector<double>& values, std::size_t index) const {
  for (const Link& link : links_[index]) {
    const double parent = values[link.parent];
    if (std::isnan(parent)) return false;
    if (std::find(link.values.begin(), link.values.end(), parent) == link.values.end()) return false;
  }
  return true;
}

void Space::deactivate(std::vector<double>& values) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (!active(values, i)) values[i] = kInactive;
  }
}

bool Space::allows(const Configuration& configuration) const {
  return broken(configuration).empty();
}

std::string Space::broken(const Configuration& configuration) const {
  for (const Constraint& constraint : constraints_) {
    if (!constraint.holds(*this, configuration)) return constraint.name;
  }
  return {};
}

Configuration Space::from_unit(const std::vector<double>& unit) const {
  Configuration made;
  made.values.resize(size());
  for (std::size_t i = 0; i < size(); ++i) {
    made.values[i] = active(made.values, i) ? dimensions_[i].from_unit(unit[i]) : kInactive;
  }
  return made;
}

std::vector<double> Space::to_unit(const Configuration& configuration) const {
  std::vector<double> unit(size(), 0.5);
  for (std::size_t i = 0; i < size(); ++i) {
    const double value = configuration.values[i];
    if (!std::isnan(value)) unit[i] = dimensions_[i].to_unit(value);
  }
  return unit;
}

Configuration Space::draw(Philox& random) const {
  if (is_table()) return rows_[random.below(rows_.size())];
  std::vector<double> unit(size());
  Configuration drawn;
  for (int attempt = 0; attempt < 10'000; ++attempt) {
    for (double& x : unit) x = random.uniform();
    drawn = from_unit(unit);
    if (allows(drawn)) return drawn;
  }
  throw InputError(
      fmt::format("10,000 random configurations all broke a constraint of the space, the last one "
                  "\"{}\" with {}. Remedy: a space in which the constraint holds more often",
                  broken(drawn), describe(drawn)));
}

Parameters Space::parameters(const Configuration& configuration) const {
  Parameters named;
  for (std::size_t i = 0; i < size(); ++i) {
    const double value = configuration.values.at(i);
    if (!std::isnan(value)) named.set(dimensions_[i].name, dimensions_[i].value_of(value));
  }
  return named;
}

Configuration Space::configuration(const std::vector<std::pair<std::string, std::string>>& texts) const {
  Configuration made;
  made.values.assign(size(), kInactive);
  for (const auto& [name, text] : texts) {
    const std::size_t index = index_of(name);
    made.values[index] = dimensions_[index].parse(text);
  }
  for (std::size_t i = 0; i < size(); ++i) {
    const bool given = !std::isnan(made.values[i]);
    if (given == active(made.values, i)) continue;
    const std::string& name = dimensions_[i].name;
    throw InputError(given ? fmt::format("a configuration gives \"{}\", which is inactive there", name)
                           : fmt::format("a configuration lacks \"{}\"", name));
  }
  for (const Configuration& row : rows_) {
    if (row == Configuration{made.values, row.row}) made.row = row.row;
  }
  return made;
}

std::string Space::describe(const Configuration& configuration) const {
  std::string text;
  const Parameters named = parameters(configuration);
  for (const auto& [name, value] : named.all()) {
    text += (text.empty() ? "" : " ") + name + "=" + short_text_of(value);
  }
  return text;
}

std::uint64_t Space::fingerprint() const {
  std::uint64_t hash = hash_mix(size(), rows_.size());
  for (const Dimension& d : dimensions_) {
    std::string text =
        fmt::format("{}|{}|{}|{}|{}|{}|{}|{}", d.name, static_cast<int>(d.kind), d.low, d.high, d.logarithmic,
                    d.step, fmt::join(d.choices, ","), fmt::join(d.levels, ","));
    if (d.condition)
      text += "|" + d.condition->parent + fmt::format("{}", fmt::join(d.condition->texts, ","));
    hash = hash_text(text, hash);
  }
  for (const Constraint& constraint : constraints_) hash = hash_text(constraint.name, hash);
  for (const Configuration& row : rows_) hash = hash_mix(hash, row.hash());
  return hash;
}

}  // namespace rankine::tune
