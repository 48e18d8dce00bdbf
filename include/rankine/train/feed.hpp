// SPDX-License-Identifier: Apache-2.0
// Where training gets its examples from, a micro-batch at a time. What a micro-batch holds depends on its
// name (step and logical shard, or index) alone: not on ranks, not on what was asked before. That is all the
// state a data loader has, so that a restart and another mesh see the same examples.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rankine::train {

class Feed {
 public:
  Feed() = default;
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;
  virtual ~Feed() = default;

  /// Of step `step` (from 0), logical shard `shard`: what the model's first layer takes as input, and the
  /// targets of its last, both on the host. One that is null is not wanted (other stages of a pipeline).
  /// All micro-batches have the same number of examples. Called by one thread at a time.
  virtual void training(std::uint64_t step, std::size_t shard, void* inputs, std::int32_t* targets) const = 0;

  /// Micro-batches of the whole validation set, in an order that makes the first few a fair sample.
  virtual std::size_t evaluations() const = 0;
  /// Micro-batch `index` of them. What fills up the last one has targets -1.
  virtual void evaluation(std::size_t index, void* inputs, std::int32_t* targets) const = 0;
};

}  // namespace rankine::train
