// SPDX-License-Identifier: Apache-2.0
// How training is spread over ranks: a mesh data x tensor x pipeline, and what each rank keeps of the state.
#pragma once

#include <cstddef>
#include <string>

namespace rankine::train {

struct Parallel {
  std::size_t data = 1;      ///< replicas that share the batch; a power of two
  std::size_t tensor = 1;    ///< members that split each layer (Megatron-LM)
  std::size_t pipeline = 1;  ///< stages of consecutive layers
  /// Rajbhandari et al. 2020, over the data ranks: 1 shards the optimiser's state, 2 also gradients, 3 also
  /// parameters, which are gathered unit by unit right before use.
  std::size_t zero = 0;
  /// Pieces of the chain a stage has (Narayanan et al. 2021); more than one fills the pipeline sooner.
  std::size_t interleave = 1;
  bool recompute = false;  ///< keep a layer's input only, and run it forward again before its backward pass
  bool sequence = false;   ///< sequence parallelism beside tensor; for who makes the model

  std::size_t ranks() const { return data * tensor * pipeline; }
  friend bool operator==(const Parallel&, const Parallel&) = default;
};

/// "data 2, tensor 1, pipeline 1, zero 3"
std::string describe(const Parallel& parallel);

/// Throws InputError, naming the option and the remedy, for what cannot be: `shards` a power of two that the
/// data ranks divide, with interleave a multiple of stages per rank; at least as many layers as pieces.
void check(const Parallel& parallel, std::size_t shards, std::size_t layers);

}  // namespace rankine::train
