// expect: compiles
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

void use(rankine::Writer& writer, rankine::Reader& reader) {
  rankine::pack(writer, std::map<std::string, std::vector<double>>{});
  rankine::pack(writer, [](int x) { return x; });
  static_cast<void>(rankine::unpack<std::tuple<int, double, std::string>>(reader));
}
