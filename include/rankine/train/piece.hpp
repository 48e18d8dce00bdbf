// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace rankine::train {

/// Numbers [first, first + count) of a unit's flat buffer as one tensor-parallel member has it.
struct Piece {
  std::size_t unit = 0;  ///< place in Model::units
  std::size_t member = 0;
  std::size_t members = 1;
  std::size_t first = 0;
  std::size_t count = 0;
};

}  // namespace rankine::train
