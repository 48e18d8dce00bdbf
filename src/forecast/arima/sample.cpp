// SPDX-License-Identifier: Apache-2.0
#include "forecast/arima/sample.hpp"

#include <cmath>
#include <numeric>

namespace rankine::forecast::arima {

namespace {

/// The power of two next above the largest absolute value; 1 for zeros.
double unit_of(std::span<const double> values) {
  double most = 0;
  for (const double v : values) most = std::max(most, std::abs(v));
  if (!(most > 0)) return 1;
  int exponent = 0;
  std::frexp(most, &exponent);
  return std::ldexp(1.0, std::min(exponent, 1023));
}

void append(Sample& sample, std::vector<double> raw, const Orders& orders) {
  const double unit = unit_of(raw);
  for (double& v : raw) v /= unit;
  const std::vector<double> values = differenced(raw, orders);
  sample.n = values.size();
  const double second = unit_of(values);
  for (const double v : values) sample.values.push_back(v / second);
  sample.unit.push_back(unit * second);
}

}  // namespace

std::vector<double> exogenous_column(std::span<const double> rows, int columns, int column) {
  std::vector<double> result;
  const std::size_t width = static_cast<std::size_t>(columns);
  for (std::size_t i = static_cast<std::size_t>(column); i < rows.size(); i += width) {
    result.push_back(rows[i]);
  }
  return result;
}

Sample make_sample(const Problem& problem, const Orders& orders) {
  Sample sample;
  append(sample, std::vector<double>(problem.values.begin(), problem.values.end()), orders);
  for (int c = 0; c < problem.columns; ++c)
    append(sample, exogenous_column(problem.exogenous, problem.columns, c), orders);
  if (orders.d + orders.D <= 1) {
    std::vector<double> constant(problem.values.size(), 1);
    if (orders.d + orders.D == 1) std::iota(constant.begin(), constant.end(), 1.0);
    append(sample, std::move(constant), orders);
  }
  return sample;
}

}  // namespace rankine::forecast::arima
