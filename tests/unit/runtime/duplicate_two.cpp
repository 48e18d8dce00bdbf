// SPDX-License-Identifier: Apache-2.0
// The other half of duplicate_one.cpp.
#include <rankine/rankine.hpp>

static int twin(int x) {
  return x + 2;
}

void submit_other() {
  rankine::submit<twin>(1).get();
}
