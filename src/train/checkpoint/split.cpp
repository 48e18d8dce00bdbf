// SPDX-License-Identifier: Apache-2.0
// Parts of tensor-parallel members and the whole.
#include <algorithm>

#include <rankine/train/checkpoint.hpp>

namespace rankine::train {

namespace {

/// Calls run(place in the part, place in the whole, length) for each run of numbers of a member's part.
template <class Run>
void for_each_run(const nn::Unit& unit, std::size_t member, std::size_t members, Run run) {
  std::size_t part = 0;
  std::size_t whole = 0;
  for (const nn::Tensor& tensor : unit.tensors) {
    const std::size_t size = tensor.size();
    const std::size_t parts = tensor.split < 0 ? 1 : members;
    const std::size_t own = tensor.split < 0 ? 0 : member;
    std::size_t inner = 1;  // numbers that one place along the split dimension has
    const auto split = static_cast<std::size_t>(std::max(tensor.split, 0));
    for (std::size_t k = split + 1; k < tensor.shape.size(); ++k) inner *= tensor.shape[k];
    const std::size_t along = tensor.shape.empty() ? 1 : tensor.shape[split];
    const std::size_t length = along / parts * inner;
    for (std::size_t outer = 0; outer < size; outer += along * inner, part += length)
      run(part, whole + outer + own * length, length);
    whole += size;
  }
}

}  // namespace

std::vector<float> part_of(const nn::Unit& unit, std::span<const float> whole, std::size_t member,
                           std::size_t members) {
  std::vector<float> part(unit.size(members));
  for_each_run(unit, member, members, [&](std::size_t to, std::size_t from, std::size_t length) {
    std::copy_n(whole.begin() + static_cast<std::ptrdiff_t>(from), length,
                part.begin() + static_cast<std::ptrdiff_t>(to));
  });
  return part;
}

void place_part(const nn::Unit& unit, std::span<const float> part, std::size_t member, std::size_t members,
                std::span<float> whole) {
  for_each_run(unit, member, members, [&](std::size_t from, std::size_t to, std::size_t length) {
    std::copy_n(part.begin() + static_cast<std::ptrdiff_t>(from), length,
                whole.begin() + static_cast<std::ptrdiff_t>(to));
  });
}

}  // namespace rankine::train
