// expect: a task cannot take a non-const reference
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

void change(int& x);
void use() {
  rk::submit<change>(1);
}
