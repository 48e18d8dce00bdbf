// SPDX-License-Identifier: Apache-2.0
// Two source files with a static function of one name each: the start must say so.
#include <cstdio>
#include <exception>

#include <rankine/rankine.hpp>

static int twin(int x) {
  return x + 1;
}

void submit_other();

int main() {
  try {
    rankine::run_as_threads(1, {}, [] {
      rankine::submit<twin>(1).get();
      submit_other();
    });
  } catch (const std::exception& error) {
    std::puts(error.what());
    return 0;
  }
  std::puts("nothing was said");
  return 1;
}
