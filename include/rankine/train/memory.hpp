// SPDX-License-Identifier: Apache-2.0
// The memory of a rank in training, by what it is for: counted by the engine, and as a formula for planning.
#pragma once

#include <cstddef>

#include <rankine/nn/layer.hpp>
#include <rankine/train/parallel.hpp>

namespace rankine::train {

/// Bytes on the model's device.
struct Memory {
  std::size_t parameters = 0;   ///< working copies, whole or sharded, and those gathered for use (ZeRO 3)
  std::size_t gradients = 0;    ///< of each use of a unit, and the sums on their way through the tree
  std::size_t optimiser = 0;    ///< moments, float32 masters of bf16, which values decay
  std::size_t activations = 0;  ///< inputs, outputs and what layers keep, of all micro-batches in flight
  std::size_t buffers = 0;      ///< scratch, gradients of activations, messages
  std::size_t total() const { return parameters + gradients + optimiser + activations + buffers; }
};

/// Of the rank at stage `pipeline` of a mesh. `model` was made for parallel.tensor members (its layers' sizes
/// are a member's); `examples` a shard.
Memory memory_formula(const nn::Model& model, const Parallel& parallel, std::size_t pipeline,
                      std::size_t shards, std::size_t examples);

}  // namespace rankine::train
