// SPDX-License-Identifier: Apache-2.0
#include "forecast/arima/estimate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>
#include <Eigen/Cholesky>
#include <Eigen/Core>

namespace rankine::forecast::arima {

namespace {

constexpr std::size_t kDirections = kLanes - 1;  // lane 0 is the trial point itself
constexpr double kShapeMax = 0.997;              // a partial autocorrelation of 1 - 4.5e-6
constexpr double kBeginMax = 0.78;               // where the exact likelihood may begin: 0.97
constexpr double kStepMax = 0.5;
constexpr double kStep = 1e-5;
constexpr double kExactFit = 1e-24;  // mean square, relative to the largest value's

using Matrix = Eigen::MatrixXd;
using Column = Eigen::VectorXd;

constexpr double kUnitRoot = 1.001;  // roots of a conditional estimate that means to be beyond

double clamped(double u, double most) {
  return std::clamp(u, -most, most);
}

/// (J'J + damping diag J'J) step = -J'z within the bounds: where a component would leave them it ends at
/// them, and the others are solved again.
Column damped_step(const Matrix& product, const Column& gradient, double damping,
                   const std::vector<double>& at) {
  Matrix system = product;
  Column right = -gradient;
  for (Eigen::Index i = 0; i < system.rows(); ++i) system(i, i) += damping * system(i, i) + 1e-300;
  Column step;
  std::vector<bool> held(at.size(), false);
  for (std::size_t round = 0; round <= at.size(); ++round) {
    step = system.ldlt().solve(right);
    bool again = false;
    for (std::size_t i = 0; i < at.size(); ++i) {
      const auto k = static_cast<Eigen::Index>(i);
      if (held[i]) continue;
      const double wanted = std::isfinite(step(k)) ? step(k) : 0;
      const double allowed = clamped(at[i] + clamped(wanted, kStepMax), kShapeMax) - at[i];
      if (std::abs(allowed - step(k)) <= 1e-15) continue;
      held[i] = again = true;
      right -= system.col(k) * allowed;
      system.col(k).setZero();
      system.row(k).setZero();
      system(k, k) = 1;
      right(k) = allowed;
    }
    if (!again) break;
  }
  return step;
}

}  // namespace

/// The sum of squares at a point, and what Gauss and Newton need of its derivatives.
struct Estimator::Normal {
  double objective = 0;
  Matrix product;   // J'J
  Column gradient;  // J'z
};

void Estimator::arrange(const Sample& sample, const Orders& orders) {
  orders_ = orders;
  arranged_.assign(sample.values.begin(), sample.values.begin() + static_cast<std::ptrdiff_t>(sample.n));
  const auto add = [&](std::size_t c) {
    const std::span<const double> column = sample.column(c);
    arranged_.insert(arranged_.end(), column.begin(), column.end());
  };
  if (orders.has_constant()) add(sample.unit.size() - 1);
  for (int c = 0; c < orders.columns; ++c) add(static_cast<std::size_t>(c) + 1);
  columns_ = {arranged_, static_cast<std::size_t>(orders.regressors()) + 1, sample.n};
  skipped_ = static_cast<std::size_t>(orders.ar_length());
  model_.ar_lags = lags(orders.p, orders.P, orders.m);
  model_.ma_lags = lags(orders.q, orders.Q, orders.m);
  model_.phi.assign(static_cast<std::size_t>(orders.ar_length()) + 1, Lanes{});
  model_.theta.assign(static_cast<std::size_t>(orders.ma_length()) + 1, Lanes{});
}

void Estimator::fill_lane(std::size_t lane, const std::vector<double>& at) {
  const Expanded process = expanded(orders_, factors_of(orders_, at));
  for (std::size_t i = 0; i < model_.phi.size(); ++i) model_.phi[i].at[lane] = process.phi[i];
  for (std::size_t i = 0; i < model_.theta.size(); ++i) model_.theta[i].at[lane] = process.theta[i];
  ++evaluations_;
}

void Estimator::fill_lanes(const std::vector<double>& at, std::size_t first, Lanes& inverse_step) {
  std::vector<double> moved = at;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const std::size_t k = first + lane - 1;
    const bool moves = lane > 0 && k < at.size();
    inverse_step.at[lane] = 0;
    if (moves) {
      moved[k] = at[k] + (at[k] > 0 ? -kStep : kStep);
      inverse_step.at[lane] = 1 / (moved[k] - at[k]);
    } else if (lane > 0) {  // nothing left to move: a copy of lane 0
      for (Lanes& c : model_.phi) c.at[lane] = c.at[0];
      for (Lanes& c : model_.theta) c.at[lane] = c.at[0];
      continue;
    }
    fill_lane(lane, moved);
    if (moves) moved[k] = at[k];
  }
}

