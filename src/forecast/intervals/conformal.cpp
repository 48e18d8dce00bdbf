// SPDX-License-Identifier: Apache-2.0
#include "forecast/intervals/conformal.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "forecast/nested.hpp"
#include "forecast/rolling.hpp"
#include "forecast/single.hpp"

namespace rankine::forecast {

namespace {

constexpr int kUsualWindows = 6;

/// Root mean squared errors by step, never falling: a later step is not better known.
std::vector<double> scales_of(const RollingErrors& rolling) {
  std::vector<double> scales(rolling.errors[0].size());
  double largest = 0;
  for (std::size_t k = 0; k < scales.size(); ++k) {
    double root = 0;
    for (const auto& errors : rolling.errors) root = std::hypot(root, errors[k]);
    largest = std::max(largest, root / std::sqrt(static_cast<double>(rolling.errors.size())));
    scales[k] = largest;
  }
  return scales;
}

/// Sizes of the errors relative to the scale of their step, ascending.
std::vector<double> scores_of(const RollingErrors& rolling, std::span<const double> scales) {
  std::vector<double> scores;
  for (const auto& errors : rolling.errors) {
    for (std::size_t k = 0; k < errors.size(); ++k)
      scores.push_back(scales[k] > 0 ? std::abs(errors[k]) / scales[k] : 0);
  }
  std::sort(scores.begin(), scores.end());
  return scores;
}

class Conformal final : public Model {
 public:
  Conformal(ModelPointer inner, int windows) : inner_(std::move(inner)), windows_(windows) {}

  std::string name() const override { return fmt::format("Conformal({},{})", inner_->name(), windows_); }
  std::size_t values_min(const Problem& problem) const override { return inner_->values_min(problem) + 2; }
  std::vector<std::string> parameter_names(std::string_view form) const override {
    return inner_->parameter_names(form);
  }
  bool has_intervals() const override { return true; }

  /// The state: the steps, their scales, the number of scores, the scores, the inner fit.
  void fit(std::span<const Problem> problems, std::span<Fit> fits) const override {
    fit_sound(*inner_, problems, fits);
    for (std::size_t i = 0; i < problems.size(); ++i) {
      Fit& fit = fits[i];
      if (!fit.failure.empty()) continue;
      const RollingErrors rolling = rolling_errors(
          *inner_, problems[i],
          rolling_origins(problems[i].values.size(), problems[i].season, inner_->values_min(problems[i]),
                          static_cast<std::size_t>(windows_)));
      if (rolling.errors.empty()) {
        fit = {};
        fit.failure = rolling.failure;
        continue;
      }
      const std::vector<double> scales = scales_of(rolling);
      const std::vector<double> scores = scores_of(rolling, scales);
      std::vector<double> state{static_cast<double>(scales.size())};
      state.insert(state.end(), scales.begin(), scales.end());
      state.push_back(static_cast<double>(scores.size()));
      state.insert(state.end(), scores.begin(), scores.end());
      save_fit(fit, state);
      fit.state = std::move(state);
    }
  }

  Prediction predict(const Fit& fit, const Request& request) const override {
    std::span<const double> state = fit.state;
    const auto scales = state.subspan(1, static_cast<std::size_t>(state[0]));
    state = state.subspan(1 + scales.size());
    const auto scores = state.subspan(1, static_cast<std::size_t>(state[0]));
    state = state.subspan(1 + scores.size());
    Request means = request;
    means.levels = {};
    Prediction prediction = inner_->predict(load_fit(state), means);
    if (!prediction.failure.empty()) return prediction;
    prediction.lower.clear();
    prediction.upper.clear();
    for (const double level : request.levels) {
      // The smallest score that at least the share (N + 1) level / N of the N scores does not exceed.
      const double rank = std::ceil((static_cast<double>(scores.size()) + 1) * level / 100);
      const double score = scores[std::min(static_cast<std::size_t>(std::max(rank, 1.0)), scores.size()) - 1];
      for (std::size_t k = 0; k < prediction.mean.size(); ++k) {
        const double beyond =
            std::sqrt(std::max(1.0, static_cast<double>(k + 1) / static_cast<double>(scales.size())));
        const double width = score * scales[std::min(k, scales.size() - 1)] * beyond;
        prediction.lower.push_back(prediction.mean[k] - width);
        prediction.upper.push_back(prediction.mean[k] + width);
      }
    }
    require_finite(prediction, *this);
    return prediction;
  }

 private:
  ModelPointer inner_;
  int windows_;
};

}  // namespace

ModelPointer make_conformal(Arguments arguments) {
  if (arguments.empty() || arguments.size() > 2)
    throw InputError("Conformal(model,windows) needs a model and perhaps a number of windows");
  const int windows =
      arguments.size() == 2 ? whole_number(arguments[1], 1, "the windows of Conformal") : kUsualWindows;
  return std::make_shared<Conformal>(make_model(arguments[0]), windows);
}

}  // namespace rankine::forecast
