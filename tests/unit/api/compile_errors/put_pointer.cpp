// expect: a pointer cannot be put
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

void use(int* x) {
  rk::put(x);
}
