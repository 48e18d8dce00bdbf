// expect: this method belongs to another class
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

struct Counter {
  int n = 0;
  int add(int k) { return n += k; }
};
struct Other {
  int get() { return 1; }
};
void use(const rk::Actor<Counter>& counter) {
  counter.call<&Other::get>();
}
