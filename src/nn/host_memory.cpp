// SPDX-License-Identifier: Apache-2.0
#include "nn/host_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::nn {

std::shared_ptr<void> host_memory(std::size_t bytes) {
  const std::size_t rounded = std::max<std::size_t>(64, (bytes + 63) / 64 * 64);
  void* const memory = std::aligned_alloc(64, rounded);
  if (memory == nullptr)
    throw Error(fmt::format("no memory for {} bytes of a model: take more ranks", bytes));
  std::memset(memory, 0, rounded);
  return {memory, [](void* freed) { std::free(freed); }};
}

}  // namespace rankine::nn
