// SPDX-License-Identifier: Apache-2.0
// What learners on several ranks tell each other. The one in a single process is here; the gang's is in
// placement/gang_exchange.hpp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "rl/learn/memory.hpp"

namespace rankine::rl::learn {

class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual int rank() const { return 0; }
  virtual int size() const { return 1; }
  /// Where this rank puts the numbers that sum() adds up next, aligned to 64 bytes; `count` is the same on
  /// all ranks, a multiple of 16.
  virtual std::span<float> place(std::size_t count) {
    own_.resize(count);
    return own_;
  }
  /// Element by element over all ranks, in the fixed tree of neighbours: (0 + 1) + (2 + 3). Stays until the
  /// next place().
  virtual std::span<const float> sum() { return own_; }
  /// The bytes of every rank, by rank.
  virtual std::vector<std::vector<std::byte>> gather(std::vector<std::byte> own) { return {std::move(own)}; }

 protected:
  Floats own_;
};

}  // namespace rankine::rl::learn
