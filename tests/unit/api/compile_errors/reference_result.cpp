// expect: a task cannot return a reference
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

const int& look(int x);
void use() {
  rk::submit<look>(1);
}
