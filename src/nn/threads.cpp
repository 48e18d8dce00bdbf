// SPDX-License-Identifier: Apache-2.0
// A pool of threads that take numbered pieces from one counter. Between loops they spin for some
// microseconds, because the next loop of a model comes at once, and then sleep on a futex.
#include <rankine/nn/threads.hpp>

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace rankine::nn {

namespace {

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

/// Until `holds`: spins, then lets others run, then false.
template <class Condition>
bool spin(const Condition& holds) {
  for (int round = 0; round < 400; ++round) {
    if (holds()) return true;
    pause();
  }
  for (int round = 0; round < 20; ++round) {
    if (holds()) return true;
    std::this_thread::yield();
  }
  return holds();
}

}  // namespace

struct Threads::Pool {
  explicit Pool(std::size_t count) {
    for (std::size_t k = 1; k < count; ++k) threads.emplace_back([this] { serve(); });
  }
  ~Pool() {
    stop.store(true);
    loop.fetch_add(1);
    loop.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  void serve() {
    for (std::uint32_t seen = 0;;) {
      spin([&] { return loop.load() != seen; });
      loop.wait(seen);
      seen = loop.load();
      if (stop.load()) return;
      work();
      if (busy.fetch_sub(1) == 1) busy.notify_all();
    }
  }

  void work() {
    for (std::size_t at = next.fetch_add(1); at < pieces; at = next.fetch_add(1)) {
      try {
        (*piece)(at);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    }
  }

  /// Every thread takes part in every loop, if only to see that nothing is left of it.
  void run(std::size_t count, const std::function<void(std::size_t)>& what) {
    piece = &what;
    pieces = count;
    next.store(0);
    busy.store(threads.size());
    loop.fetch_add(1);
    loop.notify_all();
    work();
    spin([&] { return busy.load() == 0; });
    for (std::size_t left = busy.load(); left != 0; left = busy.load()) busy.wait(left);
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  }

  std::vector<std::thread> threads;
  std::atomic<std::uint32_t> loop{0};  ///< goes up by one a loop
  std::atomic<bool> stop{false};
  const std::function<void(std::size_t)>* piece = nullptr;
  std::size_t pieces = 0;
  alignas(64) std::atomic<std::size_t> next{0};
  alignas(64) std::atomic<std::size_t> busy{0};
  std::mutex mutex;
  std::exception_ptr failure;
};

Threads::Threads(std::size_t count) : pool_(std::make_unique<Pool>(count)) {}
Threads::~Threads() = default;

std::size_t Threads::count() const {
  return pool_->threads.size() + 1;
}

void Threads::for_each(std::size_t pieces, const std::function<void(std::size_t)>& piece) {
  if (pool_->threads.empty() || pieces == 1) {
    for (std::size_t at = 0; at < pieces; ++at) piece(at);
    return;
  }
  pool_->run(pieces, piece);
}

}  // namespace rankine::nn
