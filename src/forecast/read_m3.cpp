// SPDX-License-Identifier: Apache-2.0
// The M3 file: id,period,type,frequency,horizon,n,split,values; a `train` row and a `test` row a series, the
// values separated by blanks. Scores are not computed here.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <unordered_map>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/csv.hpp"
#include "forecast/readers.hpp"

namespace rankine::forecast {

namespace {

enum Column : std::size_t { kId, kPeriod, kType, kFrequency, kHorizon, kN, kSplit, kValues, kColumns };

/// "YEARLY" as "Yearly".
std::string title_case(std::string_view word) {
  std::string title(word);
  for (std::size_t k = 1; k < title.size(); ++k) {
    title[k] = static_cast<char>(std::tolower(static_cast<unsigned char>(title[k])));
  }
  return title;
}

std::vector<double> parse_values(std::string_view text, int count, const files::Lines& lines) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(count));
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;;) {
    while (at != end && *at == ' ') ++at;
    if (at == end) break;
    double value = 0;
    const auto [after, error] = std::from_chars(at, end, value);
    if (error != std::errc{} || (after != end && *after != ' ')) {
      const std::string_view word(at, static_cast<std::size_t>(std::find(at, end, ' ') - at));
      if (!files::is_missing(word)) lines.fail(fmt::format("\"{}\" is not a number", word));
      value = std::numeric_limits<double>::quiet_NaN();
      at += word.size();
    } else {
      at = after;
    }
    values.push_back(value);
  }
  if (values.size() != static_cast<std::size_t>(count)) {
    lines.fail(fmt::format(
        "column n says {} values but there are {}; the file is damaged or cut short, get it again", count,
        values.size()));
  }
  return values;
}

}  // namespace

Dataset read_m3(const std::filesystem::path& path, std::string_view text, const ReadOptions& options) {
  Dataset dataset;
  dataset.name = path.stem().string();
  files::Lines lines(text, path.string());
  lines.next();  // the header, by which the format was recognised
  std::vector<std::string_view> fields;
  std::unordered_map<std::string, std::size_t> known;
  while (lines.next()) {
    files::split_fields(lines.line(), fields);
    if (fields.size() != kColumns) {
      lines.fail(fmt::format("expected {} fields (id,period,type,frequency,horizon,n,split,values), found {}",
                             static_cast<int>(kColumns), fields.size()));
    }
    const auto frequency = files::parse_integer(fields[kFrequency]);
    const auto horizon = files::parse_integer(fields[kHorizon]);
    const auto count = files::parse_integer(fields[kN]);
    if (!frequency || *frequency < 1 || !horizon || *horizon < 1 || !count || *count < 0) {
      lines.fail("frequency, horizon and n must be whole numbers of at least 1, 1 and 0");
    }
    const bool train = fields[kSplit] == "train";
    if (!train && fields[kSplit] != "test") {
      lines.fail(fmt::format("column split must be train or test, not \"{}\"", fields[kSplit]));
    }
    const auto [entry, is_new] = known.try_emplace(std::string(fields[kId]), dataset.series.size());
    if (is_new) {
      dataset.series.emplace_back();
      Series& series = dataset.series.back();
      series.id = entry->first;
      series.group = title_case(fields[kPeriod]);
      series.season = *frequency;
      series.horizon = *horizon;
      add_group(dataset, series.group);
    }
    Series& series = dataset.series[entry->second];
    std::vector<double>& part = train ? series.train : series.test;
    if (!part.empty()) lines.fail(fmt::format("series {} has two {} rows", series.id, fields[kSplit]));
    part = parse_values(fields[kValues], *count, lines);
    if (!train && *count != series.horizon) {
      lines.fail(
          fmt::format("series {} has {} test values for a horizon of {}", series.id, *count, series.horizon));
    }
  }
  for (Series& series : dataset.series) {
    if (series.train.empty() || series.test.empty()) {
      throw InputError(fmt::format("{}: series {} has no {} row; the file is cut short, get it again",
                                   path.string(), series.id, series.train.empty() ? "train" : "test"));
    }
    apply_overrides(series, options);
  }
  return dataset;
}

}  // namespace rankine::forecast
