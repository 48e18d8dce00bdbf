// SPDX-License-Identifier: Apache-2.0
// The parameters that a layer is about to use: where they are whole, as they are; where they are sharded
// (ZeRO 3), gathered right before, and those of the next layer meanwhile.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "train/engine/held_unit.hpp"

namespace rankine::train {

class Parameters {
 public:
  Parameters(const Parallel& parallel, nn::Scalar scalar, Collectives& data, nn::Device& device)
      : sharded_(effective_zero(parallel) == 3), scalar_(scalar), data_(data), device_(device) {}

  /// In the order in which layers are added; `units` outlive it.
  void add_layer(std::size_t layer, std::vector<HeldUnit*> units);
  void allocate(Memory& memory);

  /// Of the layer's units, readable until two other layers were asked for. `next`: the layer that will be
  /// asked for after it, if that is known. All data ranks ask for the same.
  std::vector<const void*> of(std::size_t layer, std::optional<std::size_t> next);
  /// What was gathered has changed meanwhile.
  void forget();

 private:
  struct Slot {
    std::shared_ptr<void> memory;
    std::optional<std::size_t> layer;
    std::optional<Ticket> ticket;
  };

  void gather(Slot& slot, std::size_t layer);

  bool sharded_;
  nn::Scalar scalar_;
  Collectives& data_;
  nn::Device& device_;
  std::vector<std::vector<HeldUnit*>> layers_;
  std::array<Slot, 2> slots_;
};

}  // namespace rankine::train
