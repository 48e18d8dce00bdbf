// expect: a task cannot take a pointer
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

int first_of(int* x);
void use() {
  int x = 1;
  rk::submit<first_of>(&x);
}
