// SPDX-License-Identifier: Apache-2.0
#include "forecast/regression/regression.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>
#include <Eigen/Dense>

#include <rankine/core/error.hpp>

#include "forecast/intervals/gaussian.hpp"
#include "forecast/single.hpp"

namespace rankine::forecast {

namespace {

struct Terms {
  bool usual = false;  ///< nothing was named: what suits the problem
  bool trend = false;
  bool dummies = false;
  std::vector<std::size_t> lags;
  int harmonics = 0;
  double ridge = 0;
};

/// The terms for one series: what the state says before the coefficients and the last values.
struct Design {
  double trend = 0, harmonics = 0, dummies = 0, columns = 0, n = 0;
  std::vector<double> lags, seasons;

  std::size_t reach() const { return lags.empty() ? 0 : static_cast<std::size_t>(lags.back()); }

  void save(std::vector<double>& state) const {
    for (const double one : {trend, harmonics, dummies, columns, n}) state.push_back(one);
    for (const auto* list : {&lags, &seasons}) {
      state.push_back(static_cast<double>(list->size()));
      state.insert(state.end(), list->begin(), list->end());
    }
  }
  static Design load(std::span<const double>& state) {
    Design design{state[0], state[1], state[2], state[3], state[4], {}, {}};
    state = state.subspan(5);
    for (auto* list : {&design.lags, &design.seasons}) {
      const auto values = state.subspan(1, static_cast<std::size_t>(state[0]));
      list->assign(values.begin(), values.end());
      state = state.subspan(1 + values.size());
    }
    return design;
  }

  /// The regressors of time t (from 0). `past` ends with the value before t.
  std::vector<double> row(std::size_t t, std::span<const double> past, std::span<const double> known) const {
    const auto time = static_cast<double>(t);
    std::vector<double> x{1};
    if (trend != 0) x.push_back((time + 1) / n);
    for (const double lag : lags) x.push_back(past[past.size() - static_cast<std::size_t>(lag)]);
    for (const double m : seasons) {
      for (double k = 1; k <= std::min(harmonics, std::floor(m / 2)); ++k) {
        const double turn = 2 * std::numbers::pi * std::fmod(k * time, m) / m;
        x.push_back(std::cos(turn));
        if (2 * k < m) x.push_back(std::sin(turn));
      }
      for (double position = 1; dummies != 0 && position < m; ++position)
        x.push_back(std::fmod(time, m) == position ? 1 : 0);
    }
    x.insert(x.end(), known.begin(), known.end());
    return x;
  }
};

Design design_of(const Terms& terms, const Problem& problem) {
  const std::size_t n = problem.values.size();
  Design design;
  design.n = static_cast<double>(n);
  design.columns = problem.columns;
  design.trend = terms.trend ? 1 : 0;
  design.dummies = terms.dummies ? 1 : 0;
  design.harmonics = terms.harmonics;
  std::vector<std::size_t> lags = terms.lags;
  if (terms.usual) {
    lags = {1};
    design.trend = 1;
    if (problem.season > 1) {
      lags.push_back(static_cast<std::size_t>(problem.season));
      design.harmonics = 2;
    }
  }
  for (const std::size_t lag : lags)
    if (2 * lag < n) design.lags.push_back(static_cast<double>(lag));
  std::vector<int> seasons(problem.seasons.begin(), problem.seasons.end());
  if (seasons.empty()) seasons.push_back(problem.season);
  for (const int season : seasons)
    if (season > 1 && 2 * static_cast<std::size_t>(season) < n) design.seasons.push_back(season);
  return design;
}

/// Coefficients of least squares (ridge = 0; where columns depend on each other, the first ones are used), or
/// of ridge regression, whose intercept is free.
Eigen::VectorXd solve(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, double ridge) {
  if (ridge == 0) return x.colPivHouseholderQr().solve(y);
  const Eigen::RowVectorXd middle = x.colwise().mean();
  Eigen::MatrixXd centred = x.rowwise() - middle;
  Eigen::RowVectorXd sizes = (centred.colwise().squaredNorm() / static_cast<double>(x.rows())).cwiseSqrt();
  for (Eigen::Index k = 0; k < sizes.size(); ++k) sizes[k] = sizes[k] > 0 ? sizes[k] : 1;
  centred = centred.array().rowwise() / sizes.array();
  Eigen::MatrixXd normal = centred.transpose() * centred;
  normal.diagonal().array() += ridge * static_cast<double>(x.rows());
  Eigen::VectorXd b = normal.ldlt().solve(centred.transpose() * y).array() / sizes.transpose().array();
  b[0] = y.mean() - middle.tail(middle.size() - 1).dot(b.tail(b.size() - 1));
  return b;
}

class Regression final : public SingleModel {
 public:
  Regression(std::string name, Terms terms) : name_(std::move(name)), terms_(std::move(terms)) {}

  std::string name() const override { return name_; }
  std::size_t values_min(const Problem& problem) const override {
    return 6 + static_cast<std::size_t>(std::max(problem.columns, 0));
  }
  bool has_intervals() const override { return true; }

