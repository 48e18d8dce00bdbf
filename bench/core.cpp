// SPDX-License-Identifier: Apache-2.0
// rankine-bench-core: the runtime's rates under the names of Ray's microbenchmarks, results verified while
// timing, beside what raw MPI and raw memory do in the same program. mpirun -n 2 rankine-bench-core [--json
// FILE] [--quick]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <rankine/rankine.hpp>

#include "raw_mpi.hpp"

namespace rk = rankine;

namespace {

constexpr std::size_t kPutBytes = std::size_t{256} << 20;
constexpr std::size_t kGetBytes = std::size_t{1} << 30;
constexpr int kBatch = 1000;  // tasks of one asynchronous batch, as in Ray's benchmark

int increment(int x) {
  return x + 1;
}

/// Google Benchmark stops a benchmark that reports an error, and the row says why.
void require(benchmark::State& state, bool right) {
  if (!right) state.SkipWithError("wrong result");
}

void tasks_sync(benchmark::State& state) {
  int x = 0;
  for (auto _ : state) {
    require(state, rk::submit<increment>(x).get() == x + 1);
    ++x;
  }
  state.SetItemsProcessed(state.iterations());
}

void tasks_async(benchmark::State& state) {
  for (auto _ : state) {
    std::vector<rk::Future<int>> futures;
    futures.reserve(kBatch);
    for (int i = 0; i < kBatch; ++i) futures.push_back(rk::submit<increment>(i));
    for (int i = 0; i < kBatch; ++i) require(state, futures[static_cast<std::size_t>(i)].get() == i + 1);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void tasks_map(benchmark::State& state) {
  std::vector<int> inputs(100'000);
  std::iota(inputs.begin(), inputs.end(), 0);
  for (auto _ : state) {
    const std::vector<int> results = rk::map<increment>(inputs).get();
    long sum = 0;
    for (const int r : results) sum += r;
    require(state, sum == 100'000L * 100'001 / 2);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(inputs.size()));
}

void put_calls(benchmark::State& state) {
  for (auto _ : state) {
    const auto ref = rk::put(7);
    benchmark::DoNotOptimize(&ref);
  }
  state.SetItemsProcessed(state.iterations());
}

void get_calls(benchmark::State& state) {
  const auto ref = rk::put(7);
  for (auto _ : state) require(state, ref.get() == 7);
  state.SetItemsProcessed(state.iterations());
}

void put_gigabytes(benchmark::State& state) {
  const std::vector<std::uint64_t> values(kPutBytes / 8, 0x0123456789abcdef);
  for (auto _ : state) {
    const auto ref = rk::put(values);
    benchmark::DoNotOptimize(&ref);
  }
  const auto check = rk::put_array(std::span<const std::uint64_t>(values));
  require(state, check.get()[kPutBytes / 16] == values[kPutBytes / 16]);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kPutBytes));
}

void get_gibibyte(benchmark::State& state) {
  const auto ref = rk::submit(
      [](std::size_t bytes) { return rk::Array<std::uint64_t>(bytes / 8, [](std::size_t i) { return i; }); },
      kGetBytes);
  const std::uint64_t* where = ref.get().data();
  for (auto _ : state) {
    const rk::Array<std::uint64_t> values = ref.get();
    require(state, values.data() == where && values[kGetBytes / 16] == kGetBytes / 16);
  }
  state.SetItemsProcessed(state.iterations());
}

void wait_1k_refs(benchmark::State& state) {
  for (auto _ : state) {
    std::vector<rk::Future<int>> futures;
    for (int i = 0; i < 1000; ++i) futures.push_back(rk::submit<increment>(i));
    require(state, rk::wait(futures, futures.size()).size() == futures.size());
  }
  state.SetItemsProcessed(state.iterations());
}

int member(rk::Gang& gang, int x) {
  return x + gang.size();
}

/// A gang of two where there are two workers: placed, given its communicator, run, and gone.
void gang_create_remove(benchmark::State& state) {
  const int ranks = rk::statistics().workers > 1 ? 2 : 1;
  constexpr int kGangs = 100;
  for (auto _ : state) {
    std::vector<rk::Future<int>> futures;
    for (int i = 0; i < kGangs; ++i) futures.push_back(rk::submit_gang<member>({.ranks = ranks}, i));
    for (int i = 0; i < kGangs; ++i) require(state, futures[static_cast<std::size_t>(i)].get() == i + ranks);
  }
  state.SetItemsProcessed(state.iterations() * kGangs);
}

struct Counter {
  long n = 0;
  long add(long k) { return n += k; }
  /// Makes calls of its own, all at once.
  long call_many(const std::vector<rk::Actor<Counter>>& others, int calls) {
    std::vector<rk::Future<long>> futures;
    futures.reserve(static_cast<std::size_t>(calls));
    for (int i = 0; i < calls; ++i) {
      futures.push_back(others[static_cast<std::size_t>(i) % others.size()].call<&Counter::add>(0));
    }
    long sum = 0;
    for (const auto& future : futures) sum += future.get();
    return sum;
  }
};

void actor_calls_sync(benchmark::State& state) {
  const auto counter = rk::spawn<Counter>();
  long expected = 0;
  for (auto _ : state) require(state, counter.call<&Counter::add>(1).get() == ++expected);
  state.SetItemsProcessed(state.iterations());
}

void actor_calls_to(benchmark::State& state, std::size_t count) {
  std::vector<rk::Actor<Counter>> counters;
  for (std::size_t i = 0; i < count; ++i) counters.push_back(rk::spawn<Counter>());
  long expected = 0;
  for (auto _ : state) {
    std::vector<rk::Future<long>> futures;
    futures.reserve(kBatch);
    for (std::size_t i = 0; i < kBatch; ++i) futures.push_back(counters[i % count].call<&Counter::add>(1));
    for (const auto& future : futures) future.get();
    expected += kBatch / static_cast<long>(count);
    require(state, counters[0].call<&Counter::add>(0).get() == expected);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
void actor_calls_async(benchmark::State& state) {
  actor_calls_to(state, 1);
}
void actor_calls_one_to_many(benchmark::State& state) {
  actor_calls_to(state, 4);
}

void actor_calls_many_to_many(benchmark::State& state) {
  std::vector<rk::Actor<Counter>> callers;
  std::vector<rk::Actor<Counter>> counters;
  for (int i = 0; i < 4; ++i) callers.push_back(rk::spawn<Counter>());
  for (int i = 0; i < 4; ++i) counters.push_back(rk::spawn<Counter>(7L));
  for (auto _ : state) {
    std::vector<rk::Future<long>> futures;
    for (const auto& caller : callers) futures.push_back(caller.call<&Counter::call_many>(counters, kBatch));
    for (const auto& future : futures) require(state, future.get() == 7L * kBatch);
  }
  state.SetItemsProcessed(state.iterations() * kBatch * 4);
}

struct Row {
  std::string name;
  double value = 0;  ///< the best repetition
  double median = 0;
  std::string unit;
  double raw = 0;
  std::string raw_name;
};

/// Keeps the rates of all repetitions, and prints nothing itself.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) {
        failed = true;
        std::fprintf(stderr, "%s: %s\n", run.benchmark_name().c_str(), run.error_message.c_str());
        continue;
      }
      if (run.run_type != Run::RT_Iteration) continue;
      const auto items = run.counters.find("items_per_second");
      const auto bytes = run.counters.find("bytes_per_second");
      rates[run.run_name.function_name].push_back(items != run.counters.end() ? items->second.value
                                                                              : bytes->second.value / 1e9);
    }
  }
  std::map<std::string, std::vector<double>> rates;
  bool failed = false;
};

