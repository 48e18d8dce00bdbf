// expect: a reference cannot travel
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

void use(rankine::Reader& reader) {
  static_cast<void>(rankine::unpack<int&>(reader));
}
