// expect: map takes values
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

int twice(int a);
void use(const std::vector<rk::Future<int>>& f) {
  rk::map<twice>(f);
}
