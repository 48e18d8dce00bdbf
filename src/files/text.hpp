// SPDX-License-Identifier: Apache-2.0
// Comparison of words regardless of case, for names that users type. Nothing else.
#pragma once

#include <algorithm>
#include <cctype>
#include <string_view>

namespace rankine::files {

inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace rankine::files
