// SPDX-License-Identifier: Apache-2.0
// A few threads that share loops. How work is cut is said by the caller and never depends on how many threads
// there are, so that their number changes no bits.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace rankine::nn {

class Threads {
 public:
  /// With `count` threads in all, the caller's included; 1 starts none. Taken from the task's grant of CPUs.
  explicit Threads(std::size_t count = 1);
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  std::size_t count() const;
  /// Calls piece(i) for i in [0, pieces), each once, and returns when all are done. The first exception is
  /// thrown again. Not to be called from within a piece. Waiting threads spin shortly, then sleep.
  void for_each(std::size_t pieces, const std::function<void(std::size_t)>& piece);

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace rankine::nn
