// SPDX-License-Identifier: Apache-2.0
// What a run says of its results, gathered while they pass: scores, what won, failures. Memory does not grow
// with the number of series.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rankine/forecast/chunk_result.hpp>
#include <rankine/forecast/results.hpp>
#include <rankine/forecast/scores.hpp>
#include <rankine/forecast/winners.hpp>

namespace rankine::forecast {

class Report {
 public:
  explicit Report(const ResultsFrame& frame);

  /// The results of the next series.
  void add(const ChunkResult& result);

  /// Means by group and in total: a method a model, then "(chosen)" with a choice and "(floor)" for generated
  /// series.
  ScoreTable scores() const { return scores_.table(); }
  const Winners& winners() const { return winners_; }
  std::int64_t series() const { return series_; }
  std::int64_t failed() const { return failed_; }            ///< fits
  std::int64_t evaluations() const { return evaluations_; }  ///< of likelihoods and losses
  /// A line for each series and reason of failure, and for each without a MASE, the first of them only.
  const std::vector<std::string>& lines() const { return lines_; }
  std::int64_t failures_not_shown() const { return failures_not_shown_; }

 private:
  void add_scores(const ChunkResult& result, std::size_t s);
  void add_winners(const ChunkResult& result, std::size_t s);
  void add_failures(const ChunkResult& result);

  std::vector<std::string> models_;
  std::size_t levels_;
  bool with_choice_;
  bool with_floor_;
  ScoreSum scores_;
  Winners winners_;
  std::int64_t series_ = 0;
  std::int64_t failed_ = 0;
  std::int64_t evaluations_ = 0;
  std::int64_t failures_not_shown_ = 0;
  int failure_lines_ = 0;
  int undefined_lines_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace rankine::forecast
