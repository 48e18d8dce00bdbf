// expect: does not convert to the function
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

int length(const std::string& s);
void use() {
  rk::submit<length>(std::vector<int>{1});
}