/// Errors of the lanes in model_, the regression concentrated out, in errors.scaled[0..n).
bool Estimator::errors_of_batch(Likelihood likelihood, Errors& errors) {
  Lanes scale;
  scale.at.fill(1);
  if (likelihood == Likelihood::kConditional) {
    conditional_errors(model_, columns_, skipped_, errors);
    return concentrate(errors, scale);
  }
  const std::size_t r = static_cast<std::size_t>(orders_.states());
  errors.gain.resize(r);
  gain_.resize(r);
  phi_.resize(model_.phi.size());
  theta_.resize(model_.theta.size());
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t i = 0; i < phi_.size(); ++i) phi_[i] = model_.phi[i].at[lane];
    for (std::size_t i = 0; i < theta_.size(); ++i) theta_[i] = model_.theta[i].at[lane];
    variance_.at[lane] = stationary_start({phi_, theta_, model_.ar_lags, model_.ma_lags}, space_, gain_);
    for (std::size_t i = 0; i < r; ++i) errors.gain[i].at[lane] = gain_[i];
  }
  exact_errors(model_, columns_, variance_, errors);
  const double n = static_cast<double>(columns_.n);
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    scale.at[lane] = std::exp(errors.log_determinant.at[lane] / (2 * n));
  return concentrate(errors, scale);
}

bool Estimator::concentrate(Errors& errors, const Lanes& scale) {
  const std::size_t n = columns_.n;
  const std::size_t count = columns_.count - 1;
  const std::span<Lanes> y = std::span(errors.scaled).first(n);
  const std::span<const Lanes> x = std::span(errors.scaled).subspan(n);
  beta_.assign(count, Lanes{});
  if (count > 0) {
    std::vector<Lanes> cross;  // row after row: x_i' x_0 .. x_i' x_i, x_i' y
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j <= i; ++j)
        cross.push_back(column_product(x.subspan(i * n, n), x.subspan(j * n, n)));
      cross.push_back(column_product(x.subspan(i * n, n), y));
    }
    const auto size = static_cast<Eigen::Index>(count);
    Matrix product(size, size);
    Column right(size);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      std::size_t at = 0;
      for (Eigen::Index i = 0; i < size; ++i) {
        for (Eigen::Index j = 0; j <= i; ++j) product(i, j) = product(j, i) = cross[at++].at[lane];
        right(i) = cross[at++].at[lane];
      }
      const Eigen::LDLT<Matrix> solver(product);
      if (!(solver.vectorD().minCoeff() > 1e-13 * product.diagonal().maxCoeff())) return false;
      const Column beta = solver.solve(right);
      for (std::size_t i = 0; i < count; ++i) beta_[i].at[lane] = beta(static_cast<Eigen::Index>(i));
    }
  }
  take_regression(y, x, beta_, scale);
  return true;
}

