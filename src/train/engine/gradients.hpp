// SPDX-License-Identifier: Apache-2.0
// Gradients of a step: of each shard alone, then added in a binary tree over shards, first those of this rank
// or, where they are sharded (ZeRO 2 and 3), first those of neighbouring ranks. A unit that several layers
// use has a tree for each use.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "train/engine/held_unit.hpp"

namespace rankine::train {

class Gradients {
 public:
  /// `micro_batches`: of this rank a step, a power of two. Units outlive it.
  Gradients(std::size_t micro_batches, std::size_t bucket_bytes, const Parallel& parallel, Collectives& data,
            nn::Device& device);

  /// Layer `layer` uses these units, in its order. Before the first step.
  void add_layer(std::size_t layer, std::vector<HeldUnit*> units, Memory& memory);
  void allocate(Memory& memory);

  void begin_step();
  /// Zeroed buffers for the next micro-batch of the layer.
  std::vector<float*> leaves(std::size_t layer);
  /// The layer's backward pass has filled them.
  void filled(std::size_t layer);
  /// Until all sums over data ranks are there.
  void finish();
  /// After finish(): the sum over all shards and over this rank's uses, of the part that this rank updates.
  float* sum(const HeldUnit& unit);

 private:
  struct Use {
    HeldUnit* unit = nullptr;
    std::vector<std::shared_ptr<float>> buffers;  ///< whole, or of parts; buffer k is the tree's kth open sum
    std::vector<int> levels;                      ///< of the open sums, the oldest first
    std::optional<Ticket> coming;                 ///< what makes the newest open sum
    std::size_t filled = 0;
  };
  struct Slot {  ///< for the leaves of a layer, while they are scattered
    std::shared_ptr<float> memory;
    std::optional<Ticket> ticket;
  };

  void settle(Use& use);
  void close_levels(Use& use);
  void reduce(Use& use);
  void flush();

  std::size_t micro_batches_;
  std::size_t bucket_bytes_;
  std::size_t zero_;
  Collectives& data_;
  nn::Device& device_;
  std::map<std::size_t, std::vector<Use>> layers_;
  std::vector<Slot> slots_;
  std::size_t slot_numbers_ = 0;
  std::size_t next_slot_ = 0;
  std::vector<Transfer> bucket_;
  std::size_t bucket_filled_ = 0;
  std::optional<Ticket> last_;
};

}  // namespace rankine::train
