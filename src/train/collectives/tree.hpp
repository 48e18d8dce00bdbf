// SPDX-License-Identifier: Apache-2.0
// Sums (or the largest) of several arrays in a fixed order: the arrays are the leaves of a binary tree,
// ((0 + 1) + (2 + 3)) + ..., whose levels join neighbours; one that is left over goes up as it is.
#pragma once

#include <cstddef>
#include <span>

#include <rankine/nn/layer.hpp>
#include <rankine/train/collectives.hpp>

namespace rankine::train {

/// Arrays of `count` numbers; what comes out is written to all of `to`, which may be among `from`.
void reduce_tree(std::span<const void* const> from, std::span<void* const> to, std::size_t count,
                 nn::Scalar scalar, Reduction reduction);

}  // namespace rankine::train
