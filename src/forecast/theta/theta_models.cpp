// SPDX-License-Identifier: Apache-2.0
#include "forecast/theta/theta_models.hpp"

#include <cmath>

#include "forecast/adjusted.hpp"
#include "forecast/intervals/gaussian.hpp"
#include "forecast/single.hpp"
#include "forecast/theta/theta_filter.hpp"

namespace rankine::forecast {

namespace {

class ThetaModel final : public SingleModel {
 public:
  ThetaModel(std::string_view name, ThetaForm form) : name_(name), form_(form) {}

  std::string name() const override { return std::string(name_); }
  std::size_t values_min(const Problem& /*problem*/) const override { return 4; }
  std::vector<std::string> parameter_names(std::string_view /*form*/) const override {
    return {"alpha", "theta", "level0"};
  }
  bool has_intervals() const override { return true; }

 protected:
  Fit fit_values(const Problem& problem) const override {
    const AdjustedSeries adjusted = seasonally_adjusted(problem.values, problem.season);
    const ThetaFit theta = fit_theta(adjusted.values, form_);
    Fit fit;
    fit.form = name_;
    fit.parameters = {theta.alpha, 1 / (1 - theta.weight), theta.level0};
    fit.loglik = fit.aicc = kUndefined;
    const double estimated = form_.optimised ? 3 : 2;
    fit.sigma2 = theta.sse / std::max(theta.errors - estimated, 1.0);
    fit.evaluations = theta.evaluations;
    const ThetaState& s = theta.state;
    fit.state = {theta.alpha, theta.weight, s.level, s.mean, s.intercept, s.slope, s.decay, s.seen};
    adjusted.pattern.save(fit.state);
    return fit;
  }

  Prediction predict_values(const Fit& fit, const Request& request) const override {
    std::span<const double> state = fit.state;
    ThetaFit theta;
    theta.form = form_;
    theta.alpha = state[0];
    theta.weight = state[1];
    theta.state = {state[2], state[3], state[4], state[5], state[6], state[7]};
    state = state.subspan(8);
    const SeasonalPattern pattern = SeasonalPattern::load(state);
    const auto horizon = static_cast<std::size_t>(request.horizon);
    Prediction prediction;
    prediction.mean = theta_means(theta, horizon);
    for (std::size_t k = 0; k < horizon; ++k) prediction.mean[k] = pattern.put_back(prediction.mean[k], k);
    if (request.levels.empty()) return prediction;
    std::vector<double> deviations = theta_variances(theta, horizon);
    for (std::size_t k = 0; k < horizon; ++k)
      deviations[k] = std::sqrt(fit.sigma2 * deviations[k]) * pattern.weight(k);
    fill_normal_intervals(prediction, deviations, request.levels);
    return prediction;
  }

 private:
  std::string_view name_;
  ThetaForm form_;
};

ModelPointer made(Arguments arguments, std::string_view name, ThetaForm form) {
  require_no_arguments(arguments, name);
  return std::make_shared<ThetaModel>(name, form);
}

}  // namespace

ModelPointer make_static_theta(Arguments arguments) {
  return made(arguments, "StaticTheta", {.dynamic = false, .optimised = false});
}
ModelPointer make_optimised_theta(Arguments arguments) {
  return made(arguments, "OptimisedTheta", {.dynamic = false, .optimised = true});
}
ModelPointer make_dynamic_theta(Arguments arguments) {
  return made(arguments, "DynamicTheta", {.dynamic = true, .optimised = false});
}
ModelPointer make_dynamic_optimised_theta(Arguments arguments) {
  return made(arguments, "DynamicOptimisedTheta", {.dynamic = true, .optimised = true});
}

}  // namespace rankine::forecast
