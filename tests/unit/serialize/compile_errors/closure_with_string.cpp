// expect: a lambda with captures cannot travel
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

void use(rankine::Writer& writer, std::string text) {
  rankine::pack(writer, [text] { return text; });
}
