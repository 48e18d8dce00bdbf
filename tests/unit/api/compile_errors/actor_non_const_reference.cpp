// expect: a task cannot take a non-const reference
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

struct Counter {
  int n = 0;
  void read(int& k) { k = n; }
};
void use(const rk::Actor<Counter>& counter) {
  counter.call<&Counter::read>(1);
}
