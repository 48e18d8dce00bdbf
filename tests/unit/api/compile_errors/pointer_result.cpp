// expect: a task cannot return a pointer
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

int* leak(int x);
void use() {
  rk::submit<leak>(1);
}
