// SPDX-License-Identifier: Apache-2.0
#include "forecast/benchmarks/benchmarks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "forecast/benchmarks/state.hpp"
#include "forecast/seasonal.hpp"
#include "forecast/single.hpp"
#include "forecast/smoothing.hpp"

namespace rankine::forecast {

namespace {

constexpr std::array<std::string_view, kBenchmarkCount> kNames{"Naive", "sNaive", "Naive2", "SES",
                                                               "Holt",  "Damped", "Theta",  "Comb"};
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::size_t least_values(Benchmark benchmark, int season) {
  switch (benchmark) {
    case Benchmark::kNaive:
    case Benchmark::kNaive2:
      return 1;
    case Benchmark::kSnaive:
      return static_cast<std::size_t>(std::max(season, 1));
    case Benchmark::kSes:
      return 2;
    case Benchmark::kTheta:
      return 3;
    case Benchmark::kHolt:
      return 5;
    case Benchmark::kDamped:
    case Benchmark::kComb:
      return 6;
  }
  return 0;
}

bool sees_adjusted_values(Benchmark benchmark) {
  return benchmark != Benchmark::kNaive && benchmark != Benchmark::kSnaive;
}

/// Mean of the squared differences from the values `lag` steps before; NaN without any.
double mean_square_step(std::span<const double> values, std::size_t lag) {
  double sum = 0;
  for (std::size_t t = lag; t < values.size(); ++t) {
    sum += (values[t] - values[t - lag]) * (values[t] - values[t - lag]);
  }
  return values.size() > lag ? sum / static_cast<double>(values.size() - lag) : kNone;
}

/// Fits benchmarks to one series; the adjusted values and the smoothers are made once and shared.
class Family {
 public:
  explicit Family(const Problem& problem) : raw_(problem.values), season_(problem.season), values_(raw_) {}

  void fit(Benchmark benchmark, Fit& fit) {
    if (sees_adjusted_values(benchmark)) adjust();
    fit.form = name(benchmark);
    if (sees_adjusted_values(benchmark) && adjustment_ != Adjustment::kNone)
      fit.form += adjustment_ == Adjustment::kMultiplicative ? "*season" : "+season";
    fit.loglik = kNone;
    fit.aicc = kNone;
    fit.sigma2 = kNone;
    BenchmarkState state;
    switch (benchmark) {
      case Benchmark::kNaive:
        state.lines = {{raw_.back(), 0, 1}};
        fit.sigma2 = mean_square_step(raw_, 1);
        break;
      case Benchmark::kSnaive:
        state.lines = {{0, 0, 1}};
        state.adjustment = Adjustment::kAdditive;
        state.indices.assign(raw_.end() - std::max(season_, 1), raw_.end());
        fit.sigma2 = mean_square_step(raw_, state.indices.size());
        break;
      case Benchmark::kNaive2:
        state.lines = {{values_.back(), 0, 1}};
        fit.sigma2 = mean_square_step(values_, 1);
        break;
      case Benchmark::kSes:
        smooth(ses(), {ses().alpha, ses().level0}, fit, state);
        break;
      case Benchmark::kHolt:
        smooth(holt(), {holt().alpha, holt().beta, holt().level0, holt().trend0}, fit, state);
        break;
      case Benchmark::kDamped:
        smooth(damped(), {damped().alpha, damped().beta, damped().phi, damped().level0, damped().trend0}, fit,
               state);
        break;
      case Benchmark::kTheta:
        theta(fit, state);
        break;
      case Benchmark::kComb:
        state.lines = {line_of(ses()), line_of(holt()), line_of(damped())};
        break;
    }
    if (sees_adjusted_values(benchmark)) add_season(state);
    fit.state = state.packed();
  }

 private:
  void adjust() {
    if (adjusted_once_) return;
    adjusted_once_ = true;
    if (!is_seasonal(raw_, season_)) return;
    const bool positive = *std::min_element(raw_.begin(), raw_.end()) > 0;
    adjustment_ = positive ? Adjustment::kMultiplicative : Adjustment::kAdditive;
    indices_ = seasonal_indices(raw_, season_, adjustment_);
    adjusted_.assign(raw_.begin(), raw_.end());
    const std::size_t m = indices_.size();
    for (std::size_t t = 0; t < adjusted_.size(); ++t) {
      const double index = indices_[t % m];
      adjusted_[t] = positive ? adjusted_[t] / index : adjusted_[t] - index;
    }
    values_ = adjusted_;
  }

  struct Shared {
    SmoothingFit fit;
    bool made = false;
  };
  const SmoothingFit& made(Shared& shared, SmoothingFit (*smoother)(std::span<const double>)) const {
    if (!shared.made) shared = {smoother(values_), true};
    return shared.fit;
  }
  const SmoothingFit& ses() { return made(ses_, fit_ses); }
  const SmoothingFit& holt() { return made(holt_, fit_holt); }
  const SmoothingFit& damped() { return made(damped_, fit_damped); }

