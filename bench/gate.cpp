// SPDX-License-Identifier: Apache-2.0
#include "gate.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>

#include <unistd.h>

#include <rankine/rankine.hpp>

namespace rankine::bench {

Gate::Gate() : path_("/tmp/rankine-bench-gate-XXXXXX") {
  const int file = mkstemp(path_.data());
  if (file < 0) throw SystemError("rankine: no file can be made in /tmp");
  close(file);
}

void Gate::open() const {
  unlink(path_.c_str());
}

int pass_gate(const std::string& gate) {
  while (access(gate.c_str(), F_OK) == 0 && !cancelled()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return 1;
}

}  // namespace rankine::bench
