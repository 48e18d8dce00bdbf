// SPDX-License-Identifier: Apache-2.0
// The suite with ranks that are threads; Catch's main function is tests/catch_main.cpp.
#include "on_ranks.hpp"

int ranks_of_the_job() {
  return 0;
}
