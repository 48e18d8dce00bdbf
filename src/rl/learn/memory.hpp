// SPDX-License-Identifier: Apache-2.0
// Vectors of numbers that begin at a multiple of 64 bytes, as the kernels want them.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace rankine::rl::learn {

template <class T>
struct Aligned {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  Aligned() = default;
  template <class U>
  Aligned(const Aligned<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, kAlignment); }
  template <class U>
  bool operator==(const Aligned<U>&) const {
    return true;
  }
};

using Floats = std::vector<float, Aligned<float>>;

}  // namespace rankine::rl::learn
