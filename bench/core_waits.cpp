// SPDX-License-Identifier: Apache-2.0
// wait() on a list of 1,000 references.
#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "core.hpp"
#include "gate.hpp"

namespace rk = rankine;

namespace rankine::bench {

namespace {

constexpr int kRefs = 1000;

int after(int opened, int x) {
  return opened + x;
}

std::vector<rk::Future<int>> started_tasks() {
  std::vector<rk::Future<int>> futures;
  for (int i = 0; i < kRefs; ++i) futures.push_back(rk::submit<increment>(i));
  return futures;
}

/// Ray's loop: waits for one of those that are left, takes it from the list, until none is left.
void wait_one_by_one(benchmark::State& state) {
  for (auto _ : state) {
    std::vector<rk::Future<int>> not_ready = started_tasks();
    for (int i = 0; i < kRefs; ++i) {
      const std::vector<std::uint32_t> ended = rk::wait(not_ready);
      require(!ended.empty() && not_ready[ended[0]].ready());
      not_ready.erase(not_ready.begin() + ended[0]);
    }
    require(not_ready.empty());
  }
  state.SetItemsProcessed(state.iterations());
}

/// Submits 1,000 tasks and waits once for all.
void wait_for_all(benchmark::State& state) {
  for (auto _ : state) {
    const std::vector<rk::Future<int>> futures = started_tasks();
    require(rk::wait(futures, futures.size()).size() == futures.size());
  }
  state.SetItemsProcessed(state.iterations());
}

/// Single waits on a list whose futures have all ended.
void wait_all_ready(benchmark::State& state) {
  const std::vector<rk::Future<int>> futures = started_tasks();
  for (auto _ : state) require(rk::wait(futures, kRefs).size() == kRefs);
  state.SetItemsProcessed(state.iterations());
}

/// Single waits on a list of which every second future has ended and the others cannot yet.
void wait_half_pending(benchmark::State& state) {
  std::vector<rk::Future<int>> futures = started_tasks();
  require(rk::wait(futures, kRefs).size() == kRefs);
  Gate gate;
  const rk::Future<int> opened = rk::submit<pass_gate>(gate.path());
  for (std::size_t i = 0; i < kRefs; i += 2) futures[i] = rk::submit<after>(opened, static_cast<int>(i));
  for (auto _ : state) require(rk::wait(futures, kRefs / 2).size() == kRefs / 2);
  state.SetItemsProcessed(state.iterations());
  gate.open();
  for (std::size_t i = 0; i < kRefs; i += 2) require(futures[i].get() == static_cast<int>(i) + 1);
}

}  // namespace

void add_waits(Suite& suite, const Setting& setting) {
  suite.rate("single_client_wait_1k_refs", wait_one_by_one);
  suite.rate("single_client_submit_1k_wait_for_all", wait_for_all);
  suite.rate("single_client_wait_calls_1k_all_ready", wait_all_ready, {{}, {}, setting.target(10'000)});
  suite.rate("single_client_wait_calls_1k_half_pending", wait_half_pending, {{}, {}, setting.target(10'000)});
}

}  // namespace rankine::bench
