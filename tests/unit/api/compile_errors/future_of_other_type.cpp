// expect: must be of exactly the parameter
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

double half(double x);
void use(const rk::Future<int>& x) {
  rk::submit<half>(x);
}
