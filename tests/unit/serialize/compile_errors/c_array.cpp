// expect: use std::array, std::vector or std::string
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

void use(rankine::Writer& writer) {
  rankine::pack(writer, "text");
}
