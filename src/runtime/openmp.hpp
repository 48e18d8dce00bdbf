// SPDX-License-Identifier: Apache-2.0
// OpenMP where the program is linked with it, which Rankine itself is not. Eigen takes its threads from it.
#pragma once

#include <cstdint>

extern "C" {
int omp_in_parallel() __attribute__((weak));
int omp_get_max_threads() __attribute__((weak));
void omp_set_num_threads(int) __attribute__((weak));
}

namespace rankine::runtime {

inline bool in_openmp_parallel() {
  return omp_in_parallel != nullptr && omp_in_parallel() != 0;
}

/// While it lives, parallel regions of this thread have `threads` threads.
class OpenMpThreads {
 public:
  explicit OpenMpThreads(std::int32_t threads) {
    if (omp_set_num_threads == nullptr || omp_get_max_threads == nullptr) return;
    before_ = omp_get_max_threads();
    if (before_ != threads) omp_set_num_threads(threads);
  }
  ~OpenMpThreads() {
    if (before_ > 0) omp_set_num_threads(before_);
  }
  OpenMpThreads(const OpenMpThreads&) = delete;
  OpenMpThreads& operator=(const OpenMpThreads&) = delete;

 private:
  std::int32_t before_ = 0;
};

}  // namespace rankine::runtime
