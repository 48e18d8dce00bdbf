// SPDX-License-Identifier: Apache-2.0
// What learners on several ranks tell each other. The one in a single process is here; the gang's is in
// placement/gang_exchange.hpp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace rankine::rl::learn {

class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual int rank() const { return 0; }
  virtual int size() const { return 1; }
  /// Element by element over all ranks, in the fixed tree of neighbours: (0 + 1) + (2 + 3).
  virtual void sum(std::span<float>) {}
  /// The bytes of every rank, by rank.
  virtual std::vector<std::vector<std::byte>> gather(std::vector<std::byte> own) { return {std::move(own)}; }
};

}  // namespace rankine::rl::learn