std::vector<Row> rows_of(Collector& collector, const rankine::bench::RawFloor& raw) {
  const std::string round_trip = "MPI one-sided mailbox round trips";
  const std::string copy = "memcpy";
  std::vector<Row> rows{
      {"single_client_tasks_sync", 0, 0, "1/s", raw.mailbox_round_trips_per_s, round_trip},
      {"single_client_tasks_async", 0, 0, "1/s", raw.messages_per_s, "MPI_Isend messages"},
      {"single_client_tasks_map", 0, 0, "1/s", raw.messages_per_s, "MPI_Isend messages"},
      {"single_client_put_calls", 0, 0, "1/s", 0, ""},
      {"single_client_get_calls", 0, 0, "1/s", 0, ""},
      {"single_client_put_gigabytes", 0, 0, "GB/s", raw.memcpy_bytes_per_s / 1e9, copy},
      {"single_client_get_1GiB_same_node", 0, 0, "1/s", raw.memcpy_bytes_per_s / double{kGetBytes}, copy},
      {"single_client_wait_1k_refs", 0, 0, "1/s", 0, ""},
      {"gang_create_run_remove", 0, 0, "1/s", raw.groups_per_s, "MPI_Comm_create_group + free, 2 ranks"},
      {"1_1_actor_calls_sync", 0, 0, "1/s", raw.mailbox_round_trips_per_s, round_trip},
      {"1_1_actor_calls_async", 0, 0, "1/s", raw.messages_per_s, "MPI_Isend messages"},
      {"1_n_actor_calls_async", 0, 0, "1/s", raw.messages_per_s, "MPI_Isend messages"},
      {"n_n_actor_calls_async", 0, 0, "1/s", raw.messages_per_s, "MPI_Isend messages"},
  };
  for (Row& row : rows) {
    std::vector<double>& rates = collector.rates[row.name];
    if (rates.empty()) continue;
    std::sort(rates.begin(), rates.end());
    row.value = rates.back();
    row.median = rates[rates.size() / 2];
  }
  return rows;
}

