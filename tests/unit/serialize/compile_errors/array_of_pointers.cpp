// expect: trivially copyable values, not pointers
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

rankine::Array<int*> use() {
  return {};
}
