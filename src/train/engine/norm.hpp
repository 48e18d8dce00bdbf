// SPDX-License-Identifier: Apache-2.0
// The norm of the whole gradient: sums of squares of fixed blocks in float64, added in the order of units and
// blocks, so that it has the same bits however parameters are spread over data ranks and stages.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <rankine/train/mesh.hpp>

#include "train/engine/held_unit.hpp"

namespace rankine::train {

/// A unit of this rank, the gradient of the part that it updates, and whether this stage is the one that
/// counts it (a tied unit is held by several).
struct NormPart {
  const HeldUnit* unit = nullptr;
  const float* gradient = nullptr;
  bool counts = true;
};

/// Collective over the mesh; the same on all ranks.
double gradient_norm(const nn::Model& model, std::span<const NormPart> parts, Mesh& mesh, nn::Device& device);

}  // namespace rankine::train
