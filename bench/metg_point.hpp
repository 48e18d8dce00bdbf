// SPDX-License-Identifier: Apache-2.0
// What a point of the graph does in every system: check that its inputs are the right points' values, then
// compute for as long as it is told.
#pragma once

#include <cstdint>
#include <span>

#include "metg_graph.hpp"

namespace rankine::bench {

/// What a point makes: it names itself, so that whoever takes it can tell whether it is the right one.
struct Value {
  std::int32_t step = -1;
  std::int32_t column = -1;
  double work = 0;  ///< what the kernel computed: equal for equal iterations
  friend bool operator==(const Value&, const Value&) = default;
};
static_assert(sizeof(Value) == 16);  // Task Bench's default size of an output

struct Point {
  TaskGraph graph;
  std::int32_t step = 0;
  std::int32_t column = 0;
  std::int64_t iterations = 0;
};

/// 64 independent multiply-adds an iteration.
double compute(std::int64_t iterations);

/// Throws WrongResult where an input is not the value of the point that the graph says.
Value run_point(const Point& point, std::span<const Value> inputs);

/// The same with the edges that belong to the point known already.
Value run_point(const Point& point, const Columns& edges, std::span<const Value> inputs);

}  // namespace rankine::bench
