// SPDX-License-Identifier: Apache-2.0
// Catch2 of version 2 or 3 under one name.
#pragma once
#include <string>

#ifdef RANKINE_CATCH2_V3
#include <catch2/catch_all.hpp>
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>
inline auto ContainsSubstring(const std::string& text) {
  return Catch::Contains(text);
}
#endif
