// expect: include <rankine/serialize/boost.hpp>
// SPDX-License-Identifier: Apache-2.0
#include <rankine/serialize/serialize.hpp>

struct Fit {
  std::string name;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name;
  }
};
void use(rankine::Writer& writer, const Fit& fit) {
  rankine::pack(writer, fit);
}
