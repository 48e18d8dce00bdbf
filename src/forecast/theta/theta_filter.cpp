// SPDX-License-Identifier: Apache-2.0
#include "forecast/theta/theta_filter.hpp"

#include <algorithm>
#include <cmath>

#include <boost/math/tools/minima.hpp>

namespace rankine::forecast {

namespace {

constexpr double kAlphaMin = 0.1;
constexpr double kAlphaMax = 0.99;
constexpr double kUsualWeight = 0.5;  // theta = 2

/// The multiplier of w in the next one-step forecast.
double line_part(const ThetaState& s, double alpha) {
  return s.decay * s.intercept + (1 - s.decay * (1 - alpha)) / alpha * s.slope;
}

void see(ThetaState& s, double y, double alpha, bool dynamic) {
  const double t = ++s.seen;
  if (dynamic) {
    s.slope = ((t - 2) * s.slope + 6 / t * (y - s.mean)) / (t + 1);
    s.mean += (y - s.mean) / t;
    s.intercept = s.mean - 0.5 * (t + 1) * s.slope;
  }
  s.level += alpha * (y - s.level);
  s.decay *= 1 - alpha;
}

/// The regression of the errors on the initial level and w for one alpha.
struct Linear {
  double level0 = 0;
  double weight = 0;
  double sse = 0;
};

class Search {
 public:
  Search(std::span<const double> values, ThetaForm form) : values_(values), form_(form) {
    const std::size_t n = values.size();
    skipped_ = form.dynamic ? std::min<std::size_t>(3, n - 4) : 0;
    start_.mean = values[0];
    if (!form.dynamic) draw_line();
  }

  Linear solve(double alpha) const;
  /// The state before the first value but for the level, in the unit of values - values[0].
  const ThetaState& start() const { return start_; }
  double errors() const { return static_cast<double>(values_.size() - skipped_); }
  std::size_t skipped() const { return skipped_; }

 private:
  void draw_line() {
    const auto n = static_cast<double>(values_.size());
    double mean = 0, moment = 0;
    for (std::size_t t = 0; t < values_.size(); ++t) {
      const double z = values_[t] - values_[0];
      mean += z / n;
      moment += (static_cast<double>(t + 1) - 0.5 * (n + 1)) * z / n;
    }
    start_.slope = 12 * moment / (n * n - 1);
    start_.intercept = mean - 0.5 * (n + 1) * start_.slope;
  }

  std::span<const double> values_;
  ThetaForm form_;
  std::size_t skipped_ = 0;
  ThetaState start_;
};

Linear Search::solve(double alpha) const {
  // Values are taken relative to the first, and of the line only what does not fall together with the initial
  // level is left to w, so that the two regressors are well apart.
  ThetaState s = start_;
  s.mean = 0;
  const double fixed = form_.dynamic ? 0 : s.intercept;
  double rr = 0, rc = 0, rd = 0, cc = 0, cd = 0, dd = 0;
  for (std::size_t t = 0; t < values_.size(); ++t) {
    const double y = values_[t] - values_[0];
    if (t >= skipped_) {
      const double r = y - s.level;
      const double c = s.decay;
      const double d = line_part(s, alpha) - c * fixed;
      rr += r * r;
      rc += r * c;
      rd += r * d;
      cc += c * c;
      cd += c * d;
      dd += d * d;
    }
    see(s, y, alpha, form_.dynamic);
  }
  const double apart = dd - cd * cd / cc;
  double weight = kUsualWeight;
  if (form_.optimised && apart > 1e-10 * dd) weight = std::clamp((rd - cd * rc / cc) / apart, 0.0, 1.0);
  const double level0 = (rc - weight * cd) / cc;
  const double sse = rr - 2 * (level0 * rc + weight * rd) + level0 * level0 * cc + 2 * level0 * weight * cd +
                     weight * weight * dd;
  return {values_[0] * (1 - weight) + level0 - weight * fixed, weight, std::max(sse, 0.0)};
}

}  // namespace

ThetaFit fit_theta(std::span<const double> values, ThetaForm form) {
  constexpr int points = 16;
  const Search search(values, form);
  ThetaFit fit;
  fit.form = form;
  const auto loss = [&](double alpha) {
    ++fit.evaluations;
    return search.solve(alpha).sse;
  };
  const auto point = [](int k) { return kAlphaMin + (kAlphaMax - kAlphaMin) * k / (points - 1); };
  int best = 0;
  double least = loss(point(0));
  for (int k = 1; k < points; ++k) {
    const double sse = loss(point(k));
    if (sse < least) {
      best = k;
      least = sse;
    }
  }
  std::uintmax_t evaluations_max = 40;
  const auto [alpha, sse] = boost::math::tools::brent_find_minima(
      loss, point(std::max(best - 1, 0)), point(std::min(best + 1, points - 1)), 20, evaluations_max);
  fit.alpha = sse < least ? alpha : point(best);
  const Linear linear = search.solve(fit.alpha);
  fit.weight = linear.weight;
  fit.level0 = linear.level0;
  fit.errors = search.errors();

  ThetaState& s = fit.state = search.start();
  s.level = fit.level0;
  s.mean = values[0];
  // A moves with the values, B does not.
  s.intercept = form.dynamic ? values[0] : s.intercept + values[0];
  for (std::size_t t = 0; t < values.size(); ++t) {
    const double e = values[t] - (s.level + fit.weight * line_part(s, fit.alpha));
    if (t >= search.skipped()) fit.sse += e * e;
    see(s, values[t], fit.alpha, form.dynamic);
  }
  return fit;
}

namespace {

/// Lets the recursion see its own forecasts.
void run_on(ThetaState s, const ThetaFit& fit, std::span<double> forecasts) {
  for (double& forecast : forecasts) {
    forecast = s.level + fit.weight * line_part(s, fit.alpha);
    see(s, forecast, fit.alpha, fit.form.dynamic);
  }
}

}  // namespace

std::vector<double> theta_means(const ThetaFit& fit, std::size_t horizon) {
  std::vector<double> means(horizon);
  run_on(fit.state, fit, means);
  return means;
}

std::vector<double> theta_variances(const ThetaFit& fit, std::size_t horizon) {
  std::vector<double> variances(horizon, 1.0);
  std::vector<double> responses(horizon);
  ThetaState before;  // nothing but the times: what a lone error of size 1 leaves behind
  before.seen = fit.state.seen;
  before.decay = fit.state.decay;
  for (std::size_t k = 0; k + 1 < horizon; ++k) {
    ThetaState s = before;
    see(s, 1, fit.alpha, fit.form.dynamic);
    const auto later = std::span(responses).subspan(k + 1);
    run_on(s, fit, later);
    for (std::size_t j = 0; j < later.size(); ++j) variances[k + 1 + j] += later[j] * later[j];
    see(before, 0, fit.alpha, fit.form.dynamic);
  }
  return variances;
}

}  // namespace rankine::forecast
