// SPDX-License-Identifier: Apache-2.0
// Paths of x86-64.
#include <cstdlib>

#include <rankine/core/level.hpp>

#include "forecast/ets/path.hpp"

namespace rankine::forecast::ets {

namespace {

constexpr const char* kVariable = "RANKINE_FORECAST_PATH";

Levels<Path> paths() {
  return {kPathV4, kPathV3, kPathBaseline, "forecast path", kVariable};
}

}  // namespace

const Path& usable_path(std::string_view name) {
  return paths().named(name);
}
const Path& usable_path() {
  return paths().chosen(std::getenv(kVariable));
}

}  // namespace rankine::forecast::ets
