// expect: has no single signature
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

void use() {
  rk::submit([](auto x) { return x; }, 1);
}
