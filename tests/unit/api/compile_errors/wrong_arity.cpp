// expect: wrong number of arguments
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

int add(int a, int b);
void use() {
  rk::submit<add>(1);
}
