// expect: a view (std::span, std::string_view
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

using Map = std::map<int, std::span<const int>>;
Map use(rankine::Reader& reader) {
  return rankine::unpack<Map>(reader);
}
