// SPDX-License-Identifier: Apache-2.0
// What several of these tests need: chunks of generated or given series, and the frame of their results.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <rankine/forecast/chunk.hpp>
#include <rankine/forecast/report.hpp>
#include <rankine/forecast/results.hpp>

inline rankine::forecast::ChunkRequest generated_chunk(std::uint64_t seed, std::uint64_t first,
                                                       std::uint64_t count,
                                                       const std::string& models = "benchmarks") {
  rankine::forecast::ChunkRequest request;
  request.options.models = models;
  request.range.kind = rankine::forecast::RangeKind::kGenerated;
  request.range.seed = seed;
  request.range.first = first;
  request.range.count = count;
  return request;
}

inline rankine::forecast::ChunkRequest given_chunk(std::vector<rankine::forecast::Series> series,
                                                   const std::string& models = "benchmarks") {
  rankine::forecast::ChunkRequest request;
  request.options.models = models;
  request.range.count = series.size();
  request.range.given = std::move(series);
  return request;
}

inline rankine::forecast::ResultsFrame frame_of(const rankine::forecast::ChunkRequest& request) {
  using namespace rankine::forecast;
  ResultsFrame frame;
  frame.dataset = "sample";
  for (const ModelPointer& model : make_models(request.options.models)) frame.models.push_back(model->name());
  frame.levels = request.options.levels;
  frame.with_forecasts = request.options.keep_forecasts;
  frame.with_models = request.options.keep_models;
  frame.with_choice = request.options.choice != Choice::kNone;
  frame.with_floor = request.range.kind == RangeKind::kGenerated;
  if (frame.with_floor) frame.horizon_max = request.range.generator.horizon;
  for (const Series& series : request.range.given)
    frame.horizon_max = std::max(frame.horizon_max, series.horizon);
  return frame;
}
