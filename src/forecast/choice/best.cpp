// SPDX-License-Identifier: Apache-2.0
#include "forecast/choice/best.hpp"

#include <cmath>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/forecast/choice.hpp>

#include "forecast/nested.hpp"
#include "forecast/rolling.hpp"
#include "forecast/single.hpp"

namespace rankine::forecast {

namespace {

double mean_absolute(const RollingErrors& rolling) {
  double sum = 0, count = 0;
  for (const auto& errors : rolling.errors) {
    for (const double error : errors) sum += std::abs(error);
    count += static_cast<double>(errors.size());
  }
  return sum / count;
}

/// The winner's fit in its state, behind its place in the list.
class Best final : public Model {
 public:
  /// windows = 0: by AICc
  Best(std::size_t windows, std::string name, std::vector<ModelPointer> rivals)
      : windows_(windows), name_(std::move(name)), rivals_(std::move(rivals)) {}

  std::string name() const override { return name_; }
  std::size_t values_min(const Problem& problem) const override {
    std::size_t least = rivals_[0]->values_min(problem);
    for (const auto& rival : rivals_) least = std::min(least, rival->values_min(problem));
    return least;
  }
  std::vector<std::string> parameter_names(std::string_view form) const override {
    const std::string_view name = form.substr(0, form.find(": "));
    for (const auto& rival : rivals_) {
      if (rival->name() == name) return rival->parameter_names(form.substr(name.size() + 2));
    }
    return {};
  }
  bool has_intervals() const override {
    return std::all_of(rivals_.begin(), rivals_.end(), [](const auto& one) { return one->has_intervals(); });
  }

  void fit(std::span<const Problem> problems, std::span<Fit> fits) const override {
    if (windows_ > 0) {
      for (std::size_t i = 0; i < problems.size(); ++i) fits[i] = fit_by_errors(problems[i]);
      return;
    }
    std::vector<std::vector<Fit>> made;
    for (const auto& rival : rivals_) {
      made.emplace_back(problems.size());
      fit_sound(*rival, problems, made.back());
    }
    for (std::size_t i = 0; i < problems.size(); ++i) {
      std::vector<Fit*> of_one;
      for (auto& of_rival : made) of_one.push_back(&of_rival[i]);
      fits[i] = choose_by_aicc(of_one);
    }
  }

  Prediction predict(const Fit& fit, const Request& request) const override {
    std::span<const double> state = fit.state;
    const auto winner = static_cast<std::size_t>(state[0]);
    state = state.subspan(1);
    Request asked = request;
    if (!has_intervals()) asked.levels = {};  // all series have them, or none
    return rivals_[winner]->predict(load_fit(state), asked);
  }

 private:
  Fit won(std::size_t winner, Fit fit, std::int64_t evaluations) const {
    std::vector<double> state{static_cast<double>(winner)};
    save_fit(fit, state);
    fit.form = fmt::format("{}: {}", rivals_[winner]->name(), fit.form);
    fit.state = std::move(state);
    fit.evaluations = evaluations;
    return fit;
  }

  static Fit failed(std::string why) {
    Fit fit;
    fit.failure = std::move(why);
    return fit;
  }

  Fit choose_by_aicc(std::span<Fit* const> of_one) const {
    std::size_t winner = of_one.size();
    std::int64_t evaluations = 0;
    for (std::size_t k = 0; k < of_one.size(); ++k) {
      const Fit& fit = *of_one[k];
      evaluations += fit.evaluations;
      if (!fit.failure.empty()) continue;
      if (!std::isfinite(fit.aicc))
        return failed(fmt::format("{} has no AICc to be chosen by: use BestCV", rivals_[k]->name()));
      if (winner == of_one.size() || fit.aicc < of_one[winner]->aicc) winner = k;
    }
    if (winner == of_one.size())
      return failed(fmt::format("no model of {} could be fitted: {}", name_, of_one[0]->failure));
    return won(winner, std::move(*of_one[winner]), evaluations);
  }

  Fit fit_by_errors(const Problem& problem) const {
    std::size_t values_most = 0;  // all rivals are held against the same values
    for (const auto& rival : rivals_) values_most = std::max(values_most, rival->values_min(problem));
    const RollingOrigins origins =
        rolling_origins(problem.values.size(), problem.season, values_most, windows_);
    double least = 0;
    std::size_t winner = rivals_.size();
    Fit best;
    std::string why = "has too few values to hold some back";
    for (std::size_t k = 0; k < rivals_.size(); ++k) {
      const RollingErrors rolling = rolling_errors(*rivals_[k], problem, origins);
      if (!rolling.failure.empty()) why = rolling.failure;
      if (rolling.errors.empty() || rolling.errors.size() < origins.sizes.size()) continue;
      const double error = mean_absolute(rolling);
      if (winner < rivals_.size() && !(error < least)) continue;
      Fit fit = fit_one(*rivals_[k], problem);
      if (!fit.failure.empty()) continue;
      least = error;
      winner = k;
      best = std::move(fit);
    }
    if (winner < rivals_.size()) {
      const std::int64_t evaluations = best.evaluations;
      return won(winner, std::move(best), evaluations);
    }
    for (std::size_t k = 0; k < rivals_.size(); ++k) {  // nothing to choose by: the first that fits
      Fit fit = fit_one(*rivals_[k], problem);
      const std::int64_t evaluations = fit.evaluations;
      if (fit.failure.empty()) return won(k, std::move(fit), evaluations);
    }
    return failed(fmt::format("no model of {} could be fitted: {}", name_, why));
  }

  std::size_t windows_;
  std::string name_;
  std::vector<ModelPointer> rivals_;
};

ModelPointer made(std::size_t windows, std::string_view word, std::string names, Arguments arguments) {
  std::vector<ModelPointer> rivals;
  for (const std::string_view argument : arguments) {
    rivals.push_back(make_model(argument));
    if (!names.empty()) names += ',';
    names += rivals.back()->name();
  }
  if (rivals.size() < 2) throw InputError(fmt::format("{} needs two models or more", word));
  if (windows == 0) check_comparable(rivals);
  return std::make_shared<Best>(windows, fmt::format("{}({})", word, names), std::move(rivals));
}

}  // namespace

ModelPointer make_best(Arguments arguments) {
  return made(0, "Best", "", arguments);
}

ModelPointer make_best_cv(Arguments arguments) {
  if (arguments.empty()) throw InputError("BestCV(windows,a,b,...) needs a number of windows and models");
  const int windows = whole_number(arguments[0], 1, "the windows of BestCV");
  return made(static_cast<std::size_t>(windows), "BestCV", std::to_string(windows), arguments.subspan(1));
}

}  // namespace rankine::forecast
