// expect: a pointer cannot travel
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

void use(rankine::Writer& writer, const std::vector<std::tuple<int, char*>>& value) {
  rankine::pack(writer, value);
}
