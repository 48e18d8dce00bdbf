// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include <rankine/forecast/winners.hpp>

namespace rankine::forecast {

namespace {

/// The entry of a map by a name that need not be a string yet.
template <class Map>
auto& at(Map& map, std::string_view name) {
  const auto found = map.find(name);
  return found != map.end() ? found->second : map[std::string(name)];
}

/// "AutoETS ETS(A,N,N)"; the name alone where it says it all.
std::string label(const Winners::Row& row) {
  return row.model == row.form ? row.model : row.model + " " + row.form;
}

}  // namespace

void Winners::add(std::string_view group, std::string_view model, std::string_view form) {
  Count& count = at(at(counts_, model), form);
  ++count.series;
  ++at(count.by_group, group);
}

std::vector<Winners::Row> Winners::rows() const {
  std::vector<Row> rows;
  for (const auto& [model, forms] : counts_) {
    for (const auto& [form, count] : forms) rows.push_back({model, form, count.series, count.by_group});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tie(b.series, a.model, a.form) < std::tie(a.series, b.model, b.form);
  });
  return rows;
}

std::string render(const Winners& winners, std::string_view title, const std::vector<std::string>& groups,
                   std::size_t lines_max) {
  const std::vector<Winners::Row> rows = winners.rows();
  std::size_t width = std::max<std::size_t>(10, title.size());
  for (std::size_t k = 0; k < std::min(rows.size(), lines_max); ++k)
    width = std::max(width, label(rows[k]).size());
  std::string text = fmt::format("{:<{}}", title, width);
  for (const std::string& group : groups) text += fmt::format("  {:>9}", group);
  text += fmt::format("  {:>9}\n", "Total");
  for (std::size_t k = 0; k < std::min(rows.size(), lines_max); ++k) {
    text += fmt::format("{:<{}}", label(rows[k]), width);
    for (const std::string& group : groups) {
      const auto found = rows[k].by_group.find(group);
      text += fmt::format("  {:>{}}", found == rows[k].by_group.end() ? 0 : found->second,
                          std::max<std::size_t>(9, group.size()));
    }
    text += fmt::format("  {:>9}\n", rows[k].series);
  }
  if (rows.size() > lines_max) text += fmt::format("and {} other forms\n", rows.size() - lines_max);
  return text;
}

}  // namespace rankine::forecast
