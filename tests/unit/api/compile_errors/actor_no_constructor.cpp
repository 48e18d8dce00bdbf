// expect: no constructor of this actor's class takes these arguments
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

struct Counter {
  int n = 0;
  int add(int k) { return n += k; }
};
void use(const rk::Actor<Counter>& counter) {
  static_cast<void>(counter);
  rk::spawn<Counter>(std::string());
}
