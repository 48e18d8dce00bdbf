// SPDX-License-Identifier: Apache-2.0
#include "forecast/ces/estimate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <Eigen/Cholesky>
#include <Eigen/Core>

namespace rankine::forecast::ces {

namespace {

constexpr double kStep = 1e-6;
constexpr double kTolerance = 1e-9;
constexpr int kIterationsMax = 100;

/// Sums of squares of a form over one series.
class Loss {
 public:
  Loss(std::span<const double> values, Form form, int season)
      : values_(values), form_(form), season_(season) {}

  /// Fills `errors`; infinite for parameters that are not stable.
  double operator()(std::span<const double> parameters, Eigen::VectorXd& errors) {
    ++evaluations;
    const Recursion recursion(form_, season_, parameters);
    if (!recursion.is_stable()) return std::numeric_limits<double>::infinity();
    State state = recursion.begin(values_);
    errors.resize(static_cast<Eigen::Index>(values_.size()));
    double sum = 0;
    for (std::size_t t = 0; t < values_.size(); ++t) {
      const double error = values_[t] - recursion.forecast(state, t);
      recursion.update(state, t, error);
      errors(static_cast<Eigen::Index>(t)) = error;
      sum += error * error;
    }
    return std::isfinite(sum) ? sum : std::numeric_limits<double>::infinity();
  }

  std::int64_t evaluations = 0;

 private:
  std::span<const double> values_;
  Form form_;
  int season_;
};

std::vector<std::vector<double>> beginnings(Form form) {
  std::vector<std::vector<double>> points;
  for (const double real : {0.9, 1.3, 1.7}) {
    for (const double imaginary : {0.97, 1.0, 1.05}) {
      if (form == Form::kNone || form == Form::kSimple) points.push_back({real, imaginary});
      if (form == Form::kPartial) {
        for (const double b : {0.02, 0.2}) points.push_back({real, imaginary, b});
      }
      if (form == Form::kFull) {
        for (const double b0 : {0.1, 0.9, 1.3}) points.push_back({real, imaginary, b0, 1.0});
      }
    }
  }
  return points;
}

/// Derivatives by differences; false where a neighbour is not stable on either side.
bool slopes(Loss& loss, const std::vector<double>& at, const Eigen::VectorXd& errors,
            Eigen::MatrixXd& jacobian) {
  jacobian.resize(errors.size(), static_cast<Eigen::Index>(at.size()));
  Eigen::VectorXd moved;
  for (std::size_t i = 0; i < at.size(); ++i) {
    std::vector<double> next = at;
    next[i] = at[i] + kStep;
    if (!std::isfinite(loss(next, moved))) {
      next[i] = at[i] - kStep;
      if (!std::isfinite(loss(next, moved))) return false;
    }
    jacobian.col(static_cast<Eigen::Index>(i)) = (moved - errors) / (next[i] - at[i]);
  }
  return true;
}

/// Levenberg and Marquardt's descent from `at`, which ends at the least sum of squares found.
double descend(Loss& loss, std::vector<double>& at) {
  Eigen::VectorXd errors, trial;
  Eigen::MatrixXd jacobian;
  double best = loss(at, errors);
  double damping = 1e-3;
  bool fresh = false;
  Eigen::MatrixXd product;
  Eigen::VectorXd gradient;
  for (int iteration = 0; iteration < kIterationsMax && damping < 1e8 && best > 0; ++iteration) {
    if (!fresh) {
      if (!slopes(loss, at, errors, jacobian)) break;
      product = jacobian.transpose() * jacobian;
      gradient = jacobian.transpose() * errors;
      fresh = true;
    }
    Eigen::MatrixXd system = product;
    system.diagonal() *= 1 + damping;
    const Eigen::VectorXd step = system.ldlt().solve(-gradient);
    const double predicted = -(2 * gradient.dot(step) + step.dot(product * step));
    if (!(predicted > kTolerance * best)) break;
    std::vector<double> next = at;
    for (std::size_t i = 0; i < next.size(); ++i) next[i] += step(static_cast<Eigen::Index>(i));
    const double value = loss(next, trial);
    if (!(value < best)) {
      damping *= 8;
      continue;
    }
    const bool close = best - value < kTolerance * best;
    at = std::move(next);
    errors.swap(trial);
    best = value;
    damping = std::max(damping / 10, 1e-10);
    fresh = false;
    if (close) break;
  }
  return best;
}

/// Initial states of a form.
double states(Form form, int season) {
  switch (form) {
    case Form::kNone:
      return 2;
    case Form::kSimple:
      return 2 * season;
    case Form::kPartial:
      return 2 + season;
    case Form::kFull:
      return 2 + 2 * season;
  }
  return 0;
}

/// The power of two next above the largest absolute value.
double unit_of(std::span<const double> values) {
  double most = 0;
  for (const double v : values) most = std::max(most, std::abs(v));
  int exponent = 0;
  std::frexp(most, &exponent);
  return most > 0 ? std::ldexp(1.0, std::min(exponent, 1023)) : 1;
}

void multiply(State& state, double by) {
  state.level *= by;
  state.potential *= by;
  for (double& v : state.seasonal_level) v *= by;
  for (double& v : state.seasonal_potential) v *= by;
}

}  // namespace

Estimate estimate(const Problem& problem, Form form) {
  const double unit = unit_of(problem.values);
  std::vector<double> values(problem.values.begin(), problem.values.end());
  for (double& v : values) v /= unit;
  Loss loss(values, form, problem.season);
  Estimate result;
  result.form = form;
  double least = std::numeric_limits<double>::infinity();
  Eigen::VectorXd errors;
  for (const std::vector<double>& point : beginnings(form)) {
    const double value = loss(point, errors);
    if (result.parameters.empty() || value < least) {
      least = value;
      result.parameters = point;
    }
  }
  if (std::isfinite(least)) least = descend(loss, result.parameters);
  result.evaluations = loss.evaluations;
  const Recursion recursion(form, problem.season, result.parameters);
  result.last = recursion.begin(values);
  for (std::size_t t = 0; t < values.size(); ++t)
    recursion.update(result.last, t, values[t] - recursion.forecast(result.last, t));
  multiply(result.last, unit);
  const double n = static_cast<double>(values.size());
  const double k = static_cast<double>(result.parameters.size()) + 1;
  result.sum_squares = least * unit * unit;
  constexpr double kExactFit = 1e-24;
  result.loglik = least > kExactFit * n
                      ? -0.5 * n * (std::log(2 * std::numbers::pi * least / n) + 2 * std::log(unit) + 1)
                      : std::numeric_limits<double>::quiet_NaN();
  const double room = n - k - 1;
  result.aicc = room > 0
                    ? -2 * result.loglik + 2 * (k + states(form, problem.season)) + 2 * k * (k + 1) / room
                    : std::numeric_limits<double>::infinity();
  return result;
}

Estimate choose(const Problem& problem) {
  Estimate best = estimate(problem, Form::kNone);
  const bool seasonal =
      problem.season > 1 && problem.values.size() > 2 * static_cast<std::size_t>(problem.season);
  if (!seasonal || std::isnan(best.aicc)) return best;
  Estimate other = estimate(problem, Form::kFull);
  const std::int64_t evaluations = best.evaluations + other.evaluations;
  if (std::isnan(other.aicc) || other.aicc < best.aicc) best = std::move(other);
  best.evaluations = evaluations;
  return best;
}

}  // namespace rankine::forecast::ces