void print(const std::vector<Row>& rows, int ranks) {
  fmt::print("{:<34} {:>12} {:>12} {:>5}  {:>12} {:>9}  {}\n", fmt::format("{} ranks", ranks), "best",
             "median", "", "raw", "ratio", "raw is");
  for (const Row& row : rows) {
    if (row.value == 0) continue;  // left out by --filter
    fmt::print("{:<34} {:>12.7g} {:>12.7g} {:>5}", row.name, row.value, row.median, row.unit);
    if (row.raw > 0) fmt::print("  {:>12.7g} {:>9.3g}  {}", row.raw, row.value / row.raw, row.raw_name);
    fmt::print("\n");
  }
}

void write_json(const std::string& path, const std::vector<Row>& rows, const rk::Runtime& runtime) {
  nlohmann::json list = nlohmann::json::array();
  for (const Row& row : rows) {
    nlohmann::json item{{"name", row.name}, {"value", row.value}, {"median", row.median}, {"unit", row.unit}};
    item["raw_mpi_value"] = row.raw > 0 ? nlohmann::json(row.raw) : nlohmann::json();
    item["ratio"] = row.raw > 0 ? nlohmann::json(row.value / row.raw) : nlohmann::json();
    item["raw_is"] = row.raw_name;
    item["ranks"] = runtime.size();
    list.push_back(item);
  }
  std::ofstream file(path);
  file << list.dump(2) << '\n';
  if (!file.flush()) throw rk::SystemError("rankine-bench-core: cannot write " + path);
}

void register_all(bool quick) {
  const double seconds = quick ? 0.1 : 0.5;
  const auto add = [&](const char* name, void (*function)(benchmark::State&)) {
    benchmark::RegisterBenchmark(name, function)->UseRealTime()->MinTime(seconds)->Repetitions(quick ? 3 : 7);
  };
  add("single_client_tasks_sync", tasks_sync);
  add("single_client_tasks_async", tasks_async);
  add("single_client_tasks_map", tasks_map);
  add("single_client_put_calls", put_calls);
  add("single_client_get_calls", get_calls);
  add("single_client_put_gigabytes", put_gigabytes);
  add("single_client_get_1GiB_same_node", get_gibibyte);
  add("single_client_wait_1k_refs", wait_1k_refs);
  add("gang_create_run_remove", gang_create_remove);
  add("1_1_actor_calls_sync", actor_calls_sync);
  add("1_1_actor_calls_async", actor_calls_async);
  add("1_n_actor_calls_async", actor_calls_one_to_many);
  add("n_n_actor_calls_async", actor_calls_many_to_many);
}

}  // namespace

int main(int argc, char** argv) {
  std::string json;
  std::string filter = ".";
  bool quick = false;
  CLI::App app{"Rates of tasks and objects beside raw MPI. Run with mpirun -n 2 (or more)."};
  app.add_option("--json", json, "write name, value, unit, raw MPI value and ratio to this file");
  app.add_option("--filter", filter, "regular expression of the benchmarks to run");
  app.add_flag("--quick", quick, "shorter repetitions");

  rk::RuntimeOptions options;
  options.arena_bytes = std::uint64_t{4} << 30;
  rk::Runtime runtime(options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return runtime.is_head() ? app.exit(error) : error.get_exit_code();
  }
  const rankine::bench::RawFloor raw = rankine::bench::measure_raw_floor(kPutBytes);
  return runtime.run([&] {
    register_all(quick);
    Collector collector;
    int no_arguments = 1;
    benchmark::Initialize(&no_arguments, argv);
    benchmark::RunSpecifiedBenchmarks(&collector, filter);
    const std::vector<Row> rows = rows_of(collector, raw);
    print(rows, runtime.size());
    if (!json.empty()) write_json(json, rows, runtime);
    return collector.failed ? 1 : 0;
  });
}
