// SPDX-License-Identifier: Apache-2.0
// A bench program's list of measurements: loops of Google Benchmark, and figures timed by hand. Runs those
// that the command line wants, one after another, and makes rows of them; a measurement that finds a wrong
// result or throws is named, and the others still run.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "command_line.hpp"
#include "rows.hpp"

namespace rankine::bench {

/// A measured thing gave something else than it must.
class WrongResult : public std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Throws WrongResult.
inline void require(bool right, const char* what = "wrong result") {
  if (!right) throw WrongResult(what);
}

/// What stands beside a figure, in its unit.
struct Beside {
  std::optional<double> raw;
  std::string raw_is;
  std::optional<double> target;
};

/// Seconds on the steady clock.
inline double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The seconds that one call of `work` takes.
template <class Work>
double seconds_of(Work&& work) {
  const double start = now_s();
  work();
  return now_s() - start;
}

/// Microseconds of each of `count` calls of `call(i)`.
template <class Call>
std::vector<double> latencies_us(int count, Call&& call) {
  std::vector<double> latencies(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) latencies[static_cast<std::size_t>(i)] = 1e6 * seconds_of([&] { call(i); });
  return latencies;
}

class Suite {
 public:
  /// `ranks` is written into every row.
  Suite(CommandLine command_line, int ranks);

  bool quick() const { return command_line_.quick; }

  /// A loop over the benchmark's state that tells it the items (unit 1/s) or bytes (GB/s) processed.
  void rate(const std::string& name, std::function<void(benchmark::State&)> loop, Beside beside = {});
  /// Anything timed by hand. `measure` gives the row but for name, ranks and what stands beside it.
  void figure(const std::string& name, std::function<Row()> measure, Beside beside = {});

  /// Measures in the order in which they were added; prints each row when it is there, and on standard error
  /// what fails.
  std::vector<Row> run();
  /// The names of what failed.
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  struct Measurement {
    std::string name;
    std::function<Row()> measure;
    Beside beside;
  };
  Row run_loop(const std::string& name, const std::function<void(benchmark::State&)>& loop) const;

  CommandLine command_line_;
  int ranks_;
  std::vector<Measurement> measurements_;
  std::vector<std::string> failures_;
};

/// Runs the suite and writes its JSON: the exit code of a bench program, 1 if one failed or
/// none was wanted.
int report(Suite& suite, const CommandLine& command_line);

}  // namespace rankine::bench
