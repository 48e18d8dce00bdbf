// SPDX-License-Identifier: Apache-2.0
// Dropout in kernels: the host's decision (nn/dropout.hpp), compiled for the device.
#pragma once

#include <cstddef>

#include "nn/dropout.hpp"

namespace rankine::nn::cuda {

/// What the number at (row, column) is multiplied by.
constexpr float drop_factor(const Dropout& dropout, std::size_t row, std::size_t column) {
  if (dropout.threshold == 0) return 1.0f;
  return dropout.at(dropout.row(row), static_cast<std::uint32_t>(column));
}

}  // namespace rankine::nn::cuda
