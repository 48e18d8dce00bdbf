// SPDX-License-Identifier: Apache-2.0
#include "forecast/smoothing.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace rankine::forecast {

namespace {

// ---- SES: Nelder-Mead over (alpha, initial level), four candidates a pass.

constexpr std::size_t kLanes = 4;

struct Vertex {
  double alpha = 0;
  double level0 = 0;
  double mse = 0;
};
using Candidates = std::array<Vertex, kLanes>;

/// Fills in the mean squared errors of four candidates in one pass; outside the bounds they count as
/// kHopeless. The recursion is bound by latency, so four together take about the time of one.
void evaluate(std::span<const double> values, Candidates& candidates) {
  constexpr double hopeless = 1e35;
  double alpha[kLanes], keep[kLanes], level[kLanes], sse[kLanes] = {};
  for (std::size_t k = 0; k < kLanes; ++k) {
    alpha[k] = std::clamp(candidates[k].alpha, kWeightMin, kWeightMax);
    keep[k] = 1 - alpha[k];
    level[k] = candidates[k].level0;
  }
  for (const double y : values) {
    for (std::size_t k = 0; k < kLanes; ++k) {
      const double e = y - level[k];
      sse[k] += e * e;
      level[k] = keep[k] * level[k] + alpha[k] * y;
    }
  }
  for (std::size_t k = 0; k < kLanes; ++k) {
    const double mse = sse[k] / static_cast<double>(values.size());
    candidates[k].mse = candidates[k].alpha == alpha[k] && std::isfinite(mse) ? mse : hopeless;
  }
}

Vertex between(const Vertex& from, const Vertex& to, double share) {
  return {from.alpha + share * (to.alpha - from.alpha), from.level0 + share * (to.level0 - from.level0), 0};
}

double distance(const Vertex& a, const Vertex& b) {
  return std::abs(a.alpha - b.alpha) + std::abs(a.level0 - b.level0);
}

/// Nelder and Mead's search (Computer Journal 7, 1965) with the start, the steps and the stopping rule of
/// Nash (Compact Numerical Methods for Computers, 1990, algorithm 19), which R's optimiser follows.
Vertex nelder_mead(std::span<const double> values, const Vertex& start) {
  constexpr double tolerance = 1.490116119384766e-08;  // root of the machine epsilon
  constexpr int passes_max = 1000;
  const double step = 0.1 * std::max(std::abs(start.alpha), std::abs(start.level0));
  Candidates c{start, {start.alpha + step, start.level0}, {start.alpha, start.level0 + step}, start};
  evaluate(values, c);
  std::array<Vertex, 3> simplex{c[0], c[1], c[2]};
  const double enough = tolerance * (simplex[0].mse + tolerance);
  double size = 20 * step;
  const auto by_mse = [](const Vertex& a, const Vertex& b) { return a.mse < b.mse; };
  for (int pass = 0; pass < passes_max; ++pass) {
    Vertex& best = *std::min_element(simplex.begin(), simplex.end(), by_mse);
    Vertex& worst = *std::max_element(simplex.begin(), simplex.end(), by_mse);
    if (worst.mse <= best.mse + enough) break;
    const Vertex& other = simplex[3 - static_cast<std::size_t>(&best - &simplex[0]) -
                                  static_cast<std::size_t>(&worst - &simplex[0])];
    const Vertex middle = between(best, other, 0.5);
    const Vertex reflected = between(worst, middle, 2);
    c = {reflected, between(middle, reflected, 2), between(reflected, middle, 0.5),
         between(worst, middle, 0.5)};
    evaluate(values, c);
    const auto& [reflection, expansion, outside, inside] = c;
    if (reflection.mse < best.mse) {
      worst = expansion.mse < reflection.mse ? expansion : reflection;
      continue;
    }
    const bool improved = reflection.mse < worst.mse;
    if (improved) worst = reflection;
    const Vertex& contraction = improved ? outside : inside;
    if (contraction.mse < worst.mse) {
      worst = contraction;
    } else if (!improved) {
      double smaller = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        c[k] = between(best, simplex[k], 0.5);
        smaller += distance(best, c[k]);
      }
      if (!(smaller < size)) break;
      size = smaller;
      evaluate(values, c);
      std::copy_n(c.begin(), 3, simplex.begin());
    }
  }
  return *std::min_element(simplex.begin(), simplex.end(), by_mse);
}

}  // namespace

SmoothingFit fit_ses(std::span<const double> values) {
  const std::size_t first = std::min<std::size_t>(10, values.size());
  double level0 = 0;
  for (std::size_t t = 0; t < first; ++t) level0 += values[t] / static_cast<double>(first);
  const Vertex best = nelder_mead(values, {kWeightMin + 0.2 * (kWeightMax - kWeightMin), level0, 0});
  SmoothingFit fit;
  fit.alpha = best.alpha;
  fit.level0 = fit.level = best.level0;
  for (const double y : values) {
    const double e = y - fit.level;
    fit.level += fit.alpha * e;
    fit.sse += e * e;
  }
  return fit;
}

