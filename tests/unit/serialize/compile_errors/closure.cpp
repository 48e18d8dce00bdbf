// expect: a lambda with captures cannot travel
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

void use(rankine::Writer& writer, int n) {
  rankine::pack(writer, [n](int x) { return n + x; });
}
