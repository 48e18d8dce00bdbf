// SPDX-License-Identifier: Apache-2.0
// Memory for copies of objects from other nodes, aligned like the arena, so that arrays in it can be used in
// place.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace rankine::runtime {

/// Uninitialised, at a multiple of 64 bytes.
inline std::shared_ptr<std::byte[]> aligned_bytes(std::size_t count) {
  constexpr std::align_val_t kAlignment{64};
  return {static_cast<std::byte*>(::operator new(count, kAlignment)),
          [](std::byte* memory) { ::operator delete(memory, kAlignment); }};
}

}  // namespace rankine::runtime
