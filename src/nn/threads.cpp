// SPDX-License-Identifier: Apache-2.0
// A pool of threads that take numbered pieces: each those of its own share first, so that rows stay in the
// cache of one core from loop to loop, and then what others have left. Between loops they spin for some
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
  for (int round = 0; round < 200; ++round) {
    if (holds()) return true;
    std::this_thread::yield();
  }
  return holds();
}

}  // namespace

struct Threads::Pool {
  explicit Pool(std::size_t count) : shares(count) {
    for (std::size_t k = 1; k < count; ++k) threads.emplace_back([this, k] { serve(k); });
  }
  ~Pool() {
    stop.store(true);
    loop.fetch_add(1);
    loop.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  void serve(std::size_t self) {
    for (std::uint32_t seen = 0;;) {
      spin([&] { return loop.load() != seen; });
      loop.wait(seen);
      seen = loop.load();
      if (stop.load()) return;
      work(self);
      if (busy.fetch_sub(1) == 1) busy.notify_all();
    }
  }

  void work(std::size_t self) {
    for (std::size_t k = 0; k < shares.size(); ++k) {
      Share& share = shares[(self + k) % shares.size()];
      for (std::size_t at = share.next.fetch_add(1); at < share.end; at = share.next.fetch_add(1))
        attempt(at);
    }
  }

  void attempt(std::size_t at) {
    try {
      (*piece)(at);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  }

  /// Every thread takes part in every loop, if only to see that nothing is left of it.
  void run(std::size_t count, const std::function<void(std::size_t)>& what) {
    piece = &what;
    for (std::size_t k = 0; k < shares.size(); ++k) {
      shares[k].end = count * (k + 1) / shares.size();
      shares[k].next.store(count * k / shares.size());
    }
    busy.store(threads.size());
    loop.fetch_add(1);
    loop.notify_all();
    work(0);
    spin([&] { return busy.load() == 0; });
    for (std::size_t left = busy.load(); left != 0; left = busy.load()) busy.wait(left);
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  }

  struct alignas(64) Share {
    std::atomic<std::size_t> next{0};
    std::size_t end = 0;
  };
  std::vector<Share> shares;  ///< of the pieces, by thread
  std::vector<std::thread> threads;
  std::atomic<std::uint32_t> loop{0};  ///< goes up by one a loop
  std::atomic<bool> stop{false};
  const std::function<void(std::size_t)>* piece = nullptr;
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