bool Estimator::evaluate(const std::vector<double>& at, Likelihood likelihood, Normal& normal) {
  const std::size_t variables = at.size();
  const std::size_t batches = std::max<std::size_t>(1, (variables + kDirections - 1) / kDirections);
  if (batches_.size() < batches) batches_.resize(batches);
  for (std::size_t b = batches; b-- > 0;) {  // batch 0 last: beta_ and log_determinant are then the point's
    Lanes inverse_step;
    fill_lanes(at, b * kDirections, inverse_step);
    if (!errors_of_batch(likelihood, batches_[b])) return false;
    to_differences(std::span(batches_[b].scaled).first(columns_.n), inverse_step);
  }
  const auto size = static_cast<Eigen::Index>(variables);
  normal.product.resize(size, size);
  normal.gradient.resize(size);
  std::array<Lanes, kLanes> sums;
  for (std::size_t b = 0; b < batches; ++b) {
    for (std::size_t c = 0; c <= b; ++c) {
      const std::size_t rows = std::min(kLanes, variables - b * kDirections + 1);
      products(std::span(batches_[b].scaled).first(columns_.n),
               std::span(batches_[c].scaled).first(columns_.n), rows, sums);
      if (b == 0) normal.objective = sums[0].at[0];
      for (std::size_t i = 1; i < rows; ++i) {
        const auto row = static_cast<Eigen::Index>(b * kDirections + i - 1);
        if (c == 0) normal.gradient(row) = sums[i].at[0];
        for (std::size_t j = 1; j < kLanes && c * kDirections + j - 1 < variables; ++j) {
          const auto column = static_cast<Eigen::Index>(c * kDirections + j - 1);
          normal.product(row, column) = normal.product(column, row) = sums[i].at[j];
        }
      }
    }
  }
  return std::isfinite(normal.objective) && normal.product.allFinite() && normal.gradient.allFinite();
}

/// The best by exact likelihood of eight points: conditional sums of squares can lead to the wrong one of
/// several minima, above all where the moving average is close to a unit root.
std::vector<double> Estimator::best_beginning(const std::vector<double>& from) {
  constexpr double kNear = 0.725;  // a moving average coefficient of -0.95
  const std::size_t ma = static_cast<std::size_t>(orders_.p);
  const std::size_t seasonal_ma = static_cast<std::size_t>(orders_.p + orders_.q + orders_.P);
  std::array<std::vector<double>, kLanes> points;
  points.fill(from);
  for (const std::size_t i : {1, 2, 3, 4}) std::fill(points[i].begin(), points[i].end(), 0);
  const auto set = [&](std::size_t point, std::size_t k, int order, double u) {
    if (order > 0) points[point][k] = u;
  };
  for (const std::size_t i : {2, 4, 5, 7}) set(i, ma, orders_.q, kNear);
  for (const std::size_t i : {3, 4, 6, 7}) set(i, seasonal_ma, orders_.Q, kNear);
  set(2, 0, orders_.p, 0.25);
  set(4, 0, orders_.p, 0.25);
  for (std::size_t lane = 0; lane < kLanes; ++lane) fill_lane(lane, points[lane]);
  batches_.resize(std::max<std::size_t>(1, batches_.size()));
  if (!errors_of_batch(Likelihood::kExact, batches_[0])) return from;
  const auto z = std::span(batches_[0].scaled).first(columns_.n);
  const Lanes squares = column_product(z, z);
  std::size_t best = 0;
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    if (squares.at[lane] < (1 - 1e-9) * squares.at[best]) best = lane;
  }
  return points[best];
}

