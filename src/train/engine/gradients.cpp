// SPDX-License-Identifier: Apache-2.0
#include "train/engine/gradients.hpp"

#include <bit>
#include <utility>

#include <fmt/format.h>

namespace rankine::train {

Gradients::Gradients(std::size_t micro_batches, std::size_t bucket_bytes, const Parallel& parallel,
                     Collectives& data, nn::Device& device)
    : micro_batches_(micro_batches),
      bucket_bytes_(bucket_bytes),
      zero_(effective_zero(parallel)),
      data_(data),
      device_(device) {}

void Gradients::add_layer(std::size_t layer, std::vector<HeldUnit*> units, Memory& memory) {
  const auto open_sums = static_cast<std::size_t>(std::bit_width(micro_batches_));  // log2 + 1
  std::size_t numbers = 0;
  std::vector<Use>& uses = layers_[layer];
  for (HeldUnit* unit : units) {
    Use& use = uses.emplace_back();
    use.unit = unit;
    const std::size_t count = zero_ >= 2 ? unit->layout().count : unit->layout().padded;
    for (std::size_t k = 0; k < open_sums; ++k) {
      // The first is the one that ends as the sum of all; other ranks read it in place.
      use.buffers.push_back(k == 0 && zero_ < 2 ? std::static_pointer_cast<float>(
                                                      allocate_shared(count * sizeof(float), data_, device_))
                                                : allocate_floats(count, device_));
      memory.gradients += count * sizeof(float);
    }
    numbers += unit->layout().padded;
  }
  slot_numbers_ = std::max(slot_numbers_, numbers);
}

void Gradients::allocate(Memory& memory) {
  if (zero_ < 2) return;
  for (int k = 0; k < 2; ++k) {
    slots_.push_back(
        {std::static_pointer_cast<float>(allocate_shared(slot_numbers_ * sizeof(float), data_, device_)),
         {}});
    memory.gradients += slot_numbers_ * sizeof(float);
  }
}

void Gradients::begin_step() {
  last_.reset();
  for (auto& [layer, uses] : layers_) {
    for (Use& use : uses) {
      use.levels.clear();
      use.coming.reset();
      use.filled = 0;
    }
  }
}

std::vector<float*> Gradients::leaves(std::size_t layer) {
  std::vector<float*> leaves;
  std::vector<Use>& uses = layers_.at(layer);
  if (zero_ < 2) {
    for (Use& use : uses) {
      leaves.push_back(use.buffers[use.levels.size()].get());
      device_.zero(leaves.back(), use.unit->layout().padded * sizeof(float));
    }
    return leaves;
  }
  Slot& slot = slots_[next_slot_];
  if (slot.ticket) data_.wait(*slot.ticket);
  slot.ticket.reset();
  std::size_t at = 0;
  for (Use& use : uses) {
    settle(use);
    leaves.push_back(slot.memory.get() + at);
    at += use.unit->layout().padded;
  }
  device_.zero(slot.memory.get(), at * sizeof(float));
  return leaves;
}

void Gradients::filled(std::size_t layer) {
  std::vector<Use>& uses = layers_.at(layer);
  if (zero_ < 2) {
    for (Use& use : uses) {
      use.levels.push_back(0);
      close_levels(use);
      if (++use.filled == micro_batches_) reduce(use);
    }
    return;
  }
  Slot& slot = slots_[next_slot_];
  next_slot_ = 1 - next_slot_;
  std::vector<Transfer> arrays;
  std::size_t at = 0;
  for (Use& use : uses) {
    const std::size_t padded = use.unit->layout().padded;
    arrays.push_back({slot.memory.get() + at, use.buffers[use.levels.size()].get(), padded});
    use.levels.push_back(0);
    at += padded;
  }
  const Ticket ticket =
      data_.reduce_scatter(std::move(arrays), nn::Scalar::f32, fmt::format("scatter layer {}", layer));
  slot.ticket = ticket;
  for (Use& use : uses) use.coming = ticket;
}

/// The newest open sum has come.
void Gradients::settle(Use& use) {
  if (!use.coming) return;
  data_.wait(*use.coming);
  use.coming.reset();
  close_levels(use);
}

/// Two open sums of one level are one of the next.
void Gradients::close_levels(Use& use) {
  const std::size_t count = zero_ >= 2 ? use.unit->layout().count : use.unit->layout().padded;
  std::vector<int>& levels = use.levels;
  while (levels.size() >= 2 && levels.back() == levels[levels.size() - 2]) {
    device_.add(use.buffers[levels.size() - 2].get(), use.buffers[levels.size() - 1].get(), count);
    levels.pop_back();
    ++levels.back();
  }
}

void Gradients::reduce(Use& use) {
  if (data_.size() == 1) return;
  const UnitLayout& layout = use.unit->layout();
  float* const whole = use.buffers.front().get();
  bucket_.push_back({whole, zero_ == 1 ? whole + layout.first : whole, layout.padded});
  bucket_filled_ += layout.padded * sizeof(float);
  if (bucket_filled_ >= bucket_bytes_) flush();
}

void Gradients::flush() {
  if (bucket_.empty()) return;
  std::string name = fmt::format("reduce {} units", bucket_.size());
  std::vector<Transfer> arrays = std::exchange(bucket_, {});
  bucket_filled_ = 0;
  last_ = zero_ == 1 ? data_.reduce_scatter(std::move(arrays), nn::Scalar::f32, std::move(name))
                     : data_.all_reduce(std::move(arrays), nn::Scalar::f32, Reduction::sum, std::move(name));
}

void Gradients::finish() {
  flush();
  if (last_) data_.wait(*last_);
  for (auto& [layer, uses] : layers_) {
    for (Use& use : uses) settle(use);
  }
}

float* Gradients::sum(const HeldUnit& unit) {
  float* sum = nullptr;
  for (auto& [layer, uses] : layers_) {
    for (Use& use : uses) {
      if (use.unit != &unit) continue;
      float* const part = use.buffers.front().get() + (zero_ == 1 ? unit.layout().first : 0);
      if (sum == nullptr) {
        sum = part;
      } else {
        device_.add(sum, part, unit.layout().count);
      }
    }
  }
  return sum;
}

}  // namespace rankine::train
