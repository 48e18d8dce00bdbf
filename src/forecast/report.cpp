// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <rankine/forecast/report.hpp>

namespace rankine::forecast {

namespace {

constexpr int kLinesMax = 20;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> methods_of(const ResultsFrame& frame) {
  std::vector<std::string> methods = frame.models;
  if (frame.with_choice) methods.emplace_back("(chosen)");
  if (frame.with_floor) methods.emplace_back("(floor)");
  return methods;
}

/// The entries of one series.
template <class T>
std::vector<T> row(const std::vector<T>& column, std::size_t s, std::size_t width) {
  const auto from = column.begin() + static_cast<std::ptrdiff_t>(s * width);
  return {from, from + static_cast<std::ptrdiff_t>(width)};
}

}  // namespace

Report::Report(const ResultsFrame& frame)
    : models_(frame.models),
      levels_(frame.levels.size()),
      with_choice_(frame.with_choice),
      with_floor_(frame.with_floor),
      scores_(frame.groups, methods_of(frame), frame.levels) {}

void Report::add(const ChunkResult& result) {
  for (std::size_t s = 0; s < result.ids.size(); ++s) {
    add_scores(result, s);
    add_winners(result, s);
  }
  for (const std::int64_t evaluations : result.evaluations) evaluations_ += evaluations;
  add_failures(result);
  series_ += result.series();
}

void Report::add_scores(const ChunkResult& result, std::size_t s) {
  const std::size_t models = models_.size();
  std::vector<double> smape = row(result.smape, s, models);
  std::vector<double> mase = row(result.mase, s, models);
  std::vector<double> msis = row(result.msis, s, models * levels_);
  std::vector<double> coverage = row(result.coverage, s, models * levels_);
  std::vector<std::uint8_t> failed = row(result.failed, s, models);
  const auto add_method = [&](double its_smape, double its_mase, bool its_failed, std::ptrdiff_t model) {
    smape.push_back(its_smape);
    mase.push_back(its_mase);
    failed.push_back(its_failed ? 1 : 0);
    for (std::size_t l = 0; l < levels_; ++l) {
      const std::size_t at = static_cast<std::size_t>(std::max<std::ptrdiff_t>(model, 0)) * levels_ + l;
      msis.push_back(model < 0 ? kNone : msis[at]);
      coverage.push_back(model < 0 ? kNone : coverage[at]);
    }
  };
  bool undefined = false;
  for (std::size_t m = 0; m < models; ++m)
    undefined = undefined || (!std::isnan(smape[m]) && std::isnan(mase[m]));
  if (with_choice_) {
    const std::ptrdiff_t best = result.chosen[s];
    const auto at = static_cast<std::size_t>(std::max<std::ptrdiff_t>(best, 0));
    add_method(best < 0 ? kNone : smape[at], best < 0 ? kNone : mase[at], best < 0, best);
  }
  if (with_floor_) add_method(result.floor_smape[s], result.floor_mase[s], false, -1);
  scores_.add(result.group_names.texts[static_cast<std::size_t>(result.group[s])],
              {smape, mase, msis, coverage, failed});
  if (undefined && undefined_lines_++ < kLinesMax) {
    lines_.push_back(
        fmt::format("no MASE: series {}: its naive in-sample error is 0 or undefined", result.ids[s]));
  }
}

void Report::add_winners(const ChunkResult& result, std::size_t s) {
  const std::size_t models = models_.size();
  const std::string& group = result.group_names.texts[static_cast<std::size_t>(result.group[s])];
  for (std::size_t m = 0; m < models; ++m) {
    const std::int32_t form = result.form[s * models + m];
    if (form < 0 || (with_choice_ && result.chosen[s] != static_cast<std::int32_t>(m))) continue;
    winners_.add(group, models_[m], result.form_names.texts[static_cast<std::size_t>(form)]);
  }
}

void Report::add_failures(const ChunkResult& result) {
  const auto& failures = result.failures;
  failed_ += static_cast<std::int64_t>(failures.size());
  for (std::size_t k = 0; k < failures.size();) {
    std::string names;
    std::size_t next = k;
    for (; next < failures.size() && failures[next].series == failures[k].series &&
           failures[next].reason == failures[k].reason;
         ++next) {
      names +=
          fmt::format("{}{}", next > k ? ", " : "", models_[static_cast<std::size_t>(failures[next].model)]);
    }
    if (failure_lines_ < kLinesMax) {
      ++failure_lines_;
      lines_.push_back(fmt::format(
          "failed: series {}, {}: {}", result.ids[static_cast<std::size_t>(failures[k].series)],
          next - k == models_.size() && models_.size() > 1 ? "all models" : names, failures[k].reason));
    } else {
      failures_not_shown_ += static_cast<std::int64_t>(next - k);
    }
    k = next;
  }
}

}  // namespace rankine::forecast
