// SPDX-License-Identifier: Apache-2.0
#include "forecast/arima/search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include <Eigen/QR>

#include "forecast/arima/unit_roots.hpp"

namespace rankine::forecast::arima {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kTrialsMax = 94;

/// The residuals of the values on a constant and the exogenous columns, which decide about differences.
std::vector<double> without_regression(const Problem& problem) {
  std::vector<double> values(problem.values.begin(), problem.values.end());
  if (problem.columns == 0) return values;
  const auto n = static_cast<Eigen::Index>(values.size());
  Eigen::MatrixXd x(n, problem.columns + 1);
  x.col(0).setOnes();
  for (int c = 0; c < problem.columns; ++c) {
    const std::vector<double> column = exogenous_column(problem.exogenous, problem.columns, c);
    x.col(c + 1) = Eigen::Map<const Eigen::VectorXd>(column.data(), n);
  }
  Eigen::Map<Eigen::VectorXd> y(values.data(), n);
  y -= x * x.colPivHouseholderQr().solve(y.eval());
  return values;
}

/// One move of the walk: what is added to p, q, P and Q.
struct Move {
  int p, q, P, Q;
};
constexpr std::array<Move, 16> kMoves{{{0, 0, -1, 0},
                                       {0, 0, 0, -1},
                                       {0, 0, 1, 0},
                                       {0, 0, 0, 1},
                                       {0, 0, -1, -1},
                                       {0, 0, -1, 1},
                                       {0, 0, 1, -1},
                                       {0, 0, 1, 1},
                                       {-1, 0, 0, 0},
                                       {0, -1, 0, 0},
                                       {1, 0, 0, 0},
                                       {0, 1, 0, 0},
                                       {-1, -1, 0, 0},
                                       {-1, 1, 0, 0},
                                       {1, -1, 0, 0},
                                       {1, 1, 0, 0}}};

class Walk {
 public:
  Walk(const Problem& problem, const Limits& limits, const Orders& differences)
      : sample_(make_sample(problem, differences)), base_(differences), limits_(limits) {
    const std::size_t n = problem.values.size();
    approximate_ = n > 150 || base_.m > 12;
    base_.constant = base_.d + base_.D <= 1;
    if (!approximate_) return;
    Orders null = base_;
    null.constant = base_.d + base_.D == 0;
    const Estimate first = estimator_.estimate(sample_, null, Likelihood::kExact);
    if (std::isfinite(first.loglik) && first.failure.empty())
      offset_ = -2 * first.loglik - static_cast<double>(n) * first.log_sigma2;
  }

  Chosen run(bool short_series) {
    begin(short_series);
    while (tried_.size() < kTrialsMax && step()) {
    }
    Chosen chosen = approximate_ ? best_exact() : Chosen{best_, *best_estimate_, best_criterion_, 0};
    if (!std::isfinite(chosen.aicc)) chosen = fallback();
    chosen.evaluations = estimator_.evaluations();
    return chosen;
  }

 private:
  struct Trial {
    Orders orders;
    double criterion;
  };

  Orders form_of(int p, int q, int P, int Q, bool constant) const {
    Orders orders = base_;
    orders.p = p, orders.q = q, orders.P = P, orders.Q = Q, orders.constant = constant;
    return orders;
  }

  void begin(bool short_series) {
    const auto start = [&](int wanted, int most) { return std::min(wanted, most); };
    const int plain = short_series ? 1 : 2;
    const int seasonal = short_series ? 0 : 1;
    const bool constant = constant_ = base_.constant;
    attempt(form_of(start(plain, limits_.p), start(plain, limits_.q), start(seasonal, limits_.P),
                    start(seasonal, limits_.Q), constant));
    attempt(form_of(0, 0, 0, 0, constant));
    if (limits_.p + limits_.P > 0)
      attempt(form_of(std::min(1, limits_.p), 0, std::min(1, limits_.P), 0, constant));
    if (limits_.q + limits_.Q > 0)
      attempt(form_of(0, std::min(1, limits_.q), 0, std::min(1, limits_.Q), constant));
    if (constant) attempt(form_of(0, 0, 0, 0, false));
  }

  /// Tries the neighbours of the best form until one is better; false when none is. As in R, neighbours keep
  /// the constant when the form without coefficients and constant was best at the beginning.
  bool step() {
    const Orders from = best_;
    const auto within = [](int value, int most) { return value >= 0 && value <= most; };
    for (const Move& move : kMoves) {
      const Orders to =
          form_of(from.p + move.p, from.q + move.q, from.P + move.P, from.Q + move.Q, constant_);
      if (!within(to.p, limits_.p) || !within(to.q, limits_.q) || !within(to.P, limits_.P) ||
          !within(to.Q, limits_.Q))
        continue;
      if (is_new(to) && attempt(to)) return true;
      if (tried_.size() >= kTrialsMax) return false;
    }
    if (!base_.constant) return false;
    const Orders other = form_of(from.p, from.q, from.P, from.Q, !constant_);
    if (!is_new(other) || !attempt(other)) return false;
    constant_ = !constant_;
    return true;
  }

  static bool passes(const Orders& orders, const Estimate& estimate) {
    return estimate.failure.empty() && !estimate.begins_at_unit_root &&
           roots_are_far(orders, estimate.factors);
  }

  bool is_new(const Orders& orders) const {
    return std::none_of(tried_.begin(), tried_.end(),
                        [&](const Trial& trial) { return trial.orders == orders; });
  }

