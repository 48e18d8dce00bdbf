// expect: a pointer cannot travel
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

int* use(rankine::Reader& reader) {
  return rankine::unpack<int*>(reader);
}
