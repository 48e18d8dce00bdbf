// SPDX-License-Identifier: Apache-2.0
#include <rankine/core/processor.hpp>

namespace rankine {

bool runs_x86_64_v3() {
  return false;
}
bool runs_x86_64_v4() {
  return false;
}

}  // namespace rankine
