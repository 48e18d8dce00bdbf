// expect: compiles
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

double half(double x);
void use(const rk::Future<double>& x) {
  rk::submit<half>({.cpus = 1}, x);
  rk::map<half>(std::vector<double>{1});
}
