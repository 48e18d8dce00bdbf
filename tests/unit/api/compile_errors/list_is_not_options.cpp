// expect: no matching function
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

double sum(const std::vector<double>& values);
void use() {
  rk::submit<sum>({1.0, 2.0});
}
