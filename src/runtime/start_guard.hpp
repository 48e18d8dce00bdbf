// SPDX-License-Identifier: Apache-2.0
// Under mpirun --enable-recovery a rank that dies before MPI_Init (killed, or without a library that it
// needs) ends nobody, and the others would wait for it in MPI_Init for ever. A thread looks meanwhile whether
// all ranks of this node are still there, and ends this process when they are not. Once ranks know each
// other, sentinel.hpp does that.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace rankine::runtime {

class StartGuard {
 public:
  /// Watches nothing in a process that Open MPI did not start.
  StartGuard();
  ~StartGuard();
  StartGuard(const StartGuard&) = delete;
  StartGuard& operator=(const StartGuard&) = delete;

 private:
  void keep_watch(int ranks_here);

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace rankine::runtime
