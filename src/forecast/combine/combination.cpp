// SPDX-License-Identifier: Apache-2.0
#include "forecast/combine/combination.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "forecast/nested.hpp"
#include "forecast/single.hpp"

namespace rankine::forecast {

namespace {

enum class Rule { kMean, kMedian };

double combined(std::vector<double>& values, Rule rule) {
  const auto size = static_cast<double>(values.size());
  if (rule == Rule::kMean) {
    return std::accumulate(values.begin(), values.end(), 0.0,
                           [&](double sum, double value) { return sum + value / size; });
  }
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * values[half - 1] + 0.5 * values[half];
}

/// A member that cannot be fitted to a series is left out of its combination; the form says who took part.
class Combination final : public Model {
 public:
  Combination(Rule rule, std::string name, std::vector<ModelPointer> members)
      : rule_(rule), name_(std::move(name)), members_(std::move(members)) {}

  std::string name() const override { return name_; }
  std::size_t values_min(const Problem& problem) const override {
    std::size_t least = members_[0]->values_min(problem);
    for (const auto& member : members_) least = std::min(least, member->values_min(problem));
    return least;
  }
  std::vector<std::string> parameter_names(std::string_view /*form*/) const override { return {}; }
  bool has_intervals() const override {
    return std::all_of(members_.begin(), members_.end(),
                       [](const auto& one) { return one->has_intervals(); });
  }

  void fit(std::span<const Problem> problems, std::span<Fit> fits) const override {
    std::vector<std::vector<Fit>> made;
    for (const auto& member : members_) {
      made.emplace_back(problems.size());
      fit_sound(*member, problems, made.back());
    }
    for (std::size_t i = 0; i < problems.size(); ++i) {
      std::vector<const Fit*> of_one;
      for (const auto& of_member : made) of_one.push_back(&of_member[i]);
      fits[i] = join(of_one);
    }
  }

  Prediction predict(const Fit& fit, const Request& request) const override {
    std::span<const double> state = fit.state;
    std::vector<Prediction> parts;
    Prediction last;
    while (!state.empty()) {
      const auto member = static_cast<std::size_t>(state[0]);
      state = state.subspan(1);
      last = members_[member]->predict(load_fit(state), request);
      if (last.failure.empty()) parts.push_back(std::move(last));
    }
    if (parts.empty()) return last;
    Prediction prediction;
    prediction.mean = combine(parts, &Prediction::mean);
    if (has_intervals()) {
      prediction.lower = combine(parts, &Prediction::lower);
      prediction.upper = combine(parts, &Prediction::upper);
    }
    require_finite(prediction, *this);
    return prediction;
  }

 private:
  Fit join(std::span<const Fit* const> of_one) const {
    Fit joined;
    joined.loglik = joined.aicc = joined.sigma2 = kUndefined;
    for (std::size_t k = 0; k < of_one.size(); ++k) {
      const Fit& fit = *of_one[k];
      if (!fit.failure.empty()) continue;
      if (!joined.form.empty()) joined.form += ',';
      joined.form += fit.form;
      joined.evaluations += fit.evaluations;
      joined.state.push_back(static_cast<double>(k));
      save_fit(fit, joined.state);
    }
    if (joined.state.empty()) {
      Fit failed;
      failed.failure = fmt::format("no member of {} could be fitted: {}", name_, of_one[0]->failure);
      return failed;
    }
    joined.form = fmt::format("{}({})", rule_ == Rule::kMean ? "Mean" : "Median", joined.form);
    return joined;
  }

  std::vector<double> combine(std::span<const Prediction> parts,
                              std::vector<double> Prediction::*values) const {
    std::vector<double> out((parts[0].*values).size());
    std::vector<double> at;
    for (std::size_t k = 0; k < out.size(); ++k) {
      at.clear();
      for (const Prediction& part : parts) at.push_back((part.*values)[k]);
      out[k] = combined(at, rule_);
    }
    return out;
  }

  Rule rule_;
  std::string name_;
  std::vector<ModelPointer> members_;
};

ModelPointer made(Rule rule, std::string_view word, Arguments arguments) {
  std::vector<ModelPointer> members;
  std::string names;
  for (const std::string_view argument : arguments) {
    members.push_back(make_model(argument));
    if (!names.empty()) names += ',';
    names += members.back()->name();
  }
  if (members.size() < 2) throw InputError(fmt::format("{}(a,b,...) needs two models or more", word));
  return std::make_shared<Combination>(rule, fmt::format("{}({})", word, names), std::move(members));
}

}  // namespace

ModelPointer make_mean(Arguments arguments) {
  return made(Rule::kMean, "Mean", arguments);
}
ModelPointer make_median(Arguments arguments) {
  return made(Rule::kMedian, "Median", arguments);
}
ModelPointer make_scum(Arguments arguments) {
  require_no_arguments(arguments, "SCUM");
  std::vector<ModelPointer> members;
  for (const char* name : {"AutoETS", "CES", "AutoARIMA", "DynamicOptimisedTheta"})
    members.push_back(make_model(name));
  return std::make_shared<Combination>(Rule::kMedian, "SCUM", std::move(members));
}

}  // namespace rankine::forecast
