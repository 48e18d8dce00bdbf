// expect: this parameter type cannot travel between ranks
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

struct Stateful {
  std::vector<int> values;
};
int use_it(const Stateful& s);
void use(const Stateful& s) {
  rk::submit<use_it>(s);
}
