// SPDX-License-Identifier: Apache-2.0
#include "suite.hpp"

#include <exception>
#include <utility>

#include <fmt/core.h>

#include <rankine/core/error.hpp>

namespace rankine::bench {

namespace {

/// Keeps the rates of all repetitions, and prints nothing.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (!run.error_occurred && run.run_type == Run::RT_Iteration) {
        const auto bytes = run.counters.find("bytes_per_second");
        in_bytes = bytes != run.counters.end();
        rates.push_back(in_bytes ? bytes->second.value / 1e9 : run.counters.at("items_per_second").value);
      }
    }
  }
  std::vector<double> rates;
  bool in_bytes = false;
};

}  // namespace

Suite::Suite(CommandLine command_line, int ranks) : command_line_(std::move(command_line)), ranks_(ranks) {
  char name[] = "bench";
  char* arguments[] = {name, nullptr};
  int count = 1;
  benchmark::Initialize(&count, arguments);
}

void Suite::rate(const std::string& name, std::function<void(benchmark::State&)> loop, Beside beside) {
  figure(
      name, [this, name, loop = std::move(loop)] { return run_loop(name, loop); }, std::move(beside));
}

void Suite::figure(const std::string& name, std::function<Row()> measure, Beside beside) {
  measurements_.push_back({name, std::move(measure), std::move(beside)});
}

Row Suite::run_loop(const std::string& name, const std::function<void(benchmark::State&)>& loop) const {
  std::exception_ptr thrown;
  const auto guarded = [&loop, &thrown](benchmark::State& state) {
    try {
      loop(state);
    } catch (...) {
      thrown = std::current_exception();
      state.SkipWithError("threw");
    }
  };
  benchmark::ClearRegisteredBenchmarks();
  benchmark::RegisterBenchmark(name.c_str(), guarded)
      ->UseRealTime()
      ->MinTime(quick() ? 0.1 : 0.4)
      ->Repetitions(quick() ? 3 : 5);
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector, ".");
  if (thrown) std::rethrow_exception(thrown);
  return rate_row(collector.in_bytes ? "GB/s" : "1/s", collector.rates);
}

std::vector<Row> Suite::run() {
  std::vector<Row> rows;
  print_head(stdout);
  for (const Measurement& measurement : measurements_) {
    if (!command_line_.wants(measurement.name)) continue;
    try {
      Row row = measurement.measure();
      row.name = measurement.name;
      row.ranks = ranks_;
      row.raw = measurement.beside.raw;
      row.raw_is = measurement.beside.raw_is;
      row.target = measurement.beside.target;
      print_row(stdout, row);
      rows.push_back(std::move(row));
    } catch (const Drained&) {
      throw;  // the run is asked to end: nothing more can be measured
    } catch (const std::exception& error) {
      failures_.push_back(measurement.name);
      fmt::print(stderr, "{}: {}\n", measurement.name, error.what());
    }
  }
  return rows;
}

int report(Suite& suite, const CommandLine& command_line) {
  const std::vector<Row> rows = suite.run();
  if (!command_line.json.empty()) write_json(command_line.json, rows);
  if (rows.empty() && suite.failures().empty()) {
    fmt::print(stderr, "no row matches --filter '{}'\n", command_line.filter);
    return 1;
  }
  return suite.failures().empty() ? 0 : 1;
}

}  // namespace rankine::bench
