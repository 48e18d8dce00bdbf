// SPDX-License-Identifier: Apache-2.0
// A user's program against an installed Rankine. Never includes what is not installed.
#include <cstdio>

#include <rankine/core/philox.hpp>

int main() {
  rankine::Philox random(1, 2);
  const double normal = random.normal();
  std::printf("consumer: %s\n", normal == rankine::Philox(1, 2).normal() ? "equal numbers" : "DIFFERENT");
}
