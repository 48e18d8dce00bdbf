// SPDX-License-Identifier: Apache-2.0
// Work that does not listen is ended by force: its rank dies, what else ran there is done elsewhere, and the
// job ends in order. To be started by `mpirun --enable-recovery` with four ranks; it loses all three workers
// one after the other. Says "control: all as promised" at the end, since mpirun's exit code says nothing
// then.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

using namespace std::chrono_literals;

int square(int x) {
  return x * x;
}
int slow_square(int x) {
  std::this_thread::sleep_for(2ms);
  return x * x;
}
/// Never returns, which the compiler must not know: no call into the runtime ends it.
int endless(int x) {
  volatile int same = x;
  while (same == x) {
  }
  return same;
}
/// Is suspended when its rank is killed.
int waits_for(int x) {
  return rk::submit<slow_square>(x).get() + 1;
}

int failures = 0;  // of the driver, which is one thread of one process

void expect(bool right, const std::string& what) {
  if (right) return;
  ++failures;
  std::cerr << "control: failed: " << what << '\n';
}

template <class Failure>
bool fails_with(const rk::Future<int>& future) {
  try {
    future.get();
  } catch (const Failure&) {
    return true;
  } catch (const rk::Error& error) {
    std::cerr << "control: another end: " << error.what() << '\n';
  }
  return false;
}

void wait_until_running(const rk::Future<int>& future) {
  while (rk::explain(future).state != rk::Explanation::State::running) std::this_thread::sleep_for(1ms);
}

/// Other work is under way on all ranks while one of them is lost.
void lose_a_rank(const std::string& what, bool by_time) {
  std::vector<rk::Future<int>> others;
  for (int i = 0; i < 50; ++i) others.push_back(rk::submit<slow_square>(i));
  const rk::Options options{.timeout = by_time ? 100ms : 0ms};
  const auto stuck = rk::submit<endless>(options, 1);
  for (int i = 0; i < 50; ++i) others.push_back(rk::submit<waits_for>(i));
  if (!by_time) {
    wait_until_running(stuck);
    stuck.cancel({.force = true});
    expect(fails_with<rk::TaskCancelled>(stuck), what + ": the future ends as cancelled");
  } else {
    expect(fails_with<rk::TaskTimedOut>(stuck), what + ": the future ends as timed out");
  }
  for (int i = 0; i < 100; ++i) {
    const int x = i % 50;
    expect(others[static_cast<std::size_t>(i)].get() == x * x + i / 50, what + ": other work is done");
  }
}

/// Work goes back to the others before its rank is gone.
void expect_workers(std::uint64_t count, const std::string& what) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (rk::statistics().workers > count && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(1ms);
  expect(rk::statistics().workers == count, what);
}

void run_all() {
  const auto before = rk::put(std::string("still there"));
  lose_a_rank("by force", false);
  expect_workers(2, "one worker is gone");
  lose_a_rank("by time", true);
  expect_workers(1, "two workers are gone");
  const auto stuck = rk::submit<endless>({.max_retries = 0}, 1);
  wait_until_running(stuck);
  stuck.cancel({.force = true});
  expect(fails_with<rk::TaskCancelled>(stuck), "the last worker can be spared too");
  expect(rk::submit<square>(12).get() == 144, "rank 0 works when nobody else is left");
  expect(rk::submit<waits_for>(3).get() == 10, "also tasks of tasks");
  expect(before.get() == "still there", "an object of rank 0");
}

}  // namespace

int main(int argc, char** argv) {
  rk::RuntimeOptions options;
  options.timeout_grace = 100ms;
  rk::Runtime runtime(argc, argv, options);
  return runtime.run([] {
    run_all();
    if (failures == 0) std::cout << "control: all as promised" << std::endl;
    return failures == 0 ? 0 : 1;
  });
}
