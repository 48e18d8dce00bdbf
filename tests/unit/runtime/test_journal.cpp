// SPDX-License-Identifier: Apache-2.0
// Runs that go on where an earlier one stopped: what was journalled is not computed again.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <stdexcept>

#include "on_ranks.hpp"
#include "run_folder.hpp"

namespace journal_test {

std::atomic<int> executions{0};

double square(double x) {
  ++executions;
  return x * x;
}
int fails_above(int x, int limit) {
  ++executions;
  if (x > limit) throw std::runtime_error("above the limit");
  return x;
}
std::vector<double> many(int n) {
  ++executions;
  std::vector<double> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 0.5);
  return values;
}
double sum(const std::vector<double>& values) {
  ++executions;
  return std::accumulate(values.begin(), values.end(), 0.0);
}
double scaled(const std::string& text, double factor) {
  ++executions;
  return factor * static_cast<double>(text.size());
}
double parent_of_keyed(int n) {
  ++executions;
  double total = 0;
  std::vector<double> inputs{1, 2, 3};
  const auto squares = rk::map<square>({.key = 500 + static_cast<std::uint64_t>(n)}, inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) total += squares[i].get();
  return total + rk::submit<square>({.key = 600}, 4.0).get();
}
rk::Future<double> gives_future(double x) {
  ++executions;
  return rk::submit<square>(x);
}

struct Counter {
  int n = 0;
  int add(int k) { return n += k; }
  int value() { return n; }
  int save() const { return n; }
  void load(int saved) { n = saved; }
};

struct Stop : std::exception {};

/// A run that stops after `driver`, so that there is something to resume; how many tasks it executed.
int stopped_run(const rk::RuntimeOptions& options, int ranks, const std::function<void()>& driver) {
  executions = 0;
  CHECK_THROWS_AS(rk::run_as_threads(ranks, options,
                                     [&] {
                                       driver();
                                       throw Stop();
                                     }),
                  Stop);
  return executions;
}

TEST_CASE("keyed tasks and maps of a stopped run are not run again") {
  RunFolder run;
  std::vector<double> inputs(100);
  std::iota(inputs.begin(), inputs.end(), 0.0);
  const auto driver = [&] {
    const auto squares = rk::map<square>({.key = 7}, inputs);
    CHECK(rk::submit<square>({.key = 8}, 5.0).get() == 25);
    for (std::size_t i = 0; i < inputs.size(); ++i) CHECK(squares[i].get() == inputs[i] * inputs[i]);
    CHECK(rk::submit<square>(3.0).get() == 9);  // without a key: always
  };
  CHECK(stopped_run(run.options, 3, driver) == 102);
  CHECK(stopped_run(run.options, 2, driver) == 1);
  CHECK(stopped_run(run.options, 1, driver) == 1);
  executions = 0;
  rk::run_as_threads(3, run.options, [&] {
    driver();
    CHECK(rk::statistics().resumed == 101);
  });
  CHECK(executions == 1);
  // That run finished: the next one begins anew, unless a resume is asked for.
  rk::RuntimeOptions required = run.options;
  required.resume = rk::Resume::required;
  CHECK(stopped_run(required, 2, driver) == 1);
  rk::RuntimeOptions fresh = run.options;
  fresh.resume = rk::Resume::fresh;
  CHECK(stopped_run(fresh, 2, driver) == 102);
}

TEST_CASE("a changed key, function or argument is another task") {
  RunFolder run;
  CHECK(stopped_run(run.options, 2, [] {
          const std::vector<double> inputs{1, 2, 3, 4};
          rk::map<square>({.key = 7}, inputs).wait();
          rk::submit<scaled>({.key = 9}, std::string("four"), 2.0).get();
        }) == 5);
  CHECK(stopped_run(run.options, 2, [] {
          const std::vector<double> inputs{1, 2.5, 3, 4, 5};  // one changed, one more
          const auto squares = rk::map<square>({.key = 7}, inputs);
          CHECK(squares[1].get() == 6.25);
          CHECK(squares[2].get() == 9);
          CHECK(squares[4].get() == 25);
          CHECK(rk::submit<scaled>({.key = 9}, std::string("fours"), 2.0).get() == 10);
          CHECK(rk::submit<scaled>({.key = 9}, std::string("four"), 2.0).get() == 8);
          CHECK(rk::submit<square>({.key = 10}, 1.0).get() == 1);
        }) == 4);
}

