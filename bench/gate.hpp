// SPDX-License-Identifier: Apache-2.0
// Holds a task, on any rank of the node, until the driver lets it go: a file that is there while it is shut.
#pragma once

#include <string>

namespace rankine::bench {

class Gate {
 public:
  Gate();
  ~Gate() { open(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  const std::string& path() const { return path_; }
  void open() const;

 private:
  std::string path_;
};

/// A task whose rank does nothing else until the gate opens or the task is cancelled; returns 1.
int pass_gate(const std::string& gate);

}  // namespace rankine::bench
