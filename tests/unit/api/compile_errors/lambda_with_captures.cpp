// expect: a lambda with captures cannot be a task
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

void use(int n) {
  rk::submit([n](int x) { return x + n; }, 1);
}
