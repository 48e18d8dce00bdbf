// SPDX-License-Identifier: Apache-2.0
// What runs on a thread, in words that a signal handler can read: written before it runs, so that a crash
// report can name it.
#pragma once

#include <cstdint>

namespace rankine::runtime {

struct Running {
  const char* what = nullptr;        ///< "task", "actor's method" ...; nullptr: nothing of a user
  const char* function = "";         ///< its name; lives as long as the table of functions, or the piece
  std::int64_t element = -1;         ///< of a map; -1: it is none
  std::uint64_t argument_bytes = 0;  ///< without those of the element
  std::uint64_t element_bytes = 0;
  std::uint16_t attempt = 1;
  std::uint64_t known_as = 0;  ///< the id that the head knows it by; 0: that of its frame
};

}  // namespace rankine::runtime
