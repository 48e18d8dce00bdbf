// SPDX-License-Identifier: Apache-2.0
// Why a task is where it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rankine/core/ids.hpp>

namespace rankine {

struct Explanation {
  enum class State : std::uint8_t {
    unknown,   ///< the head knows no such object (any more)
    waiting,   ///< for arguments: see `missing`
    ready,     ///< for a rank with enough room
    assigned,  ///< sent to `rank`, next in its queue
    running,   ///< on `rank`
    ended      ///< well or not
  };
  State state = State::unknown;
  std::int32_t rank = -1;
  std::vector<ObjectId> missing;  ///< arguments that have not ended
  std::string sentence;           ///< the same for people
};

}  // namespace rankine