 protected:
  Fit fit_values(const Problem& problem) const override {
    const Design design = design_of(terms_, problem);
    const auto columns = static_cast<std::size_t>(problem.columns);
    const std::size_t reach = design.reach();
    const std::size_t rows = problem.values.size() - reach;
    const auto regressors = [&](std::size_t t) {
      return design.row(t, problem.values.first(t), problem.exogenous.subspan(t * columns, columns));
    };
    const std::size_t width = regressors(reach).size();
    Fit fit;
    if (rows < width + 2) {
      fit.failure = fmt::format("has {} usable values for {} coefficients of {}", rows, width, name_);
      return fit;
    }
    Eigen::MatrixXd x(rows, width);
    for (std::size_t t = 0; t < rows; ++t) {
      const auto row = regressors(reach + t);
      x.row(static_cast<Eigen::Index>(t)) =
          Eigen::Map<const Eigen::RowVectorXd>(row.data(), static_cast<Eigen::Index>(width));
    }
    const Eigen::VectorXd y =
        Eigen::Map<const Eigen::VectorXd>(problem.values.data() + reach, static_cast<Eigen::Index>(rows));
    const Eigen::VectorXd b = solve(x, y, terms_.ridge);
    describe(fit, design, {b.data(), b.data() + b.size()}, (y - x * b).squaredNorm(), rows);
    fit.state.insert(fit.state.end(), problem.values.end() - static_cast<std::ptrdiff_t>(reach),
                     problem.values.end());
    return fit;
  }

  Prediction predict_values(const Fit& fit, const Request& request) const override {
    std::span<const double> state = fit.state;
    const Design design = Design::load(state);
    const auto b = state.subspan(1, static_cast<std::size_t>(state[0]));
    const auto last = state.subspan(1 + b.size());
    const auto horizon = static_cast<std::size_t>(request.horizon);
    const auto columns = static_cast<std::size_t>(design.columns);
    Prediction prediction;
    if (request.exogenous.size() != horizon * columns) {
      prediction.failure = fmt::format("{} exogenous values were given for {} steps of {} columns",
                                       request.exogenous.size(), horizon, columns);
      return prediction;
    }
    std::vector<double> past(last.begin(), last.end());
    for (std::size_t k = 0; k < horizon; ++k) {
      const auto x = design.row(static_cast<std::size_t>(design.n) + k, past,
                                request.exogenous.subspan(k * columns, columns));
      double mean = 0;
      for (std::size_t i = 0; i < x.size(); ++i) mean += x[i] * b[i];
      prediction.mean.push_back(mean);
      past.push_back(mean);
    }
    fill_normal_intervals(prediction, deviations(design, b, fit.sigma2, horizon), request.levels);
    return prediction;
  }

 private:
  void describe(Fit& fit, const Design& design, std::vector<double> b, double sse, std::size_t rows) const {
    const auto n = static_cast<double>(rows);
    const auto width = static_cast<double>(b.size());
    fit.form = name_;
    fit.parameters = b;
    fit.evaluations = 1;
    fit.sigma2 = sse / (n - width);
    fit.loglik = fit.aicc = kUndefined;
    if (terms_.ridge == 0 && sse > 0 && n > width + 2) {
      fit.loglik = -0.5 * n * (std::log(2 * std::numbers::pi * sse / n) + 1);
      const double k = width + 1;
      fit.aicc = -2 * fit.loglik + 2 * k + 2 * k * (k + 1) / (n - k - 1);
    }
    design.save(fit.state);
    fit.state.push_back(width);
    fit.state.insert(fit.state.end(), b.begin(), b.end());
  }

  static std::vector<double> deviations(const Design& design, std::span<const double> b, double sigma2,
                                        std::size_t horizon) {
    const std::size_t first = design.trend != 0 ? 2 : 1;  // where the lags' coefficients begin
    std::vector<double> responses{1}, deviations;
    double sum = 0;
    for (std::size_t k = 0; k < horizon; ++k) {
      if (k > 0) {
        double response = 0;
        for (std::size_t i = 0; i < design.lags.size(); ++i) {
          const auto lag = static_cast<std::size_t>(design.lags[i]);
          if (lag <= k) response += b[first + i] * responses[k - lag];
        }
        responses.push_back(response);
      }
      sum += responses[k] * responses[k];
      deviations.push_back(std::sqrt(sigma2 * sum));
    }
    return deviations;
  }

  std::string name_;
  Terms terms_;
};

}  // namespace

ModelPointer make_regression(Arguments arguments) {
  Terms terms;
  terms.usual = arguments.empty();
  std::string name;
  for (const std::string_view argument : arguments) {
    const std::size_t equals = std::min(argument.find('='), argument.size());
    const std::string_view word = argument.substr(0, equals);
    const std::string_view value = argument.substr(std::min(equals + 1, argument.size()));
    if (argument == "trend") {
      terms.trend = true;
    } else if (argument == "dummies") {
      terms.dummies = true;
    } else if (word == "lag") {
      terms.lags.push_back(static_cast<std::size_t>(whole_number(value, 1, "a lag of Regression")));
    } else if (word == "fourier") {
      terms.harmonics = whole_number(value, 1, "fourier of Regression");
    } else if (word == "ridge") {
      terms.ridge = number_between(value, 0, 1e12, "ridge of Regression");
    } else {
      throw InputError(fmt::format(
          "Regression does not know \"{}\"; it takes trend, dummies, lag=, fourier= and ridge=", argument));
    }
    if (!name.empty()) name += ',';
    name += argument;
  }
  std::sort(terms.lags.begin(), terms.lags.end());
  terms.lags.erase(std::unique(terms.lags.begin(), terms.lags.end()), terms.lags.end());
  name = name.empty() ? "Regression" : fmt::format("Regression({})", name);
  return std::make_shared<Regression>(std::move(name), std::move(terms));
}

}  // namespace rankine::forecast