TEST_CASE("elements of varying size are known again") {
  RunFolder run;
  const auto driver = [] {
    std::vector<std::string> inputs;
    for (int i = 0; i < 40; ++i) inputs.emplace_back(static_cast<std::size_t>(7 * i), 'a');
    const auto lengths = rk::map<scaled>({.key = 3}, inputs, 2.0);
    for (int i = 0; i < 40; ++i) CHECK(lengths[static_cast<std::size_t>(i)].get() == 14 * i);
  };
  CHECK(stopped_run(run.options, 2, driver) == 40);
  CHECK(stopped_run(run.options, 2, driver) == 0);
}

TEST_CASE("large results come back, from other nodes too") {
  RunFolder run;
  const auto driver = [] {
    const auto values = rk::submit<many>({.key = 1}, 50000);
    CHECK(values.get().size() == 50000);
    CHECK(values.get()[49999] == 49999.5);
    const std::vector<int> sizes{3, 40000, 5, 60000};
    const auto several = rk::map<many>({.key = 2}, sizes);
    for (std::size_t i = 0; i < sizes.size(); ++i)
      CHECK(several[i].get().size() == static_cast<std::size_t>(sizes[i]));
  };
  const rk::PretendedNodes nodes{3, 1, false};
  for (const int expected : {5, 0}) {
    executions = 0;
    CHECK_THROWS_AS(rk::run_as_threads(nodes, run.options,
                                       [&] {
                                         driver();
                                         throw Stop();
                                       }),
                    Stop);
    CHECK(executions == expected);
  }
}

TEST_CASE("a large result that nobody holds is written all the same") {
  RunFolder run;
  CHECK(stopped_run(run.options, 2, [] {
          rk::submit<many>({.key = 1}, 50000);  // the future dies at once
          rk::submit<square>({.key = 2}, 1.0).get();
          while (rk::statistics().finished < 2) rk::submit<square>(1.0).get();
        }) >= 2);
  CHECK(stopped_run(run.options, 2,
                    [] { CHECK(rk::submit<many>({.key = 1}, 50000).get().size() == 50000); }) == 0);
}

TEST_CASE("futures and put values as arguments are known by what they are") {
  RunFolder run;
  const auto driver = [](double offset) {
    rk::submit<square>(0.0).get();  // moves the ids
    const auto data = rk::put(std::vector<double>{1, 2, offset});
    const auto values = rk::submit<many>({.key = 1}, 100);
    CHECK(rk::submit<sum>({.key = 2}, values).get() == 5000);
    CHECK(rk::submit<sum>({.key = 3}, data).get() == 3 + offset);
  };
  CHECK(stopped_run(run.options, 2, [&] { driver(4); }) == 4);
  CHECK(stopped_run(run.options, 2, [&] {
          rk::submit<square>(1.0).get();  // and here
          driver(4);
        }) == 2);
  CHECK(stopped_run(run.options, 2, [&] { driver(5); }) == 2);
}

TEST_CASE("what cannot be known again runs again") {
  RunFolder run;
  const auto driver = [] {
    const auto unkeyed = rk::submit<many>(100);
    CHECK(rk::submit<sum>({.key = 2}, unkeyed).get() == 5000);
    CHECK(rk::submit<gives_future>({.key = 3}, 2.0).get().get() == 4);  // a ref inside the result
  };
  CHECK(stopped_run(run.options, 2, driver) == 4);
  CHECK(stopped_run(run.options, 2, driver) == 4);
}

TEST_CASE("failures are not journalled") {
  RunFolder run;
  const std::vector<int> inputs{1, 5, 2, 7};
  const auto driver = [&](int limit) {
    const auto results = rk::map<fails_above>({.key = 1}, inputs, limit);
    results.wait();
    CHECK_THROWS_AS(results[1].get(), rk::TaskError);
    CHECK(results[2].get() == 2);
  };
  CHECK(stopped_run(run.options, 2, [&] { driver(4); }) == 4);
  CHECK(stopped_run(run.options, 2, [&] { driver(4); }) == 2);
}

TEST_CASE("tasks that tasks submit have keys of their own") {
  RunFolder run;
  const auto driver = [](std::uint64_t key) {
    CHECK(rk::submit<parent_of_keyed>({.key = key}, 1).get() == 30);
  };
  CHECK(stopped_run(run.options, 3, [&] { driver(1); }) == 5);
  CHECK(stopped_run(run.options, 3, [&] { driver(1); }) == 0);
  CHECK(stopped_run(run.options, 2, [&] { driver(2); }) ==
        1);  // the parent is another task, its children not
}

