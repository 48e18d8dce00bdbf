// expect: this result type cannot travel between ranks
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

struct Stateful {
  std::vector<int> values;
};
Stateful make(int n);
void use() {
  rk::submit<make>(1);
}
