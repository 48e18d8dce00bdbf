// expect: the method is called with the wrong number of arguments
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

struct Counter {
  int n = 0;
  int add(int k) { return n += k; }
};
void use(const rk::Actor<Counter>& counter) {
  counter.call<&Counter::add>();
}
