// expect: a function or function pointer cannot travel
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

using F = int (*)(int);
F use(rankine::Reader& reader) {
  return rankine::unpack<F>(reader);
}
