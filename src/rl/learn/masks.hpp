// SPDX-License-Identifier: Apache-2.0
// Illegal actions: their logits are so low that they are never drawn and have no gradient.
#pragma once

#include <cstddef>
#include <span>

namespace rankine::rl::learn {

inline constexpr float kForbidden = -1e8f;

/// `mask` is [rows][outputs] of 0 and 1 (numbers of any type), `logits` [outputs][stride].
template <class Mask>
void forbid(const Mask& mask, int rows, int outputs, int stride, float* logits) {
  for (int r = 0; r < rows; ++r) {
    for (int o = 0; o < outputs; ++o) {
      if (mask[static_cast<std::size_t>(r) * outputs + o] == 0)
        logits[static_cast<long>(o) * stride + r] = kForbidden;
    }
  }
}

}  // namespace rankine::rl::learn
