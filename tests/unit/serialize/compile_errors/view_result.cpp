// expect: a view (std::span, std::string_view
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

std::string_view use(rankine::Reader& reader) {
  return rankine::unpack<std::string_view>(reader);
}
