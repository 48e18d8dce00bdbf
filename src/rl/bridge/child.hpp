// SPDX-License-Identifier: Apache-2.0
// A child process in Python with a socket for lines and a piece of shared memory. It knows no environments.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

namespace rankine::rl {

class Child {
 public:
  /// Starts `python -c script arguments...` with the socket as file 3 and the memory as file 4. Throws
  /// InputError if there is no such program.
  Child(const std::string& python, const std::string& script, const std::vector<std::string>& arguments,
        double timeout_s);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// Ends the child: its socket is closed, and it is killed if it does not heed that.
  ~Child();

  /// Makes the shared memory that large and maps it here, zeroed.
  std::span<std::byte> share(std::size_t bytes);
  /// Sends a line and returns the child's. Throws Error if the child is gone or does not answer in time.
  std::string ask(const std::string& line);
  /// The child's next line.
  std::string hear();

 private:
  [[noreturn]] void lost(const std::string& what);

  double timeout_s_;
  pid_t pid_ = -1;
  int socket_ = -1;
  int memory_ = -1;
  std::span<std::byte> shared_;
  std::string heard_;  // beyond the last line
};

}  // namespace rankine::rl