namespace {

// ---- Scaling: the trend models are equivariant under y -> (y - shift) / scale, so their fits work on values
// of mean 0 and variance 1 and tolerances need no unit.

struct Scaled {
  std::vector<double> values;
  double shift = 0;
  double scale = 1;
  bool constant = false;
};

Scaled scaled(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  Scaled s;
  for (const double y : values) s.shift += y / n;
  double squares = 0;
  double largest = 0;
  for (const double y : values) {
    squares += (y - s.shift) * (y - s.shift) / n;
    largest = std::max(largest, std::abs(y));
  }
  s.scale = std::sqrt(squares);
  s.constant = !(s.scale > 1e-13 * largest);
  s.values.resize(values.size());
  if (s.constant) return s;
  for (std::size_t t = 0; t < values.size(); ++t) s.values[t] = (values[t] - s.shift) / s.scale;
  return s;
}

SmoothingFit unscaled(SmoothingFit fit, const Scaled& s) {
  fit.level0 = s.shift + s.scale * fit.level0;
  fit.level = s.shift + s.scale * fit.level;
  fit.trend0 *= s.scale;
  fit.trend *= s.scale;
  fit.sse *= s.scale * s.scale;
  return fit;
}

// ---- Holt and Damped: Levenberg-Marquardt on the errors' derivatives, which follow the recursion
// themselves.

/// Variables of the trend models in the order of Step::variable. ratio = beta / alpha turns beta <= alpha
/// into a bound.
enum Variable : std::size_t { kAlpha, kRatio, kLevel0, kTrend0, kPhi, kVariables };
constexpr std::size_t kPadded = 6;  // derivatives are kept in pairs for two-wide arithmetic

using Point = std::array<double, kVariables>;

struct Pass {
  double sse = 0;
  double level = 0;
  double trend = 0;
  std::array<double, kPadded> slope{};                         // sum of e_t g_t
  std::array<std::array<double, kPadded>, kPadded> product{};  // sum of g_t g_t', upper triangle by pairs
};

/// Runs the recursion at `p` with g_t = d(forecast of y_t)/dp alongside. Lanes beyond `Used` variables stay
/// 0.
template <std::size_t Used>
Pass run_trend_pass(std::span<const double> values, const Point& p) {
  constexpr std::size_t width = Used + Used % 2;
  const double alpha = p[kAlpha];
  const double ratio = p[kRatio];
  const double beta = alpha * ratio;
  const double phi = Used > kPhi ? p[kPhi] : 1;
  const double keep = 1 - alpha;
  Pass pass;
  double level = p[kLevel0];
  double trend = p[kTrend0];
  double dl[width] = {}, db[width] = {}, g[width], slope[width] = {}, product[width][width] = {};
  dl[kLevel0] = 1;
  db[kTrend0] = 1;
  for (const double y : values) {
    const double forecast = level + phi * trend;
    const double e = y - forecast;
    for (std::size_t k = 0; k < width; ++k) g[k] = dl[k] + phi * db[k];
    if constexpr (Used > kPhi) g[kPhi] += trend;
    for (std::size_t k = 0; k < width; ++k) {
      dl[k] = keep * g[k];
      db[k] = phi * db[k] - beta * g[k];
      slope[k] += e * g[k];
    }
    dl[kAlpha] += e;
    db[kAlpha] += ratio * e;
    db[kRatio] += alpha * e;
    if constexpr (Used > kPhi) db[kPhi] += trend;
    for (std::size_t i = 0; i < Used; ++i) {
      for (std::size_t k = i - i % 2; k < width; ++k) product[i][k] += g[i] * g[k];
    }
    level = forecast + alpha * e;
    trend = phi * trend + beta * e;
    pass.sse += e * e;
  }
  pass.level = level;
  pass.trend = trend;
  for (std::size_t i = 0; i < Used; ++i) {
    pass.slope[i] = slope[i];
    for (std::size_t k = i; k < Used; ++k) pass.product[i][k] = pass.product[k][i] = product[i][k];
  }
  return pass;
}

/// Solves (product + damping * diagonal) x = slope over the variables that are free, by Cholesky. Others stay
/// 0. Returns false when the matrix is not positive definite.
template <std::size_t Used>
bool solve_step(const Pass& pass, double damping, const std::array<bool, kVariables>& free, Point& x) {
  std::size_t map[Used];
  std::size_t size = 0;
  for (std::size_t i = 0; i < Used; ++i) {
    if (free[i]) map[size++] = i;
  }
  double lower[Used][Used];
  double z[Used];
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k <= i; ++k) {
      double sum = pass.product[map[i]][map[k]];
      if (i == k) sum += damping * (sum + 1e-12);
      for (std::size_t j = 0; j < k; ++j) sum -= lower[i][j] * lower[k][j];
      if (i == k) {
        if (!(sum > 0)) return false;
        lower[i][i] = std::sqrt(sum);
      } else {
        lower[i][k] = sum / lower[k][k];
      }
    }
    double sum = pass.slope[map[i]];
    for (std::size_t j = 0; j < i; ++j) sum -= lower[i][j] * z[j];
    z[i] = sum / lower[i][i];
  }
  x.fill(0);
  for (std::size_t i = size; i-- > 0;) {
    double sum = z[i];
    for (std::size_t j = i + 1; j < size; ++j) sum -= lower[j][i] * x[map[j]];
    x[map[i]] = sum / lower[i][i];
  }
  return true;
}

