// SPDX-License-Identifier: Apache-2.0
// CSV in long form: one observation a row, series and times in any order; or a part of such a file, in which
// the rows of a series stand together. Times are put in order and checked for gaps; nothing is filled in.
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/forecast/series_source.hpp>

#include "files/csv.hpp"
#include "files/text.hpp"
#include "forecast/readers.hpp"

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
    const auto parsed = text.front() == ':' ? files::parse_number(text.substr(1)) : std::nullopt;
    if (!parsed) return -1;
    second = *parsed;
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second < 61)) return -1;
  return hour * 3600.0 + minute * 60.0 + second;
}

/// "2024-": no number begins so, and dates are worth not being tried as one.
bool begins_with_year(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() > 4 && text[4] == '-' && std::all_of(text.begin(), text.begin() + 4, is_digit);
}

std::optional<Moment> parse_time(std::string_view text) {
  if (!begins_with_year(text)) {
    const auto number = files::parse_number(text);
    if (!number || !std::isfinite(*number)) return std::nullopt;
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
  std::size_t line;  // its number, or the byte at which it begins
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
std::string irregularity(const Collected& collected, const std::string& file, std::string_view unit) {
  const auto& all = collected.observations;
  std::vector<double> steps;
  for (std::size_t t = 1; t < all.size(); ++t) {
    steps.push_back(all[t].time - all[t - 1].time);
    if (steps.back() == 0) {
      return fmt::format("has two values for one time ({}, {}s {} and {})", file, unit, all[t - 1].line,
                         all[t].line);
    }
  }
  if (steps.size() < 2) return {};
  if (std::equal(steps.begin() + 1, steps.end(), steps.begin()) && steps.front() > 0) return {};
  const double usual = median(steps);
  for (std::size_t t = 1; t < all.size(); ++t) {
    if (!is_regular(steps[t - 1], usual, collected.kind)) {
      return fmt::format("has a gap: the step from {} {} to {} {} of {} is {:.4g} times the usual one", unit,
                         all[t - 1].line, unit, all[t].line, file, steps[t - 1] / usual);
    }
  }
  return {};
}

std::size_t column(const std::vector<std::string_view>& header, const std::string& wanted,
                   const files::Lines& lines) {
  for (std::size_t k = 0; k < header.size(); ++k) {
    if (files::equal_ignoring_case(header[k], wanted)) return k;
  }
  const bool one = header.size() == 1 && lines.line().find_first_of(";\t") != std::string_view::npos;
  lines.fail(fmt::format("no column \"{}\" in the header ({}); {}", wanted, lines.line().substr(0, 80),
                         one ? "columns are to be separated by commas"
                             : "say what the columns are called by --id-column, --time-column and "
                               "--value-column, or give an M3, M4 or HDF5 file"));
}

/// Where the header says that things are.
struct Columns {
  std::size_t width, id, time, value;
};

/// The header is the first line that is not blank.
Columns read_header(files::Lines& lines, const ReadOptions& options) {
  std::vector<std::string_view> fields;
  if (!lines.next()) lines.fail("the file holds only blanks");
  files::split_fields(lines.line(), fields);
  return {fields.size(), column(fields, options.id_column, lines), column(fields, options.time_column, lines),
          column(fields, options.value_column, lines)};
}

/// Reads rows; what it returns is good until the next one.
class Rows {
 public:
  Rows(files::Lines& lines, const Columns& columns) : lines_(lines), columns_(columns) {}

  /// False at the end.
  bool next() {
    if (!lines_.next()) return false;
    files::split_fields(lines_.line(), fields_);
    if (fields_.size() != columns_.width) {
      lines_.fail(fmt::format("{} fields, the header has {}; the file is damaged or cut short",
                              fields_.size(), columns_.width));
    }
    if (id().empty()) lines_.fail("the id is empty");
    return true;
  }
  std::string_view id() const { return fields_[columns_.id]; }
  std::size_t place() const { return lines_.number(); }
  std::string_view unit() const { return lines_.unit(); }

  void add_to(Collected& collected) const {
    const std::string_view time_text = fields_[columns_.time];
    const std::string_view value_text = fields_[columns_.value];
    const auto time = parse_time(time_text);
    if (!time)
      lines_.fail(fmt::format("time \"{}\" is neither a number nor an ISO date or timestamp", time_text));
    double value = std::numeric_limits<double>::quiet_NaN();
    if (!files::is_missing(value_text)) {
      const auto number = files::parse_number(value_text);
      if (!number) lines_.fail(fmt::format("value \"{}\" is not a number", value_text));
      value = *number;
    }
    if (collected.observations.empty()) collected.kind = time->kind;
    if (time->kind != collected.kind)
      lines_.fail(fmt::format("time \"{}\" is not of the same form as those before it", time_text));
    collected.observations.push_back({time->value, value, place()});
  }

 private:
  files::Lines& lines_;
  Columns columns_;
  std::vector<std::string_view> fields_;
};

/// All series of a text, whose rows may come in any order.
std::vector<Collected> collect(Rows& rows) {
  std::vector<Collected> all;
  std::unordered_map<std::string, std::size_t> known;
  Collected* current = nullptr;  // rows of one series mostly follow each other
  while (rows.next()) {
    if (current == nullptr || current->id != rows.id()) {
      const auto [entry, is_new] = known.try_emplace(std::string(rows.id()), all.size());
      if (is_new) all.push_back({entry->first, {}, {}});
      current = &all[entry->second];
    }
    rows.add_to(*current);
  }
  return all;
}

Series to_series(Collected& collected, const std::string& file, std::string_view unit,
                 const ReadOptions& options) {
  const auto earlier = [](const Observation& a, const Observation& b) { return a.time < b.time; };
  auto& observations = collected.observations;
  if (!std::is_sorted(observations.begin(), observations.end(), earlier))
    std::stable_sort(observations.begin(), observations.end(), earlier);
  Series series;
  series.id = std::move(collected.id);
  series.group = "All";
  series.season = options.season;
  series.defect = irregularity(collected, file, unit);
  series.train.reserve(observations.size());
  for (const Observation& observation : observations) series.train.push_back(observation.value);
  hold_out(series, options.horizon);
  return series;
}

void check_options(const std::filesystem::path& path, const ReadOptions& options) {
  if (options.season >= 1 && options.horizon >= 1) return;
  throw InputError(
      fmt::format("{} is CSV in long form, which says neither season nor horizon; give both (for example "
                  "a season of 12 and a horizon of 18 for months)",
                  path.string()));
}

/// A part of a text file: the lines that begin in it, and as many before and behind it as are asked for.
class Part {
 public:
  explicit Part(const std::filesystem::path& path) : path_(path.string()), file_(path, std::ios::binary) {
    if (!file_)
      throw InputError(fmt::format("cannot open {}: {}; check the path", path_, std::strerror(errno)));
  }
  /// Bytes first .. first+count-1, or fewer at the end of the file.
  std::string read(std::size_t first, std::size_t count) {
    std::string text(count, '\0');
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(first));
    file_.read(text.data(), static_cast<std::streamsize>(count));
    if (file_.bad()) throw SystemError(fmt::format("reading {} failed", path_));
    text.resize(static_cast<std::size_t>(file_.gcount()));
    return text;
  }

 private:
  std::string path_;
  std::ifstream file_;
};

/// Long enough for the header, and for a line.
constexpr std::size_t kLineBytes = std::size_t{1} << 16;

/// Where the first line begins at or behind `first`, given the text from `base` on.
std::size_t line_start(std::string_view text, std::size_t base, std::size_t first) {
  if (first == base) return 0;
  const std::size_t end = text.find('\n', first - base - 1);
  return end == std::string_view::npos ? text.size() : end + 1;
}

/// The last line before `end` that is not blank, or nothing.
std::string_view line_before(std::string_view text, std::size_t end) {
  while (end > 0) {
    const std::size_t begin = end < 2 ? 0 : text.rfind('\n', end - 2) + 1;  // npos + 1 is 0
    const std::string_view line = text.substr(begin, end - begin);
    if (line.find_first_not_of(" \t\r\n") != std::string_view::npos) return line;
    end = begin;
  }
  return {};
}

/// A Collected a series for the rows that begin before byte `end`, without those of a series that began
/// before the part; false when the text ends before a row of another series behind `end`, and there is more.
bool collect_part(Rows& rows, std::string_view id_before, std::size_t end, bool whole,
                  std::vector<Collected>& all) {
  std::unordered_set<std::string> known;
  while (rows.next()) {
    const bool same = all.empty() ? rows.id() == id_before : rows.id() == all.back().id;
    if (!same && rows.place() >= end) return true;
    if (all.empty() && same) continue;  // begun in the part before
    if (!same) {
      all.push_back({std::string(rows.id()), {}, {}});
      if (!known.insert(all.back().id).second) throw not_together(all.back().id);
    }
    rows.add_to(all.back());
  }
  return whole;
}

}  // namespace

