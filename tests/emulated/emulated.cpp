// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <vector>

#include "cuda_runtime.h"

#include "runtime/fiber.hpp"

namespace emulated {

namespace {

constexpr std::size_t kStackBytes = 64 << 10;
constexpr std::size_t kThreadsMax = 1024;

/// The block that this thread runs.
struct Block {
  rankine::runtime::FiberPool pool{kStackBytes, kThreadsMax};
  std::vector<rankine::runtime::Fiber*> fibers;
  std::vector<std::size_t> waits;  ///< how many barriers each thread has come to
  std::vector<double> given[2];    ///< by the parity of the call
  const std::function<void()>* kernel = nullptr;

  void start(unsigned threads);
  void round_until_all_ended();
};

Block& block() {
  thread_local Block here;
  return here;
}

void run_kernel(void* kernel) {
  (*static_cast<const std::function<void()>*>(kernel))();
}

void Block::start(unsigned threads) {
  fibers.assign(threads, nullptr);
  waits.assign(threads, 0);
  for (auto& values : given) values.resize(threads);
  for (auto& fiber : fibers) {
    fiber = pool.take();
    fiber->assign(run_kernel, const_cast<std::function<void()>*>(kernel));
  }
}

void Block::round_until_all_ended() {
  std::size_t left = fibers.size();
  for (std::size_t round = 1; left > 0; ++round) {
    for (std::size_t t = 0; t < fibers.size(); ++t) {
      if (fibers[t] == nullptr) continue;
      threadIdx = dim3(static_cast<unsigned>(t));
      if (!fibers[t]->resume()) continue;
      pool.give_back(fibers[t]);
      fibers[t] = nullptr;
      --left;
    }
    for (std::size_t t = 0; t < fibers.size(); ++t) {
      if (left == 0 || (fibers[t] != nullptr && waits[t] == round && left == fibers.size())) continue;
      std::fprintf(stderr, "emulated: %zu of %zu threads wait at a barrier that others never reach\n", left,
                   fibers.size());
      std::abort();
    }
  }
}

void wait() {
  Block& here = block();
  const unsigned thread = threadIdx.x;
  ++here.waits[thread];
  here.fibers[thread]->suspend();
}

}  // namespace

void run(dim3 grid, dim3 threads, const std::function<void()>& kernel) {
  Block& here = block();
  here.kernel = &kernel;
  gridDim = grid;
  blockDim = threads;
  for (unsigned y = 0; y < grid.y; ++y)
    for (unsigned x = 0; x < grid.x; ++x) {
      blockIdx = dim3(x, y);
      here.start(threads.x);
      here.round_until_all_ended();
    }
}

void barrier() {
  wait();
}

double exchange(double value, unsigned other) {
  Block& here = block();
  auto& values = here.given[here.waits[threadIdx.x] % 2];
  values[threadIdx.x] = value;
  wait();
  return values[other];
}

}  // namespace emulated
