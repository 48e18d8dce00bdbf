// SPDX-License-Identifier: Apache-2.0
// rankine-bench-quiet: what the runtime costs when there is nothing to do, how soon a sleeping rank answers,
// what more ranks than cores cost, and how long a run takes to start. mpirun -n 8 rankine-bench-quiet [--json
// FILE] [--quick]; all ranks on one machine.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include <rankine/rankine.hpp>

#include "quiet_processes.hpp"
#include "suite.hpp"

namespace rk = rankine;
using namespace rankine::bench;

namespace {

constexpr double kTaskSeconds = 1e-3;
constexpr char kRest[] = "rest";  ///< a resource of each rank; what holds it keeps others waiting
constexpr double kIdlePercentMax = 1;
constexpr double kAnswerMicrosecondsMax = 50;
constexpr double kStartSecondsMax = 1;
constexpr double kCrowdRatioMin = 0.95;

int increment(int x) {
  return x + 1;
}

int spin_a_while(int x) {
  const double end = own_cpu_seconds() + kTaskSeconds;
  while (own_cpu_seconds() < end) {
  }
  return x + 1;
}

int sleep_a_while(int x) {
  std::this_thread::sleep_for(std::chrono::duration<double>(kTaskSeconds));
  return x + 1;
}

/// An actor that lives and does nothing.
struct Holder {
  bool here() const { return true; }
};

/// Keeps the driver waiting: a task that cannot start while an actor holds what it wants.
class Rest {
 public:
  Rest() : holder_(rk::spawn<Holder>({.custom = {{kRest, 1}}, .rank = 1})) {
    require(holder_.call<&Holder::here>().get());
    waiting_ = rk::submit<increment>({.custom = {{kRest, 1}}, .rank = 1}, 1);
  }
  /// The driver waits, and nobody has anything to do.
  void wait(double seconds) const {
    require(!waiting_.wait(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds))));
  }
  void end() {
    holder_.kill();
    require(waiting_.get() == 2);
  }

 private:
  rk::Actor<Holder> holder_;
  rk::Future<int> waiting_;
};

/// Percent of a core that each rank took while `meanwhile` ran.
template <class Meanwhile>
std::vector<double> load_of(const std::vector<pid_t>& ranks, Meanwhile meanwhile) {
  const std::vector<double> before = cpu_seconds(ranks);
  const double seconds = seconds_of(meanwhile);
  std::vector<double> load = cpu_seconds(ranks);
  for (std::size_t i = 0; i < load.size(); ++i) load[i] = (load[i] - before[i]) / seconds * 100;
  return load;
}

/// All ranks at rest, one actor alive.
std::vector<double> load_at_rest(const std::vector<pid_t>& ranks, double seconds) {
  Rest rest;
  rest.wait(1);
  std::vector<double> load = load_of(ranks, [&] { rest.wait(seconds); });
  rest.end();
  return load;
}

/// The driver computes; what it takes itself is not counted.
std::vector<double> load_beside_driver(const std::vector<pid_t>& ranks, double seconds) {
  double driver = 0;
  std::vector<double> load = load_of(ranks, [&] {
    const double before = own_cpu_seconds();
    const double end = now_s() + seconds;
    while (now_s() < end) {
    }
    driver = own_cpu_seconds() - before;
  });
  load.front() -= driver / seconds * 100;
  return load;
}

Row worst_load(const std::vector<double>& loads) {
  Row row = latency_row("%core", loads);
  row.value = *std::max_element(loads.begin(), loads.end());
  row.p99 = {};
  return row;
}

/// Something that several rows show, measured once.
template <class Value>
class Once {
 public:
  explicit Once(std::function<Value()> measure) : measure_(std::move(measure)) {}
  const Value& get() {
    if (!value_) value_ = measure_();
    return *value_;
  }

 private:
  std::function<Value()> measure_;
  std::optional<Value> value_;
};

/// Two rows: the worst of the workers, and rank 0.
void add_idle(Suite& suite, const std::string& situation, std::function<std::vector<double>()> measure) {
  const auto load = std::make_shared<Once<std::vector<double>>>(std::move(measure));
  const Beside target{.raw = {}, .raw_is = {}, .target = kIdlePercentMax};
  suite.figure(
      "idle_rank" + situation,
      [load] {
        return worst_load({load->get().begin() + 1, load->get().end()});
      },
      target);
  suite.figure(
      "idle_head" + situation, [load] { return worst_load({load->get().front()}); }, target);
}

/// Each after a pause in which every rank, and its ticking thread, has gone to sleep.
Row answers(int count, double pause_s) {
  Rest rest;
  std::vector<double> microseconds;
  for (int i = 0; i < count; ++i) {
    rest.wait(pause_s);
    microseconds.push_back(1e6 * seconds_of([i] { require(rk::submit<increment>(i).get() == i + 1); }));
  }
  rest.end();
  return latency_row("us", microseconds);
}

