// expect: give it a serialize member
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

struct Fit {
  std::string name;
  std::vector<double> parameters;
};
void use(rankine::Writer& writer, const Fit& fit) {
  rankine::pack(writer, fit);
}
