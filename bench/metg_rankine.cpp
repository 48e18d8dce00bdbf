// SPDX-License-Identifier: Apache-2.0
#include "metg_rankine.hpp"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include <rankine/rankine.hpp>

#include "metg_point.hpp"
#include "suite.hpp"

namespace rankine::bench {

/// The task. One for each number of inputs; not of internal linkage, so that its name is its own.
template <class... Values>
Value metg_point(const Point& point, Values... inputs) {
  const std::array<Value, sizeof...(Values)> all{inputs...};
  return run_point(point, all);
}

Value metg_element(const Point& point) {
  return run_point(point, {});
}

namespace {

using Step = std::vector<Future<Value>>;
template <std::size_t>
using Always = Value;

template <std::size_t... I>
Future<Value> submit_with(const Point& point, const Columns& edges, const Step& before,
                          std::index_sequence<I...>) {
  return submit<&metg_point<Always<I>...>>(point, before[static_cast<std::size_t>(edges[I])]...);
}

using Submit = Future<Value> (*)(const Point&, const Columns&, const Step&);

template <std::size_t... N>
constexpr std::array<Submit, sizeof...(N)> by_inputs(std::index_sequence<N...>) {
  return {[](const Point& point, const Columns& edges, const Step& before) {
    return submit_with(point, edges, before, std::make_index_sequence<N>());
  }...};
}
constexpr auto kSubmit = by_inputs(std::make_index_sequence<kWidthMax + 1>());

void require_value(const Value& value, const Value& expected) {
  if (value == expected) return;
  throw WrongResult("the value of step " + std::to_string(expected.step) + ", column " +
                    std::to_string(expected.column) + " is another point's");
}

}  // namespace

Measured run_by_submit(const TaskGraph& graph, std::int64_t iterations) {
  const Edges edges(graph);
  const double work = compute(iterations);
  std::vector<Step> rows(static_cast<std::size_t>(graph.steps));
  const Step none;
  const double start = now_s();
  for (std::int32_t step = 0; step < graph.steps; ++step) {
    Step& row = rows[static_cast<std::size_t>(step)];
    const Step& before = step > 0 ? rows[static_cast<std::size_t>(step) - 1] : none;
    row.reserve(static_cast<std::size_t>(graph.width));
    for (std::int32_t column = 0; column < graph.width_at(step); ++column) {
      const Columns& inputs = edges.inputs_of(step, column);
      row.push_back(kSubmit[inputs.size()]({graph, step, column, iterations}, inputs, before));
    }
  }
  for (std::int32_t step = 0; step < graph.steps; ++step) {
    const Step& row = rows[static_cast<std::size_t>(step)];
    for (std::size_t column = 0; column < row.size(); ++column)
      require_value(row[column].get(), {step, static_cast<std::int32_t>(column), work});
  }
  return {now_s() - start, graph.tasks()};
}

Measured run_by_map(const TaskGraph& graph, std::int64_t iterations) {
  const double work = compute(iterations);
  std::vector<FutureRange<Value>> rows;
  std::vector<Point> points(static_cast<std::size_t>(graph.width));
  const double start = now_s();
  for (std::int32_t step = 0; step < graph.steps; ++step) {
    for (std::int32_t column = 0; column < graph.width; ++column)
      points[static_cast<std::size_t>(column)] = {graph, step, column, iterations};
    rows.push_back(map<&metg_element>(points));
  }
  for (std::int32_t step = 0; step < graph.steps; ++step) {
    const std::vector<Value> values = rows[static_cast<std::size_t>(step)].get();
    for (std::int32_t column = 0; column < graph.width; ++column)
      require_value(values[static_cast<std::size_t>(column)], {step, column, work});
  }
  return {now_s() - start, graph.tasks()};
}

}  // namespace rankine::bench
