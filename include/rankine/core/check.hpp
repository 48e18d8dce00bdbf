// SPDX-License-Identifier: Apache-2.0
// Broken invariants end the process with a sentence: what was expected, where, and what was going on.
#pragma once

#include <source_location>
#include <string_view>

namespace rankine {

/// Prints `text` with the place to standard error and calls std::abort().
[[noreturn]] void fail_check(std::string_view text,
                             std::source_location where = std::source_location::current());

inline void check(bool holds, std::string_view text,
                  std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    fail_check(text, where);
}

}  // namespace rankine
