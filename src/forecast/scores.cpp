// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/forecast/scores.hpp>

namespace rankine::forecast {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

template <class Value>
std::string block(const ScoreTable& table, std::string_view title, Value value_of) {
  std::size_t width = std::max<std::size_t>(8, title.size());
  for (const std::string& method : table.methods) width = std::max(width, method.size());
  std::string text = fmt::format("{:<{}}", title, width);
  for (const ScoreRow& row : table.rows) text += fmt::format("  {:>9}", row.group);
  text += '\n';
  for (std::size_t k = 0; k < table.methods.size(); ++k) {
    text += fmt::format("{:<{}}", table.methods[k], width);
    for (const ScoreRow& row : table.rows) {
      const double value = value_of(row.methods[k]);
      const std::string cell = std::isfinite(value) ? fmt::format("{:.3f}", value) : "-";
      text += fmt::format("  {:>{}}", cell, std::max<std::size_t>(9, row.group.size()));
    }
    text += '\n';
  }
  return text;
}

/// Nothing where no method has a value.
template <class Value>
std::string block_if_any(const ScoreTable& table, std::string_view title, Value value_of) {
  const auto& total = table.total().methods;
  const bool any = std::any_of(total.begin(), total.end(),
                               [&](const Score& score) { return std::isfinite(value_of(score)); });
  return any ? '\n' + block(table, title, value_of) : std::string();
}

/// A sentence for each count of failed fits and of undefined MASEs, with the methods that share it.
std::string notes(const ScoreRow& total, const std::vector<std::string>& methods) {
  std::map<std::int64_t, std::vector<std::string>> failed;
  std::map<std::int64_t, std::vector<std::string>> undefined;
  for (std::size_t k = 0; k < methods.size(); ++k) {
    const Score& score = total.methods[k];
    if (score.failed > 0) failed[score.failed].push_back(methods[k]);
    if (score.mase_scored < score.scored) undefined[score.scored - score.mase_scored].push_back(methods[k]);
  }
  std::string text;
  for (const auto& [count, names] : failed) {
    text += fmt::format("Could not be fitted to {} of {} series, which are in no mean: {}\n", count,
                        total.series, fmt::join(names, ", "));
  }
  for (const auto& [count, names] : undefined) {
    text += fmt::format("MASE is undefined for {} series (naive in-sample error 0), not in its mean: {}\n",
                        count, fmt::join(names, ", "));
  }
  return text;
}

}  // namespace

void ScoreSum::Mean::add(double value) {
  if (std::isnan(value)) return;
  sum += value;
  ++count;
}

double ScoreSum::Mean::value() const {
  return count > 0 ? sum / static_cast<double>(count) : kNone;
}

ScoreSum::ScoreSum(std::vector<std::string> groups, std::vector<std::string> methods,
                   std::vector<double> levels)
    : methods_(std::move(methods)), levels_(std::move(levels)), total_(empty_group("Total")) {
  for (std::string& name : groups) groups_.push_back(empty_group(std::move(name)));
  const auto naive2 = std::find(methods_.begin(), methods_.end(), "Naive2");
  if (naive2 != methods_.end()) naive2_ = naive2 - methods_.begin();
}

ScoreSum::Group ScoreSum::empty_group(std::string name) const {
  const std::vector<Mean> means(levels_.size());
  return {std::move(name), 0, std::vector<Sum>(methods_.size(), Sum{{}, {}, means, means, 0})};
}

void ScoreSum::add_to(Group& group, const SeriesErrors& errors) const {
  ++group.series;
  for (std::size_t k = 0; k < methods_.size(); ++k) {
    Sum& sum = group.sums[k];
    if (errors.failed[k] != 0) ++sum.failed;
    sum.smape.add(errors.smape[k]);
    sum.mase.add(errors.mase[k]);
    for (std::size_t l = 0; l < levels_.size(); ++l) {
      sum.msis[l].add(errors.msis[k * levels_.size() + l]);
      sum.coverage[l].add(errors.coverage[k * levels_.size() + l]);
    }
  }
}

void ScoreSum::add(std::string_view group, const SeriesErrors& errors) {
  const std::size_t methods = methods_.size();
  const std::size_t intervals = methods * levels_.size();
  if (errors.smape.size() != methods || errors.mase.size() != methods || errors.failed.size() != methods ||
      errors.msis.size() != intervals || errors.coverage.size() != intervals) {
    throw InputError(fmt::format("{} methods need as many errors, found {}, {} and {}, and {} and {} of {}",
                                 methods, errors.smape.size(), errors.mase.size(), errors.failed.size(),
                                 errors.msis.size(), errors.coverage.size(), intervals));
  }
  auto own = std::find_if(groups_.begin(), groups_.end(), [&](const Group& g) { return g.name == group; });
  if (own == groups_.end()) own = groups_.insert(own, empty_group(std::string(group)));
  add_to(*own, errors);
  add_to(total_, errors);
}

ScoreRow ScoreSum::row(const Group& group) const {
  ScoreRow row{group.name, group.series, {}};
  for (const Sum& sum : group.sums) {
    Score& score = row.methods.emplace_back();
    score.smape = sum.smape.value();
    score.mase = sum.mase.value();
    score.owa = kNone;
    for (const Mean& mean : sum.msis) score.msis.push_back(mean.value());
    for (const Mean& mean : sum.coverage) score.coverage.push_back(mean.value());
    score.scored = sum.smape.count;
    score.mase_scored = sum.mase.count;
    score.failed = sum.failed;
  }
  if (naive2_ >= 0) {
    const Score naive2 = row.methods[static_cast<std::size_t>(naive2_)];
    for (Score& score : row.methods) {
      score.owa = 0.5 * (score.smape / naive2.smape + score.mase / naive2.mase);
      if (!std::isfinite(score.owa)) score.owa = kNone;
    }
  }
  return row;
}

ScoreTable ScoreSum::table() const {
  ScoreTable table;
  table.methods = methods_;
  table.levels = levels_;
  for (const Group& group : groups_) {
    if (group.series > 0) table.rows.push_back(row(group));
  }
  table.rows.push_back(row(total_));
  return table;
}

std::string render(const ScoreTable& table) {
  std::string text = block(table, "sMAPE %", [](const Score& score) { return score.smape; }) + '\n' +
                     block(table, "MASE", [](const Score& score) { return score.mase; }) +
                     block_if_any(table, "OWA", [](const Score& score) { return score.owa; });
  for (std::size_t l = 0; l < table.levels.size(); ++l) {
    const std::string level = fmt::format("{:g}", table.levels[l]);
    text += block_if_any(table, "MSIS " + level, [l](const Score& score) { return score.msis[l]; });
    text += block_if_any(table, "Within " + level, [l](const Score& score) { return score.coverage[l]; });
  }
  return text + notes(table.total(), table.methods);
}

}  // namespace rankine::forecast
