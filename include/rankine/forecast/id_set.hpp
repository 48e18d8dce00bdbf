// SPDX-License-Identifier: Apache-2.0
// Has an id been seen before? Keeps 64-bit hashes only: at most 32 bytes an id, whatever its length.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <rankine/core/hash.hpp>

namespace rankine::forecast {

class IdSet {
 public:
  /// False when it was there already (or, once in 10^7 sets of a million ids, another one of equal hash).
  bool add(std::string_view id) {
    if (2 * count_ >= slots_.size()) grow();
    if (!place(hash_text(id) | 1)) return false;  // 0 is an empty slot
    ++count_;
    return true;
  }

 private:
  bool place(std::uint64_t hash) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = static_cast<std::size_t>(hash >> 1) & mask;; at = (at + 1) & mask) {
      if (slots_[at] == hash) return false;
      if (slots_[at] != 0) continue;
      slots_[at] = hash;
      return true;
    }
  }
  void grow() {
    const std::vector<std::uint64_t> old = std::move(slots_);
    slots_.assign(old.empty() ? 1024 : 2 * old.size(), 0);
    for (const std::uint64_t hash : old) {
      if (hash != 0) place(hash);
    }
  }

  std::vector<std::uint64_t> slots_;
  std::size_t count_ = 0;
};

}  // namespace rankine::forecast
