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

double mean(double sum, std::int64_t count) {
  return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

using Measure = double Score::*;

std::string block(const ScoreTable& table, std::string_view title, Measure measure) {
  std::size_t width = 8;
  for (const std::string& method : table.methods) width = std::max(width, method.size());
  std::string text = fmt::format("{:<{}}", title, width);
  for (const ScoreRow& row : table.rows) text += fmt::format("  {:>9}", row.group);
  text += '\n';
  for (std::size_t k = 0; k < table.methods.size(); ++k) {
    text += fmt::format("{:<{}}", table.methods[k], width);
    for (const ScoreRow& row : table.rows) {
      const double value = row.methods[k].*measure;
      const std::string cell = std::isfinite(value) ? fmt::format("{:.3f}", value) : "-";
      text += fmt::format("  {:>{}}", cell, std::max<std::size_t>(9, row.group.size()));
    }
    text += '\n';
  }
  return text;
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

ScoreSum::ScoreSum(std::vector<std::string> groups, std::vector<std::string> methods)
    : methods_(std::move(methods)) {
  groups.emplace_back("Total");
  for (std::string& name : groups) groups_.push_back({std::move(name), 0, std::vector<Sum>(methods_.size())});
  const auto naive2 = std::find(methods_.begin(), methods_.end(), "Naive2");
  if (naive2 != methods_.end()) naive2_ = naive2 - methods_.begin();
}

void ScoreSum::add(std::string_view group, std::span<const double> smape, std::span<const double> mase,
                   std::span<const std::uint8_t> failed) {
  const auto own =
      std::find_if(groups_.begin(), groups_.end() - 1, [&](const Group& g) { return g.name == group; });
  if (own == groups_.end() - 1)
    throw InputError(fmt::format("group \"{}\" is not among those to be scored", group));
  if (smape.size() != methods_.size() || mase.size() != methods_.size() || failed.size() != methods_.size()) {
    throw InputError(fmt::format("{} methods need as many errors, found {}, {} and {}", methods_.size(),
                                 smape.size(), mase.size(), failed.size()));
  }
  for (Group* target : {&*own, &groups_.back()}) {
    ++target->series;
    for (std::size_t k = 0; k < methods_.size(); ++k) {
      Sum& sum = target->sums[k];
      if (failed[k] != 0) ++sum.failed;
      if (!std::isnan(smape[k])) {
        sum.smape += smape[k];
        ++sum.scored;
      }
      if (!std::isnan(mase[k])) {
        sum.mase += mase[k];
        ++sum.mase_scored;
      }
    }
  }
}

ScoreRow ScoreSum::row(const Group& group) const {
  ScoreRow row{group.name, group.series, {}};
  for (const Sum& sum : group.sums) {
    row.methods.push_back({mean(sum.smape, sum.scored), mean(sum.mase, sum.mase_scored),
                           std::numeric_limits<double>::quiet_NaN(), sum.scored, sum.mase_scored,
                           sum.failed});
  }
  if (naive2_ >= 0) {
    const Score naive2 = row.methods[static_cast<std::size_t>(naive2_)];
    for (Score& score : row.methods) {
      score.owa = 0.5 * (score.smape / naive2.smape + score.mase / naive2.mase);
      if (!std::isfinite(score.owa)) score.owa = std::numeric_limits<double>::quiet_NaN();
    }
  }
  return row;
}

ScoreTable ScoreSum::table() const {
  ScoreTable table;
  table.methods = methods_;
  for (const Group& group : groups_) {
    if (group.series > 0 || &group == &groups_.back()) table.rows.push_back(row(group));
  }
  return table;
}

std::string render(const ScoreTable& table) {
  std::string text = block(table, "sMAPE %", &Score::smape) + '\n' + block(table, "MASE", &Score::mase);
  const auto& total = table.total().methods;
  if (std::any_of(total.begin(), total.end(), [](const Score& score) { return std::isfinite(score.owa); })) {
    text += '\n' + block(table, "OWA", &Score::owa);
  }
  return text + notes(table.total(), table.methods);
}

}  // namespace rankine::forecast
