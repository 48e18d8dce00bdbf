// SPDX-License-Identifier: Apache-2.0
// Holds tasks until the test lets them go, on any rank of the node: a file that is there while it is shut.
#pragma once

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <unistd.h>

#include <rankine/rankine.hpp>

/// The driver's end. Opens at the latest when it goes out of scope, so that a failed test leaves nobody
/// waiting.
class Gate {
 public:
  Gate() {
    const int file = mkstemp(path_.data());
    if (file < 0) throw std::runtime_error("mkstemp: cannot make " + path_);
    close(file);
  }
  ~Gate() { open(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  const std::string& path() const { return path_; }
  void open() const { unlink(path_.c_str()); }

 private:
  std::string path_ = "/tmp/rankine-gate-XXXXXX";
};

inline bool shut(const std::string& gate) {
  return access(gate.c_str(), F_OK) == 0;
}

/// A task in user code: its rank does nothing else until the gate opens or somebody cancels it.
inline int pass_gate(const std::string& gate, int value) {
  while (shut(gate) && !rankine::cancelled()) std::this_thread::sleep_for(std::chrono::microseconds(200));
  return value;
}

/// The same, after opening a gate of its own that tells that it runs.
inline int knock_and_pass(const std::string& door, const std::string& gate, int value) {
  unlink(door.c_str());
  return pass_gate(gate, value);
}

/// Waits until the other side has opened this gate.
inline void await(const Gate& gate) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (shut(gate.path())) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("a task did not start in 30 s");
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}
