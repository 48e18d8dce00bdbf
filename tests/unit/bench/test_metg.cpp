// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "catch.hpp"
#include "metg_curve.hpp"
#include "metg_graph.hpp"
#include "metg_point.hpp"
#include "suite.hpp"

using namespace rankine::bench;

namespace {

std::vector<int> inputs(Pattern pattern, int width, int step, int column) {
  const Columns columns = TaskGraph{pattern, width, 100}.inputs_of(step, column);
  return {columns.begin(), columns.end()};
}

using Ints = std::vector<int>;

}  // namespace

TEST_CASE("the patterns are Task Bench's") {
  for (const Pattern pattern : kPatterns) CHECK(inputs(pattern, 8, 0, 3).empty());
  CHECK(inputs(Pattern::trivial, 8, 5, 3).empty());
  CHECK(inputs(Pattern::stencil_1d, 8, 1, 0) == Ints{0, 1});
  CHECK(inputs(Pattern::stencil_1d, 8, 7, 3) == Ints{2, 3, 4});
  CHECK(inputs(Pattern::stencil_1d, 8, 7, 7) == Ints{6, 7});
  CHECK(inputs(Pattern::all_to_all, 4, 9, 2) == Ints{0, 1, 2, 3});
}

TEST_CASE("a butterfly reaches twice as far each step, and begins again") {
  CHECK(inputs(Pattern::fft, 8, 1, 3) == Ints{2, 3, 4});
  CHECK(inputs(Pattern::fft, 8, 2, 3) == Ints{1, 3, 5});
  CHECK(inputs(Pattern::fft, 8, 3, 3) == Ints{3, 7});
  CHECK(inputs(Pattern::fft, 8, 4, 3) == Ints{2, 3, 4});
}

TEST_CASE("a tree doubles until it is as wide as the graph") {
  const TaskGraph tree{Pattern::tree, 6, 10};
  CHECK(tree.width_at(0) == 1);
  CHECK(tree.width_at(2) == 4);
  CHECK(tree.width_at(3) == 6);
  CHECK(tree.width_at(9) == 6);
  CHECK(tree.tasks() == 1 + 2 + 4 + 7 * 6);
  CHECK(inputs(Pattern::tree, 6, 2, 3) == Ints{1});
  CHECK(inputs(Pattern::tree, 6, 8, 5) == Ints{2});
}

TEST_CASE("random neighbours include the own column, stay near, and repeat") {
  std::size_t edges = 0;
  for (int step = 1; step <= kPeriod; ++step) {
    for (int column = 0; column < 32; ++column) {
      const Ints some = inputs(Pattern::random_nearest, 32, step, column);
      CHECK(some == inputs(Pattern::random_nearest, 32, step + kPeriod, column));
      bool own = false;
      for (const int from : some) {
        CHECK((from >= column - 2 && from <= column + 2));
        own = own || from == column;
      }
      CHECK(own);
      edges += some.size();
    }
  }
  // 96 own ones and a quarter of the others, of which there are about 4 each.
  CHECK((edges > 150 && edges < 240));
}

TEST_CASE("the table of edges says the same in both directions") {
  for (const Pattern pattern : kPatterns) {
    for (const int width : {2, 5, 8, 32}) {
      const TaskGraph graph{pattern, width, 40};
      const Edges edges(graph);
      for (int step = 0; step + 1 < graph.steps; ++step) {
        std::vector<Ints> dependants(static_cast<std::size_t>(width));
        for (int column = 0; column < graph.width_at(step + 1); ++column) {
          const Columns from = graph.inputs_of(step + 1, column);
          const Columns& looked_up = edges.inputs_of(step + 1, column);
          REQUIRE(Ints(looked_up.begin(), looked_up.end()) == Ints(from.begin(), from.end()));
          for (const int input : from) dependants[static_cast<std::size_t>(input)].push_back(column);
        }
        for (int column = 0; column < graph.width_at(step); ++column) {
          const Columns& to = edges.dependants_of(step, column);
          REQUIRE(Ints(to.begin(), to.end()) == dependants[static_cast<std::size_t>(column)]);
        }
      }
    }
  }
}

TEST_CASE("a point that gets another point's value says so") {
  const Point point{{Pattern::stencil_1d, 4, 3}, 1, 0, 10};
  const double work = compute(10);
  const std::vector<Value> right{{0, 0, work}, {0, 1, work}};
  CHECK(run_point(point, right) == Value{1, 0, work});

  std::vector<Value> wrong = right;
  wrong[1].column = 2;
  CHECK_THROWS_AS(run_point(point, wrong), WrongResult);
  wrong = right;
  wrong[0].step = 1;
  CHECK_THROWS_AS(run_point(point, wrong), WrongResult);
  wrong = right;
  wrong[0].work = compute(9);  // did less than it was told
  CHECK_THROWS_AS(run_point(point, wrong), WrongResult);
  wrong.pop_back();
  CHECK_THROWS_AS(run_point(point, wrong), WrongResult);
}

TEST_CASE("METG is where the curve falls below half") {
  const Curve curve{{64, 0.9}, {16, 0.7}, {4, 0.3}, {2, 0.1}};
  const auto at = metg(curve);
  REQUIRE(at);
  CHECK(*at > 7.99);
  CHECK(*at < 8.01);                     // half way between 16 and 4, by logarithms
  CHECK(!metg({{64, 0.4}, {16, 0.3}}));  // never reached
  CHECK(!metg({{64, 0.9}, {16, 0.8}}));  // not left
  CHECK(!metg({}));
}

TEST_CASE("a sweep finds the overhead that each task pays") {
  // Two cores of 1,000 iterations a microsecond, and 3 us more a task: half of peak is reached at 6 us.
  const Peak peak{2, 2e9};
  std::vector<std::int64_t> tasks_asked;
  const Measure measure = [&](std::int64_t iterations, std::int64_t tasks) {
    tasks_asked.push_back(tasks);
    const double each_us = static_cast<double>(iterations) / 1000 + 3;
    return Measured{static_cast<double>(tasks) * each_us * 1e-6 / 2, tasks};
  };
  const Curve curve = sweep(measure, peak, SweepSettings{});
  REQUIRE(curve.size() > 5);
  CHECK(curve.back().efficiency < SweepSettings{}.stop_below);
  const auto at = metg(curve);
  REQUIRE(at);
  CHECK(*at > 5.8);
  CHECK(*at < 6.2);
  // About as long a point, however fine the tasks.
  CHECK(tasks_asked.back() > 10 * tasks_asked.front());
}

TEST_CASE("the median curve goes as far as all do") {
  const std::vector<Curve> curves{{{8, 0.9}, {4, 0.5}, {2, 0.1}}, {{9, 0.8}, {5, 0.4}}, {{7, 0.7}, {6, 0.6}}};
  const Curve middle = median_curve(curves);
  REQUIRE(middle.size() == 2);
  CHECK(middle[0].granularity_us == 8);
  CHECK(middle[0].efficiency == 0.8);
  CHECK(middle[1].granularity_us == 5);
  CHECK(middle[1].efficiency == 0.5);
  CHECK(median_curve({}).empty());
}
