// SPDX-License-Identifier: Apache-2.0
// What cancel promises in a real job, where the running task is in another process: pending work never
// starts, running work is asked to end and its future ends as cancelled whatever it returns, what has ended
// stays. A check that fails says so on standard error and makes the exit code 1.
#include <chrono>
#include <string>
#include <vector>

#include <rankine/rankine.hpp>

#include "checks.hpp"

namespace rk = rankine;

namespace {

constexpr auto kPatience = std::chrono::seconds(30);

int add(int a, int b) {
  return a + b;
}
/// Ends when it is cancelled; the exception tells that nobody did for a long time.
int until_cancelled(int x) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!rk::cancelled()) {
    if (std::chrono::steady_clock::now() > end) throw rk::Error("nobody cancelled this task");
  }
  return x;
}

/// How a future ended, in words.
std::string end_of(const rk::Future<int>& future) {
  try {
    return "value " + std::to_string(future.get());
  } catch (const rk::TaskCancelled& error) {
    return std::string(error.what()).empty() ? "cancelled, without a text" : "cancelled";
  } catch (const rk::Error& error) {
    return error.what();
  }
}

Checks check("cancelling");

void expect(const std::string& found, const std::string& expected, const std::string& what) {
  check(found == expected, what + ": " + found + ", not " + expected);
}

void run_all(int ranks) {
  const auto done = rk::submit<add>(1, 2);
  done.get();
  const auto running = rk::submit<until_cancelled>(1);
  const auto pending = rk::submit<add>(running, 1);  // can only start once the other one has ended
  // With one rank the driver is where the task would run: there it is cancelled before it starts.
  if (ranks > 1 && running.wait(std::chrono::milliseconds(50)))
    expect("ended", "running", "a task that waits");
  pending.cancel();
  running.cancel();
  expect(end_of(pending), "cancelled", "pending work");
  expect(end_of(running), "cancelled", "running work");
  done.cancel();
  expect(end_of(done), "value 3", "what had ended");

  std::vector<rk::Future<int>> queue;
  for (int i = 0; i < 200; ++i) queue.push_back(rk::submit<until_cancelled>(i));
  for (const auto& one : queue) one.cancel();
  for (const auto& one : queue) expect(end_of(one), "cancelled", "one of 200 on all ranks");
  expect(end_of(rk::submit<add>(2, 2)), "value 4", "work after all that");
}

}  // namespace

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  return runtime.run([&runtime] {
    run_all(runtime.size());
    return check.exit_code();
  });
}
