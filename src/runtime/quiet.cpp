// SPDX-License-Identifier: Apache-2.0
#include "runtime/quiet.hpp"

#include <utility>

namespace rankine::runtime {

bool QuietRounds::settled(std::size_t under_way, std::uint64_t calls) {
  if (under_way > 0) return false;
  if (others_ == 0) return true;
  if (asked_) {
    if (answers_ < others_) return false;
    const std::uint64_t sum = sum_ + calls;
    if (std::exchange(last_, sum) == sum) return true;
  }
  asked_ = true;
  answers_ = 0;
  sum_ = 0;
  ask_(++round_);
  return false;
}

}  // namespace rankine::runtime