Point clamped(Point p) {
  p[kAlpha] = std::clamp(p[kAlpha], kWeightMin, kWeightMax);
  p[kRatio] = std::clamp(p[kRatio], kWeightMin / p[kAlpha], 1.0);
  p[kPhi] = std::clamp(p[kPhi], kDampingMin, kDampingMax);
  return p;
}

/// A variable is held at a bound which the descent direction would leave.
template <std::size_t Used>
std::array<bool, kVariables> free_variables(const Pass& pass, const Point& p) {
  std::array<bool, kVariables> free{};
  for (std::size_t i = 0; i < Used; ++i) free[i] = true;
  const auto hold = [&](std::size_t i, double low, double high) {
    if ((p[i] <= low && pass.slope[i] <= 0) || (p[i] >= high && pass.slope[i] >= 0)) free[i] = false;
  };
  hold(kAlpha, kWeightMin, kWeightMax);
  hold(kRatio, kWeightMin / p[kAlpha], 1.0);
  if (Used > kPhi) hold(kPhi, kDampingMin, kDampingMax);
  return free;
}

template <std::size_t Used>
SmoothingFit descend(std::span<const double> values, Point p) {
  constexpr int passes_max = 200;
  constexpr double decrease_min = 1e-8;  // relative; the error in the variables is about its root
  const double negligible = 1e-20 * static_cast<double>(values.size());
  const std::array<bool, kVariables> initial_states{false, false, true, true, false};
  Point step;
  Pass pass = run_trend_pass<Used>(values, p);
  // The errors are linear in the initial states, so one undamped step puts these at their optimum.
  const auto settle_initial_states = [&] {
    if (!solve_step<Used>(pass, 0, initial_states, step)) return;
    Point settled = p;
    settled[kLevel0] += step[kLevel0];
    settled[kTrend0] += step[kTrend0];
    const Pass next = run_trend_pass<Used>(values, settled);
    if (!(next.sse < pass.sse)) return;
    p = settled;
    pass = next;
  };
  settle_initial_states();
  double damping = 1e-2;
  for (int passes = 0; passes < passes_max && pass.sse > negligible && damping < 1e8; ++passes) {
    Point trial = p;
    if (solve_step<Used>(pass, damping, free_variables<Used>(pass, p), step)) {
      for (std::size_t i = 0; i < Used; ++i) trial[i] += step[i];
      trial = clamped(trial);
      const Pass next = run_trend_pass<Used>(values, trial);
      if (next.sse < pass.sse) {
        const bool done = pass.sse - next.sse < decrease_min * pass.sse;
        p = trial;
        pass = next;
        if (done) break;
        damping = std::max(damping * 0.1, 1e-12);
        continue;
      }
    }
    damping *= 8;
  }
  settle_initial_states();
  SmoothingFit fit;
  fit.alpha = p[kAlpha];
  fit.beta = p[kAlpha] * p[kRatio];
  fit.phi = Used > kPhi ? p[kPhi] : 1;
  fit.level0 = p[kLevel0];
  fit.trend0 = p[kTrend0];
  fit.level = pass.level;
  fit.trend = pass.trend;
  fit.sse = pass.sse;
  return fit;
}

/// Where the descent begins: in the middle of alpha's range, with a slow trend and little damping. From R's
/// alpha = 0.2 (or from many starts, taking the best) the damped model ends up in deeper valleys on short
/// series - a bound and an extreme initial trend - which forecast worse.
Point usual_start() {
  Point p{};
  p[kAlpha] = 0.5;
  p[kRatio] = 0.1;
  p[kPhi] = kDampingMin + 0.99 * (kDampingMax - kDampingMin);
  return p;
}

template <std::size_t Used>
SmoothingFit fit_trend(std::span<const double> values) {
  const Scaled s = scaled(values);
  if (s.constant) {
    SmoothingFit fit;
    fit.alpha = kWeightMax;
    fit.beta = kWeightMin;
    fit.phi = Used > kPhi ? kDampingMax : 1;
    return unscaled(fit, s);
  }
  return unscaled(descend<Used>(s.values, usual_start()), s);
}

}  // namespace

SmoothingFit fit_holt(std::span<const double> values) {
  return fit_trend<kPhi>(values);
}
SmoothingFit fit_damped(std::span<const double> values) {
  return fit_trend<kVariables>(values);
}

}  // namespace rankine::forecast
