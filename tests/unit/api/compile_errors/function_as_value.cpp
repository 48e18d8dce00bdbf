// expect: pass the function as a template argument
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

int twice(int a);
void use() {
  rk::submit(twice, 1);
}
