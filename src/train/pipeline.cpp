// SPDX-License-Identifier: Apache-2.0
#include <rankine/train/pipeline.hpp>

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::train {

namespace {

/// The k-th forward (or backward) pass of an interleaved stage: groups of `stages` micro-batches go through
/// the pieces in turn.
Action interleaved(Action::Kind kind, std::size_t k, std::size_t stages, std::size_t chunks) {
  const std::size_t turn = k % (stages * chunks) / stages;
  const std::size_t micro_batch = k / (stages * chunks) * stages + k % stages;
  return {kind, kind == Action::Kind::forward ? turn : chunks - 1 - turn, micro_batch};
}

}  // namespace

std::vector<Action> pipeline_actions(std::size_t stage, std::size_t stages, std::size_t chunks,
                                     std::size_t micro_batches) {
  if (chunks > 1 && micro_batches % stages != 0)
    throw InputError(
        fmt::format("train: an interleaved pipeline of {} stages cannot run {} micro-batches: "
                    "their number must be a multiple of the stages",
                    stages, micro_batches));
  const std::size_t passes = micro_batches * chunks;
  const std::size_t ahead =
      chunks == 1 ? stages - stage - 1 : 2 * (stages - stage - 1) + (chunks - 1) * stages;
  const std::size_t warm_up = std::min(ahead, passes);
  std::vector<Action> actions;
  actions.reserve(2 * passes);
  for (std::size_t k = 0; k < passes + warm_up; ++k) {
    if (k < passes) actions.push_back(interleaved(Action::Kind::forward, k, stages, chunks));
    if (k >= warm_up) actions.push_back(interleaved(Action::Kind::backward, k - warm_up, stages, chunks));
  }
  return actions;
}

std::size_t in_flight(std::span<const Action> actions, std::size_t chunk) {
  std::size_t now = 0;
  std::size_t most = 0;
  for (const Action& action : actions) {
    if (action.chunk != chunk) continue;
    if (action.kind == Action::Kind::backward) {
      --now;
    } else {
      most = std::max(most, ++now);
    }
  }
  return most;
}

std::vector<LayerRange> cut(std::span<const double> costs, std::size_t parts) {
  const std::size_t layers = costs.size();
  if (parts == 0 || parts > layers)
    throw InputError(fmt::format("train: a chain of {} layers cannot be cut in {} parts", layers, parts));
  std::vector<double> before(layers + 1, 0);
  for (std::size_t i = 0; i < layers; ++i) before[i + 1] = before[i] + costs[i];
  // best[p][n]: the dearest of p parts of the first n layers, at best; from[p][n]: where the last begins.
  constexpr double kNever = std::numeric_limits<double>::infinity();
  std::vector<std::vector<double>> best(parts + 1, std::vector<double>(layers + 1, kNever));
  std::vector<std::vector<std::size_t>> from(parts + 1, std::vector<std::size_t>(layers + 1, 0));
  best[0][0] = 0;
  for (std::size_t p = 1; p <= parts; ++p) {
    for (std::size_t n = p; n <= layers; ++n) {
      for (std::size_t first = p - 1; first < n; ++first) {
        const double dearest = std::max(best[p - 1][first], before[n] - before[first]);
        if (dearest < best[p][n]) {
          best[p][n] = dearest;
          from[p][n] = first;
        }
      }
    }
  }
  std::vector<LayerRange> ranges(parts);
  std::size_t last = layers;
  for (std::size_t p = parts; p-- > 0;) {
    ranges[p] = {from[p + 1][last], last};
    last = from[p + 1][last];
  }
  return ranges;
}

}  // namespace rankine::train