  static BenchmarkState::Line line_of(const SmoothingFit& s) { return {s.level, s.trend, s.phi}; }

  void smooth(const SmoothingFit& s, std::vector<double> parameters, Fit& fit, BenchmarkState& state) const {
    fit.parameters = std::move(parameters);
    fit.sigma2 = s.sse / static_cast<double>(values_.size());
    state.lines = {line_of(s)};
  }

  void theta(Fit& fit, BenchmarkState& state) const {
    const std::size_t n = values_.size();
    const double middle = (static_cast<double>(n) - 1) / 2;
    double mean = 0;
    for (const double y : values_) mean += y / static_cast<double>(n);
    double covariance = 0;
    double variance = 0;
    for (std::size_t t = 0; t < n; ++t) {
      const double from_middle = static_cast<double>(t) - middle;
      covariance += from_middle * (values_[t] - mean);
      variance += from_middle * from_middle;
    }
    const double slope = covariance / variance;
    std::vector<double> curved(n);  // the theta=2 line: twice the distance from the OLS line
    double least = values_[0];
    for (std::size_t t = 0; t < n; ++t) {
      curved[t] = 2 * values_[t] - (mean + slope * (static_cast<double>(t) - middle));
      least = std::min(least, values_[t]);
    }
    const SmoothingFit s = fit_ses(curved);
    fit.parameters = {s.alpha, s.level0, slope};
    fit.sigma2 = s.sse / static_cast<double>(n);
    // The OLS line one step before the first forecast.
    state.lines = {{mean + slope * (static_cast<double>(n) - 1 - middle), slope, 1}, {s.level, 0, 1}};
    // As in the M4 code; a series that is negative itself may go on so.
    state.not_negative = least >= 0;
  }

  void add_season(BenchmarkState& state) const {
    state.adjustment = adjustment_;
    const std::size_t m = indices_.size();
    for (std::size_t k = 0; k < m; ++k) state.indices.push_back(indices_[(raw_.size() + k) % m]);
  }

  std::span<const double> raw_;
  int season_;
  bool adjusted_once_ = false;
  Adjustment adjustment_ = Adjustment::kNone;
  std::vector<double> indices_;  // one for each position of the cycle, the first for values[0]
  std::vector<double> adjusted_;
  std::span<const double> values_;  // what the smoothers see: raw or adjusted
  Shared ses_, holt_, damped_;
};

class BenchmarkModel final : public Model {
 public:
  explicit BenchmarkModel(Benchmark benchmark) : benchmark_(benchmark) {}

  Benchmark benchmark() const { return benchmark_; }
  std::string name() const override { return std::string(forecast::name(benchmark_)); }
  std::size_t values_min(const Problem& problem) const override {
    return least_values(benchmark_, problem.season);
  }
  std::vector<std::string> parameter_names(std::string_view) const override {
    switch (benchmark_) {
      case Benchmark::kSes:
        return {"alpha", "level0"};
      case Benchmark::kHolt:
        return {"alpha", "beta", "level0", "trend0"};
      case Benchmark::kDamped:
        return {"alpha", "beta", "phi", "level0", "trend0"};
      case Benchmark::kTheta:
        return {"alpha", "level0", "trend0"};
      default:
        return {};
    }
  }
  void fit(std::span<const Problem> problems, std::span<Fit> fits) const override {
    for (std::size_t k = 0; k < problems.size(); ++k)
      fit_benchmarks(problems[k], {&benchmark_, 1}, fits.subspan(k, 1));
  }
  Prediction predict(const Fit& fit, const Request& request) const override {
    Prediction prediction = BenchmarkState::unpacked(fit.state).forecast(request.horizon);
    require_finite(prediction, *this);
    return prediction;
  }

 private:
  Benchmark benchmark_;
};

}  // namespace

std::string_view name(Benchmark benchmark) {
  return kNames.at(static_cast<std::size_t>(benchmark));
}

ModelPointer make_benchmark(Benchmark benchmark) {
  return std::make_shared<BenchmarkModel>(benchmark);
}

std::optional<Benchmark> benchmark_of(const Model& model) {
  const auto* benchmark = dynamic_cast<const BenchmarkModel*>(&model);
  return benchmark == nullptr ? std::nullopt : std::optional(benchmark->benchmark());
}

void fit_benchmarks(const Problem& problem, std::span<const Benchmark> which, std::span<Fit> fits) {
  Family family(problem);
  for (std::size_t k = 0; k < which.size(); ++k) {
    fits[k] = {};
    const std::size_t needed = least_values(which[k], problem.season);
    if (problem.values.size() < needed) {
      fits[k].failure = too_few_values(problem.values.size(), name(which[k]), needed);
    } else {
      family.fit(which[k], fits[k]);
    }
  }
}

void detail::refuse_arguments(std::string_view model, Arguments arguments) {
  if (!arguments.empty())
    throw InputError(
        fmt::format("model {} takes no arguments, found ({})", model, fmt::join(arguments, ",")));
}

}  // namespace rankine::forecast
