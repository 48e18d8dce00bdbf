// SPDX-License-Identifier: Apache-2.0
// In which order a stage of a pipeline runs its micro-batches, as pure functions: one forward, one backward
// (Narayanan et al. 2019), and interleaved with several pieces of the chain a stage (Narayanan et al. 2021).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rankine::train {

struct Action {
  enum class Kind : std::uint8_t { forward, backward };
  Kind kind = Kind::forward;
  std::size_t chunk = 0;  ///< of the stage's pieces; piece c of stage s is part c * stages + s of the chain
  std::size_t micro_batch = 0;  ///< in [0, micro_batches)
  friend bool operator==(const Action&, const Action&) = default;
};

/// What stage `stage` does, in order. With more than one chunk, micro_batches is a multiple of stages
/// (InputError otherwise). For each chunk, forward and backward passes go through micro-batches 0, 1, 2...
std::vector<Action> pipeline_actions(std::size_t stage, std::size_t stages, std::size_t chunks,
                                     std::size_t micro_batches);

/// Micro-batches of `chunk` between forward and backward at once, at most.
std::size_t in_flight(std::span<const Action> actions, std::size_t chunk);

/// Layers [first, last) of the chain.
struct LayerRange {
  std::size_t first = 0;
  std::size_t last = 0;
};
/// Cuts the chain into `parts` consecutive pieces of one layer or more, so that the most expensive piece is
/// as cheap as can be.
std::vector<LayerRange> cut(std::span<const double> costs, std::size_t parts);

}  // namespace rankine::train
