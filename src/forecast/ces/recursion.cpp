// SPDX-License-Identifier: Apache-2.0
#include "forecast/ces/recursion.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "forecast/arima/polynomial.hpp"

namespace rankine::forecast::ces {

namespace {

constexpr double kPotentialShare = 1.1;  // the first level is this many times the first potential

/// Of one pair: the determinant of I - F B and w' adj(I - F B) g B, by powers of its lag.
struct Sides {
  std::array<double, 3> determinant;
  std::array<double, 3> response;
};

Sides sides_of(double real, double imaginary) {
  const double difference = real - imaginary;
  const double sum = real + imaginary;
  return {{1, real - 2, 2 - sum}, {0, difference, -difference * (1 - real) - (1 - imaginary) * sum}};
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

std::string_view name(Form form) {
  switch (form) {
    case Form::kNone:
      return "none";
    case Form::kSimple:
      return "simple";
    case Form::kPartial:
      return "partial";
    case Form::kFull:
      return "full";
  }
  return "";
}

std::size_t parameters(Form form) {
  return form == Form::kPartial ? 3 : form == Form::kFull ? 4 : 2;
}

Recursion::Recursion(Form form, int season, std::span<const double> parameters)
    : form_(form), m_(form == Form::kNone ? 1 : static_cast<std::size_t>(season)) {
  (form == Form::kSimple ? seasonal_ : plain_) = {parameters[0], parameters[1]};
  if (form == Form::kPartial) seasonal_ = {parameters[2], 0};
  if (form == Form::kFull) seasonal_ = {parameters[2], parameters[3]};
}

double Recursion::forecast(const State& state, std::size_t t) const {
  const double plain = form_ == Form::kSimple ? 0 : state.level;
  return form_ == Form::kNone ? plain : plain + state.seasonal_level[t % m_];
}

void Recursion::turn(double& level, double& potential, const Pair& by, double error) {
  const double l = level;
  level = l - (1 - by.imaginary) * potential + (by.real - by.imaginary) * error;
  potential = l + (1 - by.real) * potential + (by.real + by.imaginary) * error;
}

void Recursion::update(State& state, std::size_t t, double error) const {
  if (form_ != Form::kSimple) turn(state.level, state.potential, plain_, error);
  if (form_ == Form::kNone) return;
  double& level = state.seasonal_level[t % m_];
  if (form_ == Form::kPartial)
    level += seasonal_.real * error;
  else
    turn(level, state.seasonal_potential[t % m_], seasonal_, error);
}

void Recursion::pass(std::span<const double> values, bool backward, State& state) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t t = backward ? values.size() - 1 - i : i;
    update(state, t, values[t] - forecast(state, t));
  }
}

State Recursion::begin(std::span<const double> values) const {
  State state;
  state.level = mean_of(values.first(std::min(values.size(), std::max<std::size_t>(10, m_))));
  state.potential = state.level / kPotentialShare;
  if (form_ != Form::kNone) {
    const double base = form_ == Form::kSimple ? 0 : mean_of(values.first(m_));
    for (std::size_t t = 0; t < m_; ++t) {
      state.seasonal_level.push_back(values[t] - base);
      state.seasonal_potential.push_back(state.seasonal_level.back() / kPotentialShare);
    }
  }
  pass(values, false, state);
  pass(values, true, state);
  return state;
}

bool Recursion::is_stable() const {
  // theta(B) = d(B) D(B^m) + n(B) D(B^m) + N(B^m) d(B), with d, n the sides of the plain pair and D, N those
  // of the seasonal one.
  Sides plain{{1, 0, 0}, {0, 0, 0}};
  Sides seasonal = plain;
  if (form_ != Form::kSimple) plain = sides_of(plain_.real, plain_.imaginary);
  if (form_ == Form::kPartial) seasonal = {{1, -1, 0}, {0, seasonal_.real, 0}};
  if (form_ == Form::kSimple || form_ == Form::kFull)
    seasonal = sides_of(seasonal_.real, seasonal_.imaginary);
  const std::size_t lag = form_ == Form::kSimple ? 1 : m_;  // one lag alone: its length does not matter
  std::vector<double> theta(2 + 2 * lag + 1, 0);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      theta[i + j * lag] += (plain.determinant[i] + plain.response[i]) * seasonal.determinant[j] +
                            plain.determinant[i] * seasonal.response[j];
    }
  }
  std::vector<double> coefficients(theta.size() - 1);
  for (std::size_t k = 1; k < theta.size(); ++k) coefficients[k - 1] = -theta[k];
  return arima::roots_beyond(coefficients, 1);
}

}  // namespace rankine::forecast::ces
