// SPDX-License-Identifier: Apache-2.0
// Work that does not listen is ended by force: its rank dies, what else ran there is done elsewhere, and the
// job ends in order. To be started by `mpirun --enable-recovery` with four ranks; it loses all three workers
// one after the other. Says "control: all as promised" at the end, since mpirun's exit code says nothing
// then.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <stdlib.h>
#include <unistd.h>

#include <rankine/rankine.hpp>

#include "checks.hpp"

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
/// Never returns, which the compiler must not know: no call into the runtime ends it. Makes the file
/// `started` first: what was sent to a rank counts as running, and is cancelled without harm if it has not
/// begun there.
int endless(const std::string& started) {
  std::ofstream(started).flush();
  const int x = 1;
  volatile int same = x;
  while (same == x) {
  }
  return same;
}
/// Is suspended when its rank is killed.
int waits_for(int x) {
  return rk::submit<slow_square>(x).get() + 1;
}

Checks expect("control");

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

/// A path that nobody has used yet.
std::filesystem::path fresh_path() {
  std::string name = (std::filesystem::temp_directory_path() / "rankine-control-XXXXXX").string();
  const int file = mkstemp(name.data());
  if (file < 0) throw std::runtime_error("control: no temporary file can be made");
  close(file);
  std::filesystem::remove(name);
  return name;
}

void wait_until_exists(const std::filesystem::path& started) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!std::filesystem::exists(started) && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(1ms);
  expect(std::filesystem::remove(started), "the endless task starts");
}

/// Other work is under way on all ranks while one of them is lost.
void lose_a_rank(const std::string& what, bool by_time) {
  std::vector<rk::Future<int>> others;
  for (int i = 0; i < 50; ++i) others.push_back(rk::submit<slow_square>(i));
  const rk::Options options{.timeout = by_time ? 100ms : 0ms};
  const std::filesystem::path started = fresh_path();
  const auto stuck = rk::submit<endless>(options, started.string());
  for (int i = 0; i < 50; ++i) others.push_back(rk::submit<waits_for>(i));
  if (!by_time) {
    wait_until_exists(started);
    stuck.cancel({.force = true});
    expect(fails_with<rk::TaskCancelled>(stuck), what + ": the future ends as cancelled");
  } else {
    expect(fails_with<rk::TaskTimedOut>(stuck), what + ": the future ends as timed out");
    wait_until_exists(started);
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
  const std::filesystem::path started = fresh_path();
  const auto stuck = rk::submit<endless>({.max_retries = 0}, started.string());
  wait_until_exists(started);
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
    if (expect.all_hold()) std::cout << "control: all as promised" << std::endl;
    return expect.exit_code();
  });
}