  /// Whether it is the best so far.
  bool attempt(const Orders& orders) {
    Estimate estimate =
        estimator_.estimate(sample_, orders, approximate_ ? Likelihood::kConditional : Likelihood::kExact);
    double criterion = kInfinity;
    if (passes(orders, estimate)) {
      const double minus_twice = approximate_ ? offset_ + static_cast<double>(sample_.n) * estimate.log_sigma2
                                              : -2 * estimate.loglik;
      criterion = corrected_criterion(minus_twice, orders, sample_.n);
      if (std::isnan(criterion)) criterion = kInfinity;
    }
    tried_.push_back({orders, criterion});
    if (best_estimate_ && !(criterion < best_criterion_)) return false;
    best_ = orders;
    best_estimate_ = std::move(estimate);
    best_criterion_ = criterion;
    return true;
  }

  /// By the approximate order the first form whose exact estimate passes.
  Chosen best_exact() {
    std::stable_sort(tried_.begin(), tried_.end(),
                     [](const Trial& a, const Trial& b) { return a.criterion < b.criterion; });
    for (const Trial& trial : tried_) {
      Estimate estimate = estimator_.estimate(sample_, trial.orders, Likelihood::kExact);
      if (!passes(trial.orders, estimate)) continue;
      const double criterion = corrected_criterion(-2 * estimate.loglik, trial.orders, sample_.n);
      if (std::isfinite(criterion)) return {trial.orders, std::move(estimate), criterion, 0};
    }
    return {base_, {}, kInfinity, 0};
  }

  /// Where R finds no suitable model: differences and a constant alone, if there is room for one.
  Chosen fallback() {
    for (const bool constant : {base_.constant, false}) {
      const Orders orders = form_of(0, 0, 0, 0, constant);
      Estimate estimate = estimator_.estimate(sample_, orders, Likelihood::kExact);
      if (!estimate.failure.empty() && constant) continue;
      const double criterion = corrected_criterion(-2 * estimate.loglik, orders, sample_.n);
      return {orders, std::move(estimate), criterion, 0};
    }
    return {};
  }

  Sample sample_;
  Orders base_;  ///< d, D, m, columns; constant: whether one may be there
  Limits limits_;
  bool approximate_ = false;
  double offset_ = 0;
  Estimator estimator_;
  std::vector<Trial> tried_;
  bool constant_ = false;  ///< whether neighbours have one
  Orders best_;
  std::optional<Estimate> best_estimate_;
  double best_criterion_ = kInfinity;
};

/// The test for levels (KPSS) takes the swings of a long cycle within first differences for another trend: it
/// looks at correlations of 3 sqrt(n) / 13 lags only. Forecasts from second differences then run away (M4
/// Weekly with m = 52). R, whose seasons are mostly shorter, takes two.
int differences_max(int m) {
  constexpr int long_cycle = 24;
  return m > long_cycle ? 1 : 2;
}

/// A series that differencing makes constant: nothing is left to estimate but that constant.
Chosen exact_polynomial(const Problem& problem, Orders orders, std::span<const double> rest) {
  orders.constant = orders.d + orders.D <= 1;
  Chosen chosen;
  chosen.orders = orders;
  chosen.aicc = std::numeric_limits<double>::quiet_NaN();
  chosen.estimate.loglik = chosen.aicc;
  if (orders.has_constant()) chosen.estimate.regression.push_back(rest[0] / (orders.D > 0 ? orders.m : 1));
  chosen.estimate.regression.resize(static_cast<std::size_t>(orders.regressors()), 0);
  chosen.orders.columns = problem.columns;
  return chosen;
}

}  // namespace

double corrected_criterion(double minus_twice_loglik, const Orders& orders, std::size_t n) {
  const double k = orders.counted();
  const double room = static_cast<double>(n) - k - 1;
  if (!(room > 0)) return kInfinity;
  return minus_twice_loglik + 2 * k + 2 * k * (k + 1) / room;
}

Chosen choose(const Problem& problem, const Limits& limits) {
  const std::size_t n = problem.values.size();
  Orders orders;
  orders.columns = problem.columns;
  orders.m = std::max(1, problem.season);
  Limits within = limits;
  const int third = static_cast<int>(n / 3);
  within.p = std::min(within.p, third);
  within.q = std::min(within.q, third);
  within.P = orders.m > 1 ? std::min(within.P, third / orders.m) : 0;
  within.Q = orders.m > 1 ? std::min(within.Q, third / orders.m) : 0;
  if (within.P > 0) within.p = std::min(within.p, orders.m - 1);
  if (within.Q > 0) within.q = std::min(within.q, orders.m - 1);
  if (is_constant(problem.values) && problem.columns == 0)
    return exact_polynomial(problem, orders, problem.values);
  const std::vector<double> plain = without_regression(problem);
  orders.D = seasonal_differences(plain, orders.m);
  orders.d = std::min(differences(differenced(plain, orders)), differences_max(orders.m));
  const std::vector<double> rest = differenced(plain, orders);
  if (is_constant(rest) && problem.columns == 0) return exact_polynomial(problem, orders, rest);
  return Walk(problem, within, orders).run(n < 10);
}

Chosen choose_autoregression(const Problem& problem, int order_max) {
  Orders orders;
  orders.columns = problem.columns;
  orders.constant = true;
  if (is_constant(problem.values) && problem.columns == 0)
    return exact_polynomial(problem, orders, problem.values);
  const Sample sample = make_sample(problem, orders);
  Estimator estimator;
  Chosen best;
  best.aicc = kInfinity;
  for (orders.p = 0; orders.p <= order_max; ++orders.p) {
    Estimate estimate = estimator.estimate(sample, orders, Likelihood::kExact);
    const double criterion = corrected_criterion(-2 * estimate.loglik, orders, sample.n);
    const bool better = estimate.failure.empty() && criterion < best.aicc;
    if (better || orders.p == 0) best = {orders, std::move(estimate), better ? criterion : kInfinity, 0};
  }
  best.evaluations = estimator.evaluations();
  return best;
}

}  // namespace rankine::forecast::arima
