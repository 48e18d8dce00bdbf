// SPDX-License-Identifier: Apache-2.0
// A pair of M4 files: NAME-train.csv and NAME-test.csv, a header V1..Vn, a row a series: its id, then its
// values, padded with empty fields. Period and horizon follow from NAME.
#include <array>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/csv.hpp"
#include "files/text.hpp"
#include "forecast/readers.hpp"

namespace rankine::forecast {

namespace {

struct Frequency {
  std::string_view name;
  int season;
  int horizon;
};
constexpr std::array<Frequency, 6> kFrequencies{{{"Yearly", 1, 6},
                                                 {"Quarterly", 4, 8},
                                                 {"Monthly", 12, 18},
                                                 {"Weekly", 1, 13},
                                                 {"Daily", 1, 14},
                                                 {"Hourly", 24, 48}}};
constexpr std::string_view kTrainEnd = "-train.csv";

/// The values after the id. An empty field between values is missing (NaN), empty fields at the end are
/// padding.
std::vector<double> row_values(const std::vector<std::string_view>& fields, const files::Lines& lines) {
  std::size_t used = fields.size();
  while (used > 1 && files::is_missing(fields[used - 1])) --used;
  std::vector<double> values;
  values.reserve(used - 1);
  for (std::size_t k = 1; k < used; ++k) {
    const auto value = files::is_missing(fields[k]) ? std::numeric_limits<double>::quiet_NaN()
                                                    : files::parse_number(fields[k]);
    if (!value) lines.fail(fmt::format("field {}: \"{}\" is not a number", k + 1, fields[k]));
    values.push_back(*value);
  }
  return values;
}

/// Calls visit(id, values, lines) for each row.
template <class Visit>
void for_each_row(const std::filesystem::path& path, std::string_view text, Visit visit) {
  files::Lines lines(text, path.string());
  std::vector<std::string_view> fields;
  if (lines.next()) files::split_fields(lines.line(), fields);
  if (fields.size() < 2 || fields[0] != "V1")
    lines.fail("not an M4 file: its header should begin with \"V1\",\"V2\"");
  const std::size_t width = fields.size();
  while (lines.next()) {
    files::split_fields(lines.line(), fields);
    if (fields.size() != width) {
      lines.fail(fmt::format("{} fields, the header has {}; the file is damaged or cut short, get it again",
                             fields.size(), width));
    }
    if (fields[0].empty()) lines.fail("the id is empty");
    visit(std::string(fields[0]), row_values(fields, lines), lines);
  }
}

}  // namespace

Dataset read_m4(const std::filesystem::path& train_path, const ReadOptions& options) {
  const std::string file = train_path.filename().string();
  const std::string group = file.substr(0, file.size() - kTrainEnd.size());
  Frequency frequency{group, options.season, options.horizon};
  for (const Frequency& known : kFrequencies) {
    if (files::equal_ignoring_case(known.name, group)) frequency = known;
  }
  if (frequency.season < 1 || frequency.horizon < 1) {
    throw InputError(
        fmt::format("{}: \"{}\" is none of M4's frequencies (Yearly, Quarterly, Monthly, Weekly, Daily, "
                    "Hourly); give the season and the horizon",
                    train_path.string(), group));
  }
  Dataset dataset;
  dataset.name = group;
  dataset.groups = {std::string(frequency.name)};
  std::unordered_map<std::string, std::size_t> known;
  for_each_row(train_path, files::read_text(train_path),
               [&](std::string id, std::vector<double> values, const files::Lines& lines) {
                 if (!known.try_emplace(id, dataset.series.size()).second)
                   lines.fail(fmt::format("series {} is there twice", id));
                 if (values.empty()) lines.fail(fmt::format("series {} has no values", id));
                 Series series;
                 series.id = std::move(id);
                 series.group = frequency.name;
                 series.season = frequency.season;
                 series.horizon = frequency.horizon;
                 series.train = std::move(values);
                 dataset.series.push_back(std::move(series));
               });
  const std::filesystem::path test_path = train_path.parent_path() / (group + "-test.csv");
  for_each_row(test_path, files::read_text(test_path),
               [&](std::string id, std::vector<double> values, const files::Lines& lines) {
                 const auto entry = known.find(id);
                 if (entry == known.end()) lines.fail(fmt::format("series {} is not in {}", id, file));
                 Series& series = dataset.series[entry->second];
                 if (values.size() != static_cast<std::size_t>(frequency.horizon) || !series.test.empty()) {
                   lines.fail(fmt::format("series {} needs {} test values once, found {}", id,
                                          frequency.horizon, values.size()));
                 }
                 series.test = std::move(values);
               });
  for (Series& series : dataset.series) {
    if (series.test.empty()) {
      throw InputError(
          fmt::format("{}: series {} of {} is missing; the files do not belong together or one is cut short",
                      test_path.string(), series.id, file));
    }
    apply_overrides(series, options);
  }
  return dataset;
}

}  // namespace rankine::forecast
