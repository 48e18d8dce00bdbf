// expect: a view (std::span, std::string_view
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/eigen.hpp>

using Map = Eigen::Map<Eigen::VectorXd>;
Map use(rankine::Reader& reader) {
  return rankine::unpack<Map>(reader);
}
