// SPDX-License-Identifier: Apache-2.0
#include "train/engine/held_unit.hpp"

#include <algorithm>

namespace rankine::train {

namespace {

/// 1 for each number of the part whose tensor decays.
std::vector<unsigned char> decayed_numbers(const nn::Unit& unit, std::size_t members,
                                           const UnitLayout& layout) {
  std::vector<unsigned char> whole(layout.padded, 0);
  std::size_t at = 0;
  for (const nn::Tensor& tensor : unit.tensors) {
    const std::size_t size = tensor.split < 0 ? tensor.size() : tensor.size() / members;
    std::fill_n(whole.begin() + static_cast<std::ptrdiff_t>(at), size, tensor.decay ? 1 : 0);
    at += size;
  }
  const auto first = whole.begin() + static_cast<std::ptrdiff_t>(layout.first);
  return {first, first + static_cast<std::ptrdiff_t>(layout.count)};
}

std::byte* bytes_at(void* memory, std::size_t offset) {
  return static_cast<std::byte*>(memory) + offset;
}

}  // namespace

UnitLayout unit_layout(std::size_t size, std::size_t member, std::size_t data, std::size_t zero) {
  const std::size_t grain = kBlock * data;
  const std::size_t padded = (size + grain - 1) / grain * grain;
  if (zero == 0) return {size, padded, 0, padded};
  return {size, padded, member * (padded / data), padded / data};
}

std::shared_ptr<void> allocate_shared(std::size_t bytes, Collectives& data, nn::Device& device) {
  return data.size() > 1 ? data.allocate(bytes) : device.allocate(bytes);
}
std::shared_ptr<float> allocate_floats(std::size_t count, nn::Device& device) {
  return std::static_pointer_cast<float>(device.allocate(count * sizeof(float)));
}

HeldUnit::HeldUnit(std::size_t unit, const nn::Unit& what, nn::Scalar scalar, const Parallel& parallel,
                   Collectives& data, nn::Device& device, Memory& memory)
    : unit_(unit),
      layout_(
          unit_layout(what.size(parallel.tensor), data.member(), parallel.data, effective_zero(parallel))),
      scalar_(scalar),
      sharded_(effective_zero(parallel) == 3),
      data_(data),
      device_(device) {
  const std::size_t kept = (sharded_ ? layout_.count : layout_.padded) * nn::bytes_of(scalar);
  working_ = effective_zero(parallel) > 0 ? allocate_shared(kept, data, device) : device.allocate(kept);
  first_ = allocate_floats(layout_.count, device);
  second_ = allocate_floats(layout_.count, device);
  if (scalar != nn::Scalar::f32) master_ = allocate_floats(layout_.count, device);
  decayed_ = std::static_pointer_cast<unsigned char>(device.allocate(layout_.count));
  const std::vector<unsigned char> decayed = decayed_numbers(what, parallel.tensor, layout_);
  device.upload(decayed_.get(), decayed.data(), decayed.size());
  memory.parameters += kept;
  memory.optimiser += layout_.count * (2 * sizeof(float) + 1 + (master_ ? sizeof(float) : 0));
}

float* HeldUnit::master() {
  if (master_) return master_.get();
  return static_cast<float*>(working_.get()) + (sharded_ ? 0 : layout_.first);
}

void HeldUnit::set_whole(std::span<const float> values) {
  std::vector<float> padded(layout_.padded, 0.0F);
  std::copy(values.begin(), values.end(), padded.begin());
  device_.upload(master(), padded.data() + layout_.first, layout_.count * sizeof(float));
  if (scalar_ == nn::Scalar::f32) {
    if (!sharded_) device_.upload(working_.get(), padded.data(), layout_.padded * sizeof(float));
    return;
  }
  const std::size_t kept = sharded_ ? layout_.count : layout_.padded;
  const std::shared_ptr<float> whole = allocate_floats(kept, device_);
  device_.upload(whole.get(), padded.data() + (sharded_ ? layout_.first : 0), kept * sizeof(float));
  device_.convert(working_.get(), scalar_, whole.get(), kept);
}

void HeldUnit::convert_part() {
  if (scalar_ == nn::Scalar::f32) return;
  void* const part = bytes_at(working_.get(), (sharded_ ? 0 : layout_.first) * nn::bytes_of(scalar_));
  device_.convert(part, scalar_, master(), layout_.count);
}

void HeldUnit::update(const nn::AdamW& how, double rate, std::size_t step, double clip,
                      const float* gradient) {
  void* const part = bytes_at(working_.get(), (sharded_ ? 0 : layout_.first) * nn::bytes_of(scalar_));
  device_.adamw(how, rate, step, clip, master(), first_.get(), second_.get(), gradient, decayed_.get(),
                layout_.count, scalar_, part);
}

std::optional<Ticket> HeldUnit::share() {
  if (sharded_ || layout_.count == layout_.padded) return std::nullopt;
  const void* const part = bytes_at(working_.get(), layout_.first * nn::bytes_of(scalar_));
  return data_.all_gather({{part, working_.get(), layout_.padded}}, scalar_, "gather parameters");
}

}  // namespace rankine::train