void add_answers(Suite& suite, const FutexAnswers& raw, const std::string& name, double pause_s, int count) {
  Beside beside{.raw = {}, .raw_is = "futex wake and answer", .target = kAnswerMicrosecondsMax};
  if (!raw.after(pause_s).empty()) beside.raw = 1e6 * spread_of(raw.after(pause_s)).median;
  suite.figure(
      name, [=] { return answers(count, pause_s); }, beside);
}

/// Tasks a second of these ranks together; of all if there are none.
template <auto F>
double rate_of(int tasks, const std::vector<int>& ranks) {
  std::vector<int> inputs(static_cast<std::size_t>(tasks) / std::max<std::size_t>(1, ranks.size()));
  std::iota(inputs.begin(), inputs.end(), 0);
  std::vector<rk::FutureRange<int>> results;
  const double seconds = seconds_of([&] {
    if (ranks.empty()) results.push_back(rk::map<F>(inputs));
    for (const int rank : ranks) results.push_back(rk::map<F>({.rank = rank}, inputs));
    for (const auto& result : results) result.wait();
  });
  for (const auto& result : results) {
    const std::vector<int> values = result.get();
    for (std::size_t i = 0; i < values.size(); ++i) require(values[i] == inputs[i] + 1);
  }
  return static_cast<double>(inputs.size() * results.size()) / seconds;
}

struct Crowd {
  std::vector<double> all;
  std::vector<double> two;
  std::vector<double> ratios;
};

/// All workers, and two of them alone, in turns.
template <auto F>
Crowd measure_crowd(int tasks, int repetitions) {
  Crowd crowd;
  for (int i = 0; i < repetitions; ++i) {
    crowd.two.push_back(rate_of<F>(tasks, {1, 2}));
    crowd.all.push_back(rate_of<F>(tasks, {}));
    crowd.ratios.push_back(crowd.all.back() / crowd.two.back());
  }
  return crowd;
}

/// What more ranks than cores cost.
template <auto F>
void add_crowd(Suite& suite, const std::string& name, int tasks) {
  const int repetitions = suite.quick() ? 3 : 7;
  const auto crowd = std::make_shared<Once<Crowd>>([=] { return measure_crowd<F>(tasks, repetitions); });
  suite.figure(name, [crowd] { return rate_row("1/s", crowd->get().all); });
  suite.figure(name + "_2_workers", [crowd] { return rate_row("1/s", crowd->get().two); });
  suite.figure(name + "_against_2_workers",
               [crowd] {
                 Row row = rate_row("ratio", crowd->get().ratios);
                 row.value = *row.median;
                 return row;
               },
               {.raw = {}, .raw_is = {}, .target = kCrowdRatioMin});
}

void add_start(Suite& suite, double seconds) {
  const MpiStart mpi = mpi_start();
  suite.figure(
      "start_to_first_result",
      [seconds] {
        Row row = latency_row("s", {seconds});
        row.median = row.min = row.p99 = {};
        return row;
      },
      {.raw = mpi.ended - mpi.began, .raw_is = "MPI_Init_thread, before it", .target = kStartSecondsMax});
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine command_line;
  CLI::App app{"What the runtime costs at rest. Run with mpirun -n 2 (or more) on one machine."};
  command_line.add_to(app);
  rk::RuntimeOptions options;
  options.resources = {{kRest, 1}};
  rk::Runtime runtime(options);
  const double started_s = now_s() - mpi_start().ended;  // all ranks have by then
  if (const auto code = parse(app, argc, argv, runtime.is_head())) return *code;
  if (runtime.size() < 2) {
    std::fprintf(stderr, "rankine-bench-quiet: with one rank nobody sleeps. Remedy: mpirun -n 2 or more\n");
    return 2;
  }
  const bool quick = command_line.quick;
  const std::vector<pid_t> ranks = processes_of_ranks();
  const FutexAnswers raw(quick ? 50 : 300);
  return runtime.run([&] {
    const double first_s = started_s + seconds_of([] { require(rk::submit<increment>(1).get() == 2); });
    Suite suite(command_line, runtime.size());
    add_start(suite, first_s);
    add_answers(suite, raw, "sleeping_rank_answers", FutexAnswers::kShortPause, quick ? 200 : 1000);
    add_answers(suite, raw, "sleeping_rank_answers_cold", FutexAnswers::kLongPause, quick ? 50 : 300);
    if (runtime.size() > 2) {
      add_crowd<spin_a_while>(suite, "tasks_1ms_spinning", quick ? 1000 : 4000);
      add_crowd<sleep_a_while>(suite, "tasks_1ms_sleeping", quick ? 500 : 2000);
    }
    add_idle(suite, "", [&] { return load_at_rest(ranks, quick ? 5 : 60); });
    add_idle(suite, "_driver_computes", [&] { return load_beside_driver(ranks, quick ? 3 : 60); });
    return report(suite, command_line);
  });
}
