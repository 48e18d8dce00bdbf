// SPDX-License-Identifier: Apache-2.0
#include "metg_point.hpp"

#include <string>

#include "suite.hpp"

namespace rankine::bench {

namespace {

[[noreturn]] void wrong(const Point& point, const std::string& what) {
  throw WrongResult(name_of(point.graph.pattern) + ", step " + std::to_string(point.step) + ", column " +
                    std::to_string(point.column) + ": " + what);
}

}  // namespace

double compute(std::int64_t iterations) {
  double a[64];
  for (double& x : a) x = 1.2345;
  for (std::int64_t i = 0; i < iterations; ++i) {
    for (double& x : a) x = x * 0.5 + 0.25;  // tends to 0.5: neither infinite nor denormal
  }
  double sum = 0;
  for (const double x : a) sum += x;
  return sum;
}

Value run_point(const Point& point, std::span<const Value> inputs) {
  return run_point(point, point.graph.inputs_of(point.step, point.column), inputs);
}

Value run_point(const Point& point, const Columns& edges, std::span<const Value> inputs) {
  if (inputs.size() != edges.size())
    wrong(point, std::to_string(inputs.size()) + " inputs instead of " + std::to_string(edges.size()));
  const Value made{point.step, point.column, compute(point.iterations)};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == Value{point.step - 1, edges[i], made.work}) continue;
    wrong(point, "input " + std::to_string(i) + " is of step " + std::to_string(inputs[i].step) +
                     ", column " + std::to_string(inputs[i].column));
  }
  return made;
}

}  // namespace rankine::bench
