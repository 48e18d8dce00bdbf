// expect: a task cannot return a pointer
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

struct Counter {
  int n = 0;
  int* where() { return &n; }
};
void use(const rk::Actor<Counter>& counter) {
  counter.call<&Counter::where>();
}
