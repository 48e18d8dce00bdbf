// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/table.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>

#include "files/csv.hpp"

namespace rankine::tune {

namespace {

constexpr std::array kObjectives{"valid_error", "perplexity", "valid_loss", "loss",    "error",
                                 "objective",   "value",      "score",      "accuracy"};
constexpr std::array kFidelities{"n_epochs", "epochs", "epoch", "fidelity", "steps", "step", "budget"};
constexpr std::array kCosts{"train_seconds", "cost", "seconds", "time"};
constexpr std::array kIgnored{"config", "id", "config_id"};
constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

/// The whole file, also where it is compressed.
std::string read_plain_or_gzip(const std::filesystem::path& path) {
  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };
  if (std::filesystem::is_directory(path)) throw InputError(path.string() + " is a folder, not a table");
  const std::unique_ptr<gzFile_s, Close> file(gzopen(path.c_str(), "rb"));
  if (!file) throw InputError("cannot open " + path.string());
  std::string text;
  std::array<char, 1 << 16> part;
  for (;;) {
    const int got = gzread(file.get(), part.data(), part.size());
    if (got < 0) throw InputError(path.string() + ": the compressed data are damaged or cut off");
    if (got == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

/// Columns to a space, steps, values and costs.
class TableReader {
 public:
  TableReader(const std::filesystem::path& path, const TableOptions& options)
      : path_(path), options_(options) {}

  Table read() {
    read_cells();
    choose_columns();
    if (curve_.empty()) {
      gather_rows();
    } else {
      gather_curves();
    }
    make_space();
    return std::move(table_);
  }

 private:
  void read_cells();
  void choose_columns();
  void find_curve();
  void gather_curves();
  void gather_rows();
  void make_space();
  Dimension make_dimension(std::size_t column, std::vector<std::vector<double>>& rows) const;

  [[noreturn]] void fail(const std::string& words) const { throw InputError(path_.string() + ": " + words); }
  std::size_t column(std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    return found == names_.end() ? kNowhere : static_cast<std::size_t>(found - names_.begin());
  }
  /// What the options name, else the first of the known names that is there.
  template <class Known>
  std::size_t chosen(const std::string& option, const Known& known) const {
    if (option == "none") return kNowhere;
    if (!option.empty()) {
      const std::size_t at = column(option);
      if (at == kNowhere)
        fail(fmt::format("there is no column \"{}\"; there are: {}", option, fmt::join(names_, ", ")));
      return at;
    }
    for (const char* name : known) {
      if (const std::size_t at = column(name); at != kNowhere) return at;
    }
    return kNowhere;
  }
  double number(std::size_t row, std::size_t at) const {
    const auto parsed = files::parse_number(cells_[row][at]);
    if (!parsed) {
      fail(fmt::format("line {}, column {}: \"{}\" is no number", row + 2, names_[at], cells_[row][at]));
    }
    return *parsed;
  }
  double objective(std::size_t row, std::size_t at) const {
    const double value = number(row, at);
    return std::isfinite(value) ? value : options_.not_finite;
  }
  double cost(std::size_t row) const {
    const double value = number(row, cost_);
    if (!(value >= 0 && std::isfinite(value)))
      fail(fmt::format("line {}: a cost of {} cannot be", row + 2, value));
    return value;
  }

  std::filesystem::path path_;
  const TableOptions& options_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> cells_;
  std::vector<std::size_t> curve_;  ///< columns of steps 0 or 1 and on
  Step curve_first_ = 0;
  std::size_t objective_ = kNowhere, fidelity_ = kNowhere, cost_ = kNowhere;
  std::vector<std::size_t> dimensions_;
  std::vector<std::size_t> row_of_;  ///< the cells' row that says the configuration of each table row
  Table table_;
};

void TableReader::read_cells() {
  const std::string text = read_plain_or_gzip(path_);
  files::Lines lines(text, path_.string());
  std::vector<std::string_view> fields;
  if (!lines.next()) fail("the file is empty");
  files::split_fields(lines.line(), fields);
  names_.assign(fields.begin(), fields.end());
  while (lines.next()) {
    files::split_fields(lines.line(), fields);
    if (fields.size() != names_.size())
      lines.fail(fmt::format("{} fields, the header has {}", fields.size(), names_.size()));
    cells_.emplace_back(fields.begin(), fields.end());
  }
  if (cells_.empty()) fail("there are no rows below the header");
}

/// Columns NAME_k, NAME_k+1 .. NAME_n, three at least, k being 0 or 1.
void TableReader::find_curve() {
  std::map<std::string, std::map<Step, std::size_t>> families;
  for (std::size_t at = 0; at < names_.size(); ++at) {
    const std::string& name = names_[at];
    const std::size_t bar = name.rfind('_');
    Step step = 0;
    if (bar == std::string::npos || bar == 0) continue;
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + bar + 1, end, step);
    if (error == std::errc() && stop == end) families[name.substr(0, bar)][step] = at;
  }
  for (const auto& [name, columns] : families) {
    const Step first = columns.begin()->first;
    const Step last = columns.rbegin()->first;
    const bool whole = first >= 0 && first <= 1 && last - first + 1 == static_cast<Step>(columns.size());
    if (!whole || columns.size() < 3) continue;
    if (!options_.objective.empty() && options_.objective != name) continue;
    if (!curve_.empty()) continue;
    table_.objective_ = name;
    curve_first_ = first;
    for (const auto& [step, at] : columns) curve_.push_back(at);
  }
}

void TableReader::choose_columns() {
  if (options_.objective.empty() || column(options_.objective) == kNowhere) find_curve();
  if (curve_.empty()) {
    objective_ = chosen(options_.objective, kObjectives);
    if (objective_ == kNowhere) objective_ = names_.size() - 1;
    table_.objective_ = names_[objective_];
    fidelity_ = chosen(options_.fidelity, kFidelities);
  }
  cost_ = chosen(options_.cost, kCosts);
  for (std::size_t at = 0; at < names_.size(); ++at) {
    const std::string& name = names_[at];
    const bool ignored =
        std::find(kIgnored.begin(), kIgnored.end(), name) != kIgnored.end() || name.starts_with("test_") ||
        std::find(options_.ignore.begin(), options_.ignore.end(), name) != options_.ignore.end();
    const bool of_curve = std::find(curve_.begin(), curve_.end(), at) != curve_.end();
    if (!ignored && !of_curve && at != objective_ && at != fidelity_ && at != cost_)
      dimensions_.push_back(at);
  }
  if (dimensions_.empty()) fail("no column is left for the search space");
}

void TableReader::gather_curves() {
  const std::size_t skipped = curve_first_ == 0 ? 1 : 0;  // step 0 is before any training
  for (std::size_t k = skipped; k < curve_.size(); ++k)
    table_.steps_.push_back(curve_first_ + static_cast<Step>(k));
  for (std::size_t row = 0; row < cells_.size(); ++row) {
    std::vector<double>& values = table_.values_.emplace_back();
    for (std::size_t k = skipped; k < curve_.size(); ++k) values.push_back(objective(row, curve_[k]));
    row_of_.push_back(row);
    if (cost_ == kNowhere) continue;
    std::vector<double>& costs = table_.costs_.emplace_back();
    for (const Step step : table_.steps_)
      costs.push_back(cost(row) * static_cast<double>(step) / static_cast<double>(table_.steps_.back()));
  }
}

void TableReader::gather_rows() {
  table_.steps_ = {1};
  if (fidelity_ != kNowhere) {
    std::set<Step> steps;
    for (std::size_t row = 0; row < cells_.size(); ++row) {
      const double step = number(row, fidelity_);
      if (!(step >= 1 && step < 1e15 && step == std::floor(step)))
        fail(fmt::format("line {}: a fidelity of {} is no whole number above 0", row + 2, step));
      steps.insert(static_cast<Step>(step));
    }
    table_.steps_.assign(steps.begin(), steps.end());
  }
  const std::size_t count = table_.steps_.size();
  std::map<std::string, std::size_t> known;
  std::vector<std::size_t> seen;
  for (std::size_t row = 0; row < cells_.size(); ++row) {
    std::string key = fidelity_ == kNowhere ? fmt::format("{}", row) : std::string();
    for (const std::size_t at : dimensions_) key += cells_[row][at] + ',';
    const auto [found, fresh] = known.emplace(key, table_.values_.size());
    if (fresh) {
      table_.values_.emplace_back(count, std::nan(""));
      if (cost_ != kNowhere) table_.costs_.emplace_back(count, 0.0);
      row_of_.push_back(row);
      seen.push_back(0);
    }
    const std::size_t place =
        fidelity_ == kNowhere ? 0 : table_.place(static_cast<Step>(number(row, fidelity_)));
    double& value = table_.values_[found->second][place];
    if (!std::isnan(value))
      fail(fmt::format("line {}: this configuration and fidelity came before", row + 2));
    value = objective(row, objective_);
    ++seen[found->second];
    if (cost_ != kNowhere) table_.costs_[found->second][place] = cost(row);
  }
  for (std::size_t k = 0; k < seen.size(); ++k) {
    if (seen[k] != count)
      fail(fmt::format("the configuration of line {} has {} of the {} values of {}", row_of_[k] + 2, seen[k],
                       count, names_[fidelity_]));
  }
}

/// Text: choices. Few numbers: levels. Many: an interval. Logarithmic where they span a factor of 50.
Dimension TableReader::make_dimension(std::size_t at, std::vector<std::vector<double>>& rows) const {
  constexpr std::size_t levels_max = 64;
  constexpr double logarithmic_from = 50;
  std::vector<double> numbers;
  for (const std::size_t row : row_of_) {
    const auto parsed = files::parse_number(cells_[row][at]);
    if (!parsed || !std::isfinite(*parsed)) break;
    numbers.push_back(*parsed);
  }
  if (numbers.size() < row_of_.size()) {
    std::vector<std::string> choices;
    for (std::size_t k = 0; k < row_of_.size(); ++k) {
      const std::string& text = cells_[row_of_[k]][at];
      auto found = std::find(choices.begin(), choices.end(), text);
      if (found == choices.end()) found = choices.insert(choices.end(), text);
      rows[k].push_back(static_cast<double>(found - choices.begin()));
    }
    return categorical(names_[at], choices);
  }
  for (std::size_t k = 0; k < numbers.size(); ++k) rows[k].push_back(numbers[k]);
  std::sort(numbers.begin(), numbers.end());
  const auto positive = std::find_if(numbers.begin(), numbers.end(), [](double x) { return x > 0; });
  const bool logarithmic =
      numbers.front() >= 0 && positive != numbers.end() && numbers.back() / *positive >= logarithmic_from;
  std::vector<double> different = numbers;
  different.erase(std::unique(different.begin(), different.end()), different.end());
  if (different.size() <= levels_max) return levels(names_[at], different, logarithmic);
  return logarithmic && numbers.front() > 0 ? log_uniform(names_[at], numbers.front(), numbers.back())
                                            : uniform(names_[at], numbers.front(), numbers.back());
}

void TableReader::make_space() {
  std::vector<std::vector<double>> rows(row_of_.size());
  for (const std::size_t at : dimensions_) table_.space_.add(make_dimension(at, rows));
  table_.space_.set_rows(std::move(rows));
}

Table Table::read(const std::filesystem::path& path, const TableOptions& options) {
  return TableReader(path, options).read();
}

Table Table::resampled(std::size_t count, std::uint64_t seed) const {
  Table made;
  made.objective_ = objective_;
  made.steps_ = steps_;
  Philox random(seed, count);
  std::vector<std::vector<double>> rows;
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t row = random.below(size());
    made.values_.push_back(values_[row]);
    if (!costs_.empty()) made.costs_.push_back(costs_[row]);
    rows.push_back(space_.row(row).values);
  }
  for (const Dimension& dimension : space_.dimensions()) made.space_.add(dimension);
  made.space_.set_rows(std::move(rows));
  return made;
}

double Table::expected_best(std::size_t draws) const {
  if (draws == 0 || draws > size())
    throw InputError(fmt::format("{} draws from a table of {} rows", draws, size()));
  std::vector<double> finals;
  for (const auto& values : values_) finals.push_back(values.back());
  std::sort(finals.begin(), finals.end());
  // The k-th least is the best when it is drawn and none before it is.
  const auto n = static_cast<double>(size());
  double expectation = 0;
  double none_before = 1;
  for (std::size_t k = 0; k + draws <= size(); ++k) {
    const double drawn = static_cast<double>(draws) / (n - static_cast<double>(k));
    expectation += none_before * drawn * finals[k];
    none_before *= 1 - drawn;
  }
  return expectation;
}

std::size_t Table::place(Step step) const {
  const auto at = std::lower_bound(steps_.begin(), steps_.end(), step);
  if (at == steps_.end() || *at != step)
    throw InputError(fmt::format("the table has no values at step {}", step));
  return static_cast<std::size_t>(at - steps_.begin());
}

Step Table::after(Step step) const {
  const auto at = std::upper_bound(steps_.begin(), steps_.end(), step);
  return at == steps_.end() ? steps_.back() : *at;
}

std::vector<double> Table::values(const Assignment& assignment, Step step) {
  return {values_[static_cast<std::size_t>(assignment.configuration.row)][place(step)]};
}

double Table::cost(const Configuration& configuration, Step step) const {
  if (costs_.empty()) return static_cast<double>(step) / static_cast<double>(steps_.back());
  return costs_[static_cast<std::size_t>(configuration.row)][place(step)];
}

}  // namespace rankine::tune