InputError not_together(std::string_view id) {
  return InputError(
      fmt::format("the rows of series {} do not stand together; sort the file by id, or give a larger "
                  "--stream-above to have "
                  "it read in memory",
                  id));
}

Dataset read_long_csv(const std::filesystem::path& path, std::string_view text, const ReadOptions& options) {
  files::Lines lines(text, path.string());
  Rows rows(lines, read_header(lines, options));
  std::vector<Collected> all = collect(rows);
  if (all.empty()) lines.fail("there are no rows after the header");
  check_options(path, options);
  Dataset dataset;
  dataset.name = path.stem().string();
  dataset.groups = {"All"};
  const std::string file = path.filename().string();
  for (Collected& collected : all) dataset.series.push_back(to_series(collected, file, "line", options));
  return dataset;
}

void check_long_csv(const std::filesystem::path& path, const ReadOptions& options) {
  const std::string head = Part(path).read(0, kLineBytes);
  files::Lines lines(head, path.string());
  read_header(lines, options);
  check_options(path, options);
}

std::vector<Series> read_long_csv_range(const std::filesystem::path& path, std::uint64_t first,
                                        std::uint64_t bytes, const ReadOptions& options) {
  check_options(path, options);
  Part part(path);
  const std::string head = part.read(0, kLineBytes);
  files::Lines header(head, path.string());
  const Columns columns = read_header(header, options);
  const auto rows_begin = static_cast<std::size_t>(header.line().data() - head.data()) + header.line().size();
  const std::size_t data = std::min(head.find('\n', rows_begin), head.size() - 1) + 1;
  const std::size_t begin = std::max<std::size_t>(first, data);
  const std::size_t end = first + bytes;
  const std::size_t base = std::max(data, begin - std::min(begin, kLineBytes));
  for (std::size_t beyond = kLineBytes;; beyond *= 4) {
    if (begin >= end) return {};
    const std::string text = part.read(base, end - base + beyond);
    const bool whole = text.size() < end - base + beyond;
    // The last line may be cut off unless the file ends there.
    const std::size_t usable = whole ? text.size() : text.rfind('\n') + 1;
    const std::size_t start = std::min(line_start(text, base, begin), usable);
    std::vector<std::string_view> fields;
    files::split_fields(line_before(text, start), fields);
    const std::string_view before = columns.id < fields.size() ? fields[columns.id] : std::string_view{};
    files::Lines lines(std::string_view(text).substr(start, usable - start), path.string(), base + start);
    Rows rows(lines, columns);
    std::vector<Collected> all;
    if (!collect_part(rows, before, end, whole, all)) continue;
    std::vector<Series> series;
    const std::string file = path.filename().string();
    for (Collected& collected : all) series.push_back(to_series(collected, file, "byte", options));
    return series;
  }
}

}  // namespace rankine::forecast
