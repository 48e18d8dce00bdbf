// SPDX-License-Identifier: Apache-2.0
// Calls of actors: one caller and one actor, one and many, many and many.
#include <string>
#include <vector>

#include "core.hpp"

namespace rk = rankine;

namespace rankine::bench {

namespace {

constexpr int kActors = 4;             // Ray has one on every second core
constexpr int kCallers = 4;            // as Ray's m
constexpr int kCallsOfACaller = 5000;  // as Ray's n
constexpr int kCallsWithArgument = 1000;

struct Counter {
  long n = 0;
  long add(long k) { return n += k; }
  long echo(long k) { return k; }
};

rk::Actor<Counter> spawn_counter(std::uint32_t max_concurrency) {
  return rk::spawn<Counter>({.max_concurrency = max_concurrency});
}
std::vector<rk::Actor<Counter>> spawn_counters(std::uint32_t max_concurrency) {
  std::vector<rk::Actor<Counter>> counters;
  for (int i = 0; i < kActors; ++i) counters.push_back(spawn_counter(max_concurrency));
  return counters;
}

/// As many calls, dealt to the actors in turn, all at once; what came back, summed.
long call_all(const std::vector<rk::Actor<Counter>>& counters, int calls) {
  std::vector<rk::Future<long>> futures;
  futures.reserve(static_cast<std::size_t>(calls));
  for (int i = 0; i < calls; ++i) {
    futures.push_back(counters[static_cast<std::size_t>(i) % counters.size()].call<&Counter::echo>(i));
  }
  long sum = 0;
  for (const auto& future : futures) sum += future.get();
  return sum;
}
constexpr long sum_below(long count) {
  return count * (count - 1) / 2;
}

/// An actor that calls others.
struct Caller {
  std::vector<rk::Actor<Counter>> counters;
  explicit Caller(std::vector<rk::Actor<Counter>> those) : counters(std::move(those)) {}
  long call_many(int calls) { return call_all(counters, calls); }
  /// The argument is a stored object that every call refers to.
  long call_with_argument(int calls) {
    const rk::Future<long> argument = rk::put(3L);
    std::vector<rk::Future<long>> futures;
    futures.reserve(static_cast<std::size_t>(calls));
    for (int i = 0; i < calls; ++i) futures.push_back(counters[0].call<&Counter::echo>(argument));
    long sum = 0;
    for (const auto& future : futures) sum += future.get();
    return sum;
  }
};

/// A task that calls actors.
long work(const std::vector<rk::Actor<Counter>>& counters, int calls) {
  return call_all(counters, calls);
}

void calls_sync(benchmark::State& state, std::uint32_t max_concurrency) {
  const auto counter = spawn_counter(max_concurrency);
  long expected = 0;
  for (auto _ : state) require(counter.call<&Counter::add>(1).get() == ++expected);
  state.SetItemsProcessed(state.iterations());
}

void calls_async(benchmark::State& state, std::uint32_t max_concurrency) {
  const std::vector<rk::Actor<Counter>> one{spawn_counter(max_concurrency)};
  for (auto _ : state) require(call_all(one, kBatch) == sum_below(kBatch));
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void driver_to_many(benchmark::State& state) {
  const auto counters = spawn_counters(1);
  for (auto _ : state) require(call_all(counters, kBatch) == sum_below(kBatch));
  state.SetItemsProcessed(state.iterations() * kBatch);
}

/// The one is an actor, as in Ray's loop.
void one_to_many(benchmark::State& state, std::uint32_t max_concurrency) {
  constexpr int kCalls = kCallsOfACaller * kActors;
  const auto caller = rk::spawn<Caller>(spawn_counters(max_concurrency));
  for (auto _ : state) require(caller.call<&Caller::call_many>(kCalls).get() == sum_below(kCalls));
  state.SetItemsProcessed(state.iterations() * kCalls);
}

void many_to_many(benchmark::State& state, std::uint32_t max_concurrency) {
  const auto counters = spawn_counters(max_concurrency);
  for (auto _ : state) {
    std::vector<rk::Future<long>> futures;
    for (int i = 0; i < kCallers; ++i) futures.push_back(rk::submit<work>(counters, kCallsOfACaller));
    for (const auto& future : futures) require(future.get() == sum_below(kCallsOfACaller));
  }
  state.SetItemsProcessed(state.iterations() * kCallers * kCallsOfACaller);
}

void many_to_many_with_argument(benchmark::State& state) {
  std::vector<rk::Actor<Caller>> callers;
  for (int i = 0; i < kActors; ++i) callers.push_back(rk::spawn<Caller>(std::vector{spawn_counter(1)}));
  for (auto _ : state) {
    std::vector<rk::Future<long>> futures;
    for (const auto& caller : callers) {
      futures.push_back(caller.call<&Caller::call_with_argument>(kCallsWithArgument));
    }
    for (const auto& future : futures) require(future.get() == 3L * kCallsWithArgument);
  }
  state.SetItemsProcessed(state.iterations() * kActors * kCallsWithArgument);
}

Row sync_latency(bool quick) {
  const auto counter = rk::spawn<Counter>();
  require(counter.call<&Counter::add>(0).get() == 0);
  return latency_row("us", latencies_us(quick ? 20'000 : 200'000, [&counter](int i) {
                       require(counter.call<&Counter::add>(1).get() == i + 1);
                     }));
}

}  // namespace

void add_actors(Suite& suite, const Setting& setting) {
  // Ray's async actors run up to 1,000 methods at once; so may one of ours with that max_concurrency.
  constexpr std::uint32_t kOfAsyncActor = 1000;
  const auto add = [&suite](const char* name, auto loop, std::uint32_t max_concurrency, Beside beside) {
    suite.rate(
        name, [loop, max_concurrency](benchmark::State& state) { loop(state, max_concurrency); },
        std::move(beside));
  };
  add("1_1_actor_calls_sync", calls_sync, 1, setting.round_trips(500'000));
  suite.figure(
      "1_1_actor_calls_sync_latency", [quick = suite.quick()] { return sync_latency(quick); },
      setting.round_trip_us());
  add("1_1_actor_calls_async", calls_async, 1, setting.messages(2'000'000));
  add("1_1_actor_calls_concurrent", calls_async, 16, setting.messages());
  suite.rate("1_n_actor_calls_async_from_driver", driver_to_many, setting.messages());
  add("1_n_actor_calls_async", one_to_many, 1, setting.messages());
  add("n_n_actor_calls_async", many_to_many, 1, setting.messages(2'000'000));
  suite.rate("n_n_actor_calls_with_arg_async", many_to_many_with_argument, setting.messages());
  add("1_1_async_actor_calls_sync", calls_sync, kOfAsyncActor, setting.round_trips());
  add("1_1_async_actor_calls_async", calls_async, kOfAsyncActor, setting.messages());
  add("1_n_async_actor_calls_async", one_to_many, kOfAsyncActor, setting.messages());
  add("n_n_async_actor_calls_async", many_to_many, kOfAsyncActor, setting.messages());
}

}  // namespace rankine::bench
