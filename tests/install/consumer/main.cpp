// SPDX-License-Identifier: Apache-2.0
// A user's program against an installed Rankine. Never includes what is not installed.
#include <cstdio>

#include <rankine/rankine.hpp>

double area(double r) {
  return 3.0 * r * r;
}

int main(int argc, char** argv) {
  rankine::Runtime runtime(argc, argv);
  return runtime.run([] {
    const double twice = rankine::submit<area>(rankine::submit<area>(1.0)).get();
    std::printf("consumer: %s\n", twice == 27.0 ? "right" : "WRONG");
    return twice == 27.0 ? 0 : 1;
  });
}
