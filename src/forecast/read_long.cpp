// SPDX-License-Identifier: Apache-2.0
// CSV in long form: one observation a row, series and times in any order. Times are put in order and checked
// for gaps; nothing is filled in.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "forecast/csv.hpp"

namespace rankine::forecast {

namespace {

/// Times are kept as numbers: as given, or months since year 0 ("2024-01"), or seconds since 1970.
enum class TimeKind { kNumber, kMonth, kSecond };

struct Moment {
  TimeKind kind;
  double value;
};

/// Takes `digits` digits and the `separator` after them (0 for none) off the front; -1 when they are not
/// there.
int take(std::string_view& text, std::size_t digits, char separator) {
  int value = 0;
  if (text.size() < digits + (separator != 0)) return -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits || value < 0) return -1;
  if (separator != 0 && text[digits] != separator) return -1;
  text.remove_prefix(digits + (separator != 0));
  return value;
}

/// "HH:MM[:SS[.fraction]][Z]" as seconds of the day, or -1.
double seconds_of_day(std::string_view text) {
  if (text.ends_with('Z')) text.remove_suffix(1);
  const int hour = take(text, 2, ':');
  const int minute = take(text, 2, 0);
  double second = 0;
  if (!text.empty()) {
    const auto parsed = text.front() == ':' ? parse_number(text.substr(1)) : std::nullopt;
    if (!parsed) return -1;
    second = *parsed;
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second < 61)) return -1;
  return hour * 3600.0 + minute * 60.0 + second;
}

std::optional<Moment> parse_time(std::string_view text) {
  if (const auto number = parse_number(text)) {
    if (!std::isfinite(*number)) return std::nullopt;
    return Moment{TimeKind::kNumber, *number};
  }
  const int year = take(text, 4, '-');
  const int month = take(text, 2, 0);
  if (year < 0 || month < 1 || month > 12) return std::nullopt;
  if (text.empty()) return Moment{TimeKind::kMonth, year * 12.0 + month - 1};
  if (text.front() != '-') return std::nullopt;
  text.remove_prefix(1);
  const int day = take(text, 2, 0);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(std::max(day, 0)))};
  if (!date.ok()) return std::nullopt;
  const double midnight =
      86400.0 * static_cast<double>(std::chrono::sys_days(date).time_since_epoch().count());
  if (text.empty()) return Moment{TimeKind::kSecond, midnight};
  if (text.front() != 'T' && text.front() != ' ') return std::nullopt;
  const double of_day = seconds_of_day(text.substr(1));
  if (of_day < 0) return std::nullopt;
  return Moment{TimeKind::kSecond, midnight + of_day};
}

struct Observation {
  double time;
  double value;
  std::size_t line;
};

struct Collected {
  std::string id;
  TimeKind kind;
  std::vector<Observation> observations;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Dates a month, a quarter or a year apart are not equally many seconds apart: such steps count as regular
/// when they are whole months of calendar length.
bool is_regular(double step, double usual, TimeKind kind) {
  constexpr double day = 86400;
  const double slack = kind == TimeKind::kSecond && usual > 27 * day ? 0.12 * usual : 1e-6 * usual;
  return std::abs(step - usual) <= slack;
}

/// Why the times are not those of equally spaced observations, or empty.
std::string irregularity(const Collected& collected, const std::string& file) {
  const auto& all = collected.observations;
  std::vector<double> steps;
  for (std::size_t t = 1; t < all.size(); ++t) {
    steps.push_back(all[t].time - all[t - 1].time);
    if (steps.back() == 0) {
      return fmt::format("has two values for one time ({}, lines {} and {})", file, all[t - 1].line,
                         all[t].line);
    }
  }
  if (steps.size() < 2) return {};
  const double usual = median(steps);
  for (std::size_t t = 1; t < all.size(); ++t) {
    if (!is_regular(steps[t - 1], usual, collected.kind)) {
      return fmt::format("has a gap: the step from line {} to line {} of {} is {:.4g} times the usual one",
                         all[t - 1].line, all[t].line, file, steps[t - 1] / usual);
    }
  }
  return {};
}

std::size_t column(const std::vector<std::string_view>& header, const std::string& wanted,
                   const Lines& lines) {
  for (std::size_t k = 0; k < header.size(); ++k) {
    if (equal_ignoring_case(header[k], wanted)) return k;
  }
  lines.fail(fmt::format(
      "no column \"{}\" in the header ({}); name the id, time and value columns, or give an M3, M4 "
      "or HDF5 file",
      wanted, lines.line().substr(0, 80)));
}

std::vector<Collected> collect(const std::filesystem::path& path, std::string_view text,
                               const ReadOptions& options) {
  Lines lines(text, path.string());
  std::vector<std::string_view> fields;
  if (!lines.next()) lines.fail("the file holds only blanks");
  split_fields(lines.line(), fields);
  const std::size_t width = fields.size();
  const std::size_t id_at = column(fields, options.id_column, lines);
  const std::size_t time_at = column(fields, options.time_column, lines);
  const std::size_t value_at = column(fields, options.value_column, lines);
  std::vector<Collected> all;
  std::unordered_map<std::string, std::size_t> known;
  Collected* current = nullptr;  // rows of one series mostly follow each other
  while (lines.next()) {
    split_fields(lines.line(), fields);
    if (fields.size() != width) {
      lines.fail(fmt::format("{} fields, the header has {}; the file is damaged or cut short", fields.size(),
                             width));
    }
    const auto time = parse_time(fields[time_at]);
    if (!time) {
      lines.fail(
          fmt::format("time \"{}\" is neither a number nor an ISO date or timestamp", fields[time_at]));
    }
    double value = std::numeric_limits<double>::quiet_NaN();
    if (!is_missing(fields[value_at])) {
      const auto number = parse_number(fields[value_at]);
      if (!number) lines.fail(fmt::format("value \"{}\" is not a number", fields[value_at]));
      value = *number;
    }
    if (fields[id_at].empty()) lines.fail("the id is empty");
    if (current == nullptr || current->id != fields[id_at]) {
      const auto [entry, is_new] = known.try_emplace(std::string(fields[id_at]), all.size());
      if (is_new) all.push_back({entry->first, time->kind, {}});
      current = &all[entry->second];
    }
    if (time->kind != current->kind) {
      lines.fail(fmt::format("time \"{}\" is not of the same form as those before it", fields[time_at]));
    }
    current->observations.push_back({time->value, value, lines.number()});
  }
  if (all.empty()) lines.fail("there are no rows after the header");
  return all;
}

}  // namespace

Dataset read_long_csv(const std::filesystem::path& path, std::string_view text, const ReadOptions& options) {
  std::vector<Collected> all = collect(path, text, options);
  if (options.season < 1 || options.horizon < 1) {
    throw InputError(
        fmt::format("{} is CSV in long form, which says neither season nor horizon; give both (for example "
                    "a season of 12 and a horizon of 18 for months)",
                    path.string()));
  }
  Dataset dataset;
  dataset.name = path.stem().string();
  dataset.groups = {"All"};
  for (Collected& collected : all) {
    std::stable_sort(collected.observations.begin(), collected.observations.end(),
                     [](const Observation& a, const Observation& b) { return a.time < b.time; });
    Series series;
    series.id = collected.id;
    series.group = "All";
    series.season = options.season;
    series.defect = irregularity(collected, path.filename().string());
    series.train.reserve(collected.observations.size());
    for (const Observation& observation : collected.observations) series.train.push_back(observation.value);
    hold_out(series, options.horizon);
    dataset.series.push_back(std::move(series));
  }
  return dataset;
}

}  // namespace rankine::forecast
