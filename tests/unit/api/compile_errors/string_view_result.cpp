// expect: a task cannot return a view
// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>

namespace rk = rankine;

std::string_view look(int x);
void use() {
  rk::submit<look>(1);
}