TEST_CASE("everything is journalled where that is asked for") {
  RunFolder run;
  run.options.journal_all = true;
  const auto driver = [] {
    const auto values = rk::submit<many>(100);
    CHECK(rk::submit<sum>(values).get() == 5000);
    CHECK(rk::map<square>(std::vector<double>{1, 2, 3})[2].get() == 9);
  };
  CHECK(stopped_run(run.options, 2, driver) == 5);
  CHECK(stopped_run(run.options, 2, driver) == 0);
}

TEST_CASE("a named actor begins from its last checkpoint") {
  RunFolder run;
  stopped_run(run.options, 2, [] {
    auto counter = rk::spawn<Counter>({.name = "counter", .checkpoint_every = 2});
    auto other = rk::spawn<Counter>({.checkpoint_every = 1});
    for (int i = 1; i <= 5; ++i) counter.call<&Counter::add>(i).get();
    CHECK(other.call<&Counter::add>(1).get() == 1);
  });
  stopped_run(run.options, 2, [] {
    auto counter = rk::spawn<Counter>({.name = "counter", .checkpoint_every = 2});
    CHECK(counter.call<&Counter::value>().get() == 10);  // after four of five calls
    CHECK(counter.call<&Counter::add>(5).get() ==
          15);  // applied, although it has this number for the second time
    auto other = rk::spawn<Counter>({.checkpoint_every = 1});
    CHECK(other.call<&Counter::value>().get() == 0);
  });
  stopped_run(run.options, 2,
              [] { CHECK(rk::spawn<Counter>({.name = "counter"}).call<&Counter::value>().get() == 15); });
}

TEST_CASE("the driver's own values are kept from run to run") {
  RunFolder run;
  stopped_run(run.options, 2, [] {
    CHECK_FALSE(rk::load_state<int>("epoch").has_value());
    rk::save_state("epoch", 3);
    rk::save_state("epoch", 4);
    rk::save_state("weights", std::vector<double>(3000, 1.5));
    CHECK(rk::load_state<int>("epoch") == 4);
  });
  stopped_run(run.options, 1, [] {
    CHECK(rk::load_state<int>("epoch") == 4);
    CHECK(rk::load_state<std::vector<double>>("weights")->size() == 3000);
    CHECK_FALSE(rk::load_state<int>("other").has_value());
    CHECK_THROWS_AS(rk::load_state<std::string>("epoch"), rk::Error);
  });
  on_ranks({1, 2}, [] {  // without a run directory: as long as the run
    CHECK_FALSE(rk::load_state<int>("epoch").has_value());
    rk::save_state("epoch", 1);
    CHECK(rk::load_state<int>("epoch") == 1);
    CHECK_THROWS_WITH(rk::submit(
                          [](int x) {
                            rk::save_state("x", x);
                            return x;
                          },
                          1)
                          .get(),
                      ContainsSubstring("the driver's"));
  });
}

TEST_CASE("a journal of other options is refused before anything runs") {
  RunFolder run;
  run.options.depends_on = "models all";
  stopped_run(run.options, 2, [] { rk::submit<square>({.key = 1}, 1.0).get(); });
  const auto refused = [&](const rk::RuntimeOptions& options, const char* part) {
    bool ran = false;
    CHECK_THROWS_WITH(rk::run_as_threads(2, options, [&] { ran = true; }), ContainsSubstring(part));
    CHECK_FALSE(ran);
  };
  rk::RuntimeOptions other = run.options;
  other.seed = 5;
  refused(other, "with seed 5, models all");
  other = run.options;
  other.depends_on = "models theta";
  refused(other, "with models theta");
  other = run.options;
  other.run_directory += "/none";
  other.resume = rk::Resume::required;
  refused(other, "there is no journal");
}

TEST_CASE("a million finished elements are little and quickly read", "[.time]") {
  RunFolder run;
  std::vector<double> inputs(1'000'000);
  std::iota(inputs.begin(), inputs.end(), 0.0);
  rk::RuntimeOptions none;
  none.arena_bytes = run.options.arena_bytes;
  for (const rk::RuntimeOptions* options : {&none, &run.options, &run.options}) {
    const auto start = std::chrono::steady_clock::now();
    double map_seconds = 0;
    stopped_run(*options, 3, [&] {
      const auto begin = std::chrono::steady_clock::now();
      rk::map<square>({.key = 1}, inputs).wait();
      map_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const auto bytes = std::filesystem::exists(run.journal()) ? std::filesystem::file_size(run.journal()) : 0;
    std::printf("executed %d, map %.3f s, run %.3f s, journal %.1f MB\n", executions.load(), map_seconds,
                seconds, static_cast<double>(bytes) / 1e6);
  }
}

}  // namespace journal_test
