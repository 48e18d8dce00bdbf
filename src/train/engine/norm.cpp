// SPDX-License-Identifier: Apache-2.0
#include "train/engine/norm.hpp"

#include <algorithm>
#include <cmath>

namespace rankine::train {

namespace {

/// Of one unit: of numbers that members of the tensor group split, and of those that all have.
struct Squares {
  double split = 0;
  double whole = 0;
};

double added(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

/// In blocks of the whole unit, over all data ranks. All have the same bits.
double squares_of_unit(const NormPart& part, Mesh& mesh, nn::Device& device) {
  const UnitLayout& layout = part.unit->layout();
  std::vector<double> blocks(layout.count / kBlock);
  device.sums_of_squares(part.gradient, layout.count, kBlock, blocks.data());
  if (layout.count == layout.padded) return added(blocks);
  return added(mesh.data().gather_numbers(blocks));
}

/// The same where tensors are split: each tensor's numbers within this rank's part by themselves.
Squares squares_by_tensor(const nn::Model& model, const NormPart& part, Mesh& mesh, nn::Device& device) {
  const UnitLayout& layout = part.unit->layout();
  const std::size_t members = mesh.tensor().size();
  Squares own;
  std::size_t at = 0;
  for (const nn::Tensor& tensor : model.units[part.unit->unit()].tensors) {
    const std::size_t size = tensor.split < 0 ? tensor.size() : tensor.size() / members;
    const std::size_t first = std::clamp(at, layout.first, layout.first + layout.count);
    const std::size_t last = std::clamp(at + size, layout.first, layout.first + layout.count);
    at += size;
    if (first == last) continue;
    std::vector<double> blocks((last - first + kBlock - 1) / kBlock);
    device.sums_of_squares(part.gradient + (first - layout.first), last - first, kBlock, blocks.data());
    (tensor.split < 0 ? own.whole : own.split) += added(blocks);
  }
  if (layout.count == layout.padded) return own;
  const std::vector<double> all = mesh.data().gather_numbers(std::vector{own.split, own.whole});
  Squares sum;
  for (std::size_t k = 0; k < all.size(); k += 2) {
    sum.split += all[k];
    sum.whole += all[k + 1];
  }
  return sum;
}

}  // namespace

double gradient_norm(const nn::Model& model, std::span<const NormPart> parts, Mesh& mesh,
                     nn::Device& device) {
  const std::size_t units = model.units.size();
  std::vector<double> split(units, 0.0);
  std::vector<double> whole(units, 0.0);
  for (const NormPart& part : parts) {  // all data ranks of a stage have the same units
    const std::size_t unit = part.unit->unit();
    if (mesh.tensor().size() == 1) {
      const double squares = squares_of_unit(part, mesh, device);
      if (part.counts) whole[unit] = squares;
    } else {
      const Squares squares = squares_by_tensor(model, part, mesh, device);
      if (part.counts) split[unit] = squares.split, whole[unit] = squares.whole;
    }
  }
  const std::vector<double> members = mesh.tensor().gather_numbers(split);
  for (std::size_t k = 0; k < members.size(); ++k) whole[k % units] += members[k];
  // Of each unit one stage says something, the others zero.
  const std::vector<double> stages = mesh.pipeline().gather_numbers(whole);
  double sum = 0;
  for (std::size_t unit = 0; unit < units; ++unit) {
    double squares = 0;
    for (std::size_t stage = 0; stage < mesh.pipeline().size(); ++stage)
      squares += stages[stage * units + unit];
    sum += squares;
  }
  return std::sqrt(sum);
}

}  // namespace rankine::train
