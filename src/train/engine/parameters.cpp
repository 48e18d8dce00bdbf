// SPDX-License-Identifier: Apache-2.0
#include "train/engine/parameters.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace rankine::train {

void Parameters::add_layer(std::size_t layer, std::vector<HeldUnit*> units) {
  if (layers_.size() <= layer) layers_.resize(layer + 1);
  layers_[layer] = std::move(units);
}

void Parameters::allocate(Memory& memory) {
  if (!sharded_) return;
  std::size_t most = 0;
  for (const auto& units : layers_) {
    std::size_t bytes = 0;
    for (const HeldUnit* unit : units) bytes += unit->layout().padded * nn::bytes_of(scalar_);
    most = std::max(most, bytes);
  }
  for (Slot& slot : slots_) {
    slot.memory = device_.allocate(most);
    memory.parameters += most;
  }
}

std::vector<const void*> Parameters::of(std::size_t layer, std::optional<std::size_t> next) {
  std::vector<const void*> pointers;
  if (!sharded_) {
    for (HeldUnit* unit : layers_[layer]) pointers.push_back(unit->working());
    return pointers;
  }
  const auto holds = [layer](const Slot& slot) { return slot.layer == layer; };
  const auto found = std::ranges::find_if(slots_, holds);
  Slot& slot = found != slots_.end() ? *found : slots_[0];
  if (found == slots_.end()) gather(slot, layer);
  Slot& other = &slot == slots_.data() ? slots_[1] : slots_[0];
  if (next && *next != layer && other.layer != next) gather(other, *next);
  data_.wait(*slot.ticket);
  std::size_t at = 0;
  for (HeldUnit* unit : layers_[layer]) {
    pointers.push_back(static_cast<const std::byte*>(slot.memory.get()) + at);
    at += unit->layout().padded * nn::bytes_of(scalar_);
  }
  return pointers;
}

void Parameters::gather(Slot& slot, std::size_t layer) {
  if (slot.ticket) data_.wait(*slot.ticket);
  std::vector<Transfer> arrays;
  std::size_t at = 0;
  for (HeldUnit* unit : layers_[layer]) {
    arrays.push_back(
        {unit->working(), static_cast<std::byte*>(slot.memory.get()) + at, unit->layout().padded});
    at += unit->layout().padded * nn::bytes_of(scalar_);
  }
  slot.layer = layer;
  slot.ticket = data_.all_gather(std::move(arrays), scalar_, fmt::format("gather layer {}", layer));
}

void Parameters::forget() {
  for (Slot& slot : slots_) {
    if (slot.ticket) data_.wait(*slot.ticket);
    slot.layer.reset();
    slot.ticket.reset();
  }
}

}  // namespace rankine::train
