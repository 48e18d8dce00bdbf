// SPDX-License-Identifier: Apache-2.0
// Tasks: one after another, many at once, as a map, and from several submitters.
#include <numeric>
#include <vector>

#include "core.hpp"

namespace rk = rankine;

namespace rankine::bench {

int increment(int x) {
  return x + 1;
}

namespace {

constexpr int kClients = 4;              // as Ray's m
constexpr int kTasksOfAClient = 10'000;  // as Ray's n

/// A batch of tasks, submitted one by one and then collected.
void run_batch(int count) {
  std::vector<rk::Future<int>> futures;
  futures.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) futures.push_back(rk::submit<increment>(i));
  for (int i = 0; i < count; ++i) require(futures[static_cast<std::size_t>(i)].get() == i + 1);
}

struct Client {
  int submitted = 0;
  int run_batch_of(int count) {
    run_batch(count);
    return submitted += count;
  }
};

void tasks_sync(benchmark::State& state) {
  int x = 0;
  for (auto _ : state) {
    require(rk::submit<increment>(x).get() == x + 1);
    ++x;
  }
  state.SetItemsProcessed(state.iterations());
}

void tasks_async(benchmark::State& state) {
  for (auto _ : state) run_batch(kBatch);
  state.SetItemsProcessed(state.iterations() * kBatch);
}

/// Ray's loop is the one of tasks_async, counted in batches.
void tasks_and_get_batch(benchmark::State& state) {
  for (auto _ : state) run_batch(kBatch);
  state.SetItemsProcessed(state.iterations());
}

void tasks_map(benchmark::State& state) {
  std::vector<int> inputs(100'000);
  std::iota(inputs.begin(), inputs.end(), 0);
  for (auto _ : state) {
    const std::vector<int> results = rk::map<increment>(inputs).get();
    require(std::accumulate(results.begin(), results.end(), 0L) == 100'000L * 100'001 / 2);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(inputs.size()));
}

void multi_client_tasks(benchmark::State& state) {
  std::vector<rk::Actor<Client>> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(rk::spawn<Client>());
  int expected = 0;
  for (auto _ : state) {
    std::vector<rk::Future<int>> futures;
    for (const auto& client : clients) {
      futures.push_back(client.call<&Client::run_batch_of>(kTasksOfAClient));
    }
    expected += kTasksOfAClient;
    for (const auto& future : futures) require(future.get() == expected);
  }
  state.SetItemsProcessed(state.iterations() * kClients * kTasksOfAClient);
}

}  // namespace

void add_tasks(Suite& suite, const Setting& setting) {
  suite.rate("single_client_tasks_sync", tasks_sync, setting.round_trips(500'000));
  suite.figure(
      "single_client_tasks_sync_latency",
      [quick = suite.quick()] {
        return latency_row("us", latencies_us(quick ? 20'000 : 200'000, [](int i) {
                             require(rk::submit<increment>(i).get() == i + 1);
                           }));
      },
      setting.round_trip_us());
  suite.rate("single_client_tasks_async", tasks_async, setting.messages(2'000'000));
  suite.rate(
      "single_client_tasks_and_get_batch", tasks_and_get_batch,
      {Setting::measured(setting.raw.messages_per_s / kBatch), "batches of 1,000 MPI_Isend messages", {}});
  suite.rate("single_client_tasks_map", tasks_map, setting.messages(2'000'000));
  suite.rate("multi_client_tasks_async", multi_client_tasks, setting.messages());
}

}  // namespace rankine::bench