Estimator::Point Estimator::minimise(std::vector<double> begin, Likelihood likelihood, double tolerance) {
  Normal here, there;
  Point point{std::move(begin), std::numeric_limits<double>::quiet_NaN()};
  if (!evaluate(point.at, likelihood, here)) return point;
  point.objective = here.objective;
  if (point.at.empty()) return point;
  double damping = 1e-3;
  for (int iteration = 0; iteration < 100 && damping < 1e8; ++iteration) {
    const Column step = damped_step(here.product, here.gradient, damping, point.at);
    std::vector<double> next = point.at;
    for (std::size_t i = 0; i < next.size(); ++i) next[i] += step(static_cast<Eigen::Index>(i));
    const double predicted = -(2 * here.gradient.dot(step) + step.dot(here.product * step));
    if (std::abs(predicted) <= tolerance * point.objective) break;
    const bool valid = evaluate(next, likelihood, there);
    const double gained = point.objective - there.objective;
    if (!valid || !(gained > 0) || !(predicted > 0)) {
      damping *= 8;
      continue;
    }
    damping = gained > 0.75 * predicted   ? std::max(damping / 10, 1e-10)
              : gained < 0.25 * predicted ? damping * 4
                                          : damping;
    point = {std::move(next), there.objective};
    std::swap(here, there);
  }
  return point;
}

void Estimator::finish(const Sample& sample, const Point& point, Likelihood likelihood, Estimate& estimate) {
  Normal normal;
  evaluate(point.at, likelihood, normal);
  const double n = static_cast<double>(sample.n);
  const double used = likelihood == Likelihood::kConditional ? n - static_cast<double>(skipped_) : n;
  const double log_determinant = likelihood == Likelihood::kExact ? batches_[0].log_determinant.at[0] : 0;
  const double squares = normal.objective / std::exp(log_determinant / n);
  estimate.shape = point.at;
  estimate.factors = factors_of(orders_, point.at);
  for (std::size_t i = 0; i < beta_.size(); ++i) {
    const std::size_t constant = orders_.has_constant() ? 1 : 0;
    const std::size_t column = i < constant ? sample.unit.size() - 1 : i - constant + 1;
    estimate.regression.push_back(beta_[i].at[0] * (sample.unit[0] / sample.unit[column]));
  }
  const double unit2 = sample.unit[0] * sample.unit[0];
  estimate.sum_squares = squares * unit2;
  estimate.sigma2 = squares / used * unit2;
  if (!(squares / used > kExactFit)) {  // nothing is left to chance: there is no likelihood
    estimate.loglik = estimate.log_sigma2 = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  estimate.log_sigma2 = std::log(squares / used) + 2 * std::log(sample.unit[0]);
  estimate.loglik = -0.5 * (n * (std::log(2 * std::numbers::pi) + estimate.log_sigma2 + 1) + log_determinant);
}

Estimate Estimator::estimate(const Sample& sample, const Orders& orders, Likelihood likelihood) {
  Estimate estimate;
  arrange(sample, orders);
  const std::size_t unknowns = static_cast<std::size_t>(orders.coefficients() + orders.regressors());
  if (sample.n < skipped_ + unknowns + 1) {
    estimate.failure = fmt::format("has {} values after differencing, {} needs {}", sample.n, form(orders),
                                   skipped_ + unknowns + 1);
    return estimate;
  }
  const bool exact = likelihood == Likelihood::kExact;
  std::vector<double> begin(static_cast<std::size_t>(orders.coefficients()), 0);
  Point point{begin, 0};
  if (!exact || !begin.empty()) point = minimise(begin, Likelihood::kConditional, exact ? 1e-6 : 1e-8);
  if (exact && std::isfinite(point.objective)) {
    const Factors conditional = factors_of(orders, point.at);
    estimate.begins_at_unit_root =
        !roots_beyond(conditional.ar, kUnitRoot) || !roots_beyond(conditional.seasonal_ar, kUnitRoot);
    for (double& u : point.at) u = clamped(u, kBeginMax);
    if (!begin.empty()) point.at = best_beginning(point.at);
    point = minimise(point.at, Likelihood::kExact, 1e-9);
  }
  if (!std::isfinite(point.objective)) {
    estimate.failure =
        orders.columns > 0 ? "has regressors that depend on one another" : "has no finite likelihood";
    return estimate;
  }
  finish(sample, point, likelihood, estimate);
  return estimate;
}

}  // namespace rankine::forecast::arima
