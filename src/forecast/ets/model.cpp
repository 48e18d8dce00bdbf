// SPDX-License-Identifier: Apache-2.0
// AutoETS and single forms as models of the table: eligibility, choice by AICc, and what a Fit holds.
//   parameters: alpha, beta, gamma, phi, l0, b0, s1 .. sm, as far as the form has them (s1 is the seasonal
//   state of the first value); state: level, trend (0 without), then the seasonal states in the order of use.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "forecast/ets/models.hpp"
#include "forecast/ets/path.hpp"
#include "forecast/ets/predict.hpp"
#include "forecast/ets/search.hpp"
#include "forecast/intervals/gaussian.hpp"

namespace rankine::forecast {

namespace {

using ets::Form;
using ets::Optimum;
using ets::Point;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

bool is_constant(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double y) { return y == values.front(); });
}

/// For series that are too short for any likelihood to say something, and for constant ones: simple smoothing
/// from the first value, of the weight that fits best.
Point simple_point(std::span<const double> values) {
  Point best;
  double smallest = std::numeric_limits<double>::infinity();
  for (const double alpha : {0.9999, 0.8, 0.6, 0.4, 0.2, 0.05}) {
    Point point;
    point.alpha = alpha;
    point.level = values.front();
    const double squares = ets::run(Form{}, values, point).squares;
    if (squares < smallest) best = point;
    smallest = std::min(smallest, squares);
  }
  return best;
}

/// Whether relative one-step errors have mean zero, as their likelihood supposes. It is largest where
/// forecasts are too high if the relative errors are wide: a constant drift that the data contradict then has
/// the smallest AICc, and its forecasts run away (M4's hourly series; R's search ends before it gets there).
bool is_unbiased(Form form, std::span<const double> values, const Point& point) {
  constexpr double deviations = 2.5;  // of the mean from zero
  if (form.error == ets::Error::additive) return true;
  const ets::Pass pass = ets::run(form, values, point);
  return std::abs(pass.sum) <= deviations * std::sqrt(pass.squares);
}

std::vector<double> parameters_of(Form form, const Point& x) {
  std::vector<double> out{x.alpha};
  if (has_trend(form)) out.push_back(x.beta);
  if (has_season(form)) out.push_back(x.gamma);
  if (form.trend == ets::Trend::damped) out.push_back(x.phi);
  out.push_back(x.level);
  if (has_trend(form)) out.push_back(x.trend);
  out.insert(out.end(), x.season.begin(), x.season.end());
  return out;
}

void write_fit(Form form, std::span<const double> values, const Point& point, Fit& fit) {
  const ets::Pass pass = ets::run(form, values, point);
  const int m = std::max<int>(1, static_cast<int>(point.season.size()));
  const double free = static_cast<double>(values.size()) - parameter_count(form, m);
  fit.form = name(form);
  fit.parameters = parameters_of(form, point);
  fit.state = {pass.end.level, pass.end.trend};
  fit.state.insert(fit.state.end(), pass.end.season.begin(), pass.end.season.end());
  fit.sigma2 = pass.squares / std::max(free, 1.0);
}

/// What predict needs, from a fit.
Point end_of(Form form, const Fit& fit) {
  Point x;
  std::size_t next = 0;
  x.alpha = fit.parameters[next++];
  if (has_trend(form)) x.beta = fit.parameters[next++];
  if (has_season(form)) x.gamma = fit.parameters[next++];
  if (form.trend == ets::Trend::damped) x.phi = fit.parameters[next++];
  x.level = fit.state[0];
  x.trend = fit.state[1];
  x.season.assign(fit.state.begin() + 2, fit.state.end());
  return x;
}

class EtsModel : public Model {
 public:
  EtsModel(std::string name, std::vector<Form> forms) : name_(std::move(name)), forms_(std::move(forms)) {}

  std::string name() const override { return name_; }

  std::size_t values_min(const Problem& problem) const override {
    if (forms_.size() > 1) return 1;
    return static_cast<std::size_t>(parameter_count(forms_.front(), problem.season)) + 3;
  }

  std::vector<std::string> parameter_names(std::string_view text) const override {
    const Form form = ets::parse_name(text);
    std::vector<std::string> names{"alpha"};
    if (has_trend(form)) names.push_back("beta");
    if (has_season(form)) names.push_back("gamma");
    if (form.trend == ets::Trend::damped) names.push_back("phi");
    names.push_back("l0");
    if (has_trend(form)) names.push_back("b0");
    for (int j = 1; has_season(form) && j <= ets::kSeasonMax; ++j) names.push_back(fmt::format("s{}", j));
    return names;
  }

  void fit(std::span<const Problem> problems, std::span<Fit> fits) const override {
    std::vector<ets::Search> searches;
    std::vector<std::size_t> owners;
    for (std::size_t i = 0; i < problems.size(); ++i) {
      fits[i] = {};
      if (is_constant(problems[i].values)) {
        write_simple(problems[i], fits[i]);
        continue;
      }
      ets::Search one;
      one.values = problems[i].values;
      one.m = std::max(1, problems[i].season);
      searches.push_back(std::move(one));
      owners.push_back(i);
    }
    search(ets::usable_path(), forms_, searches);
    for (std::size_t s = 0; s < searches.size(); ++s)
      choose(searches[s], problems[owners[s]], fits[owners[s]]);
  }

  Prediction predict(const Fit& fit, const Request& request) const override {
    const Form form = ets::parse_name(fit.form);
    const ets::Moments moments = ets::moments(form, end_of(form, fit), fit.sigma2, request.horizon);
    Prediction out;
    out.mean = moments.mean;
    std::vector<double> deviations;
    for (const double variance : moments.variance) deviations.push_back(std::sqrt(std::max(0.0, variance)));
    fill_normal_intervals(out, deviations, request.levels);
    return out;
  }

  bool has_intervals() const override { return true; }

 private:
  void write_simple(const Problem& problem, Fit& fit) const {
    if (forms_.size() == 1 && !(forms_.front() == Form{})) {
      fit.failure = fmt::format("{} cannot be fitted to a constant series", name_);
      return;
    }
    write_fit(Form{}, problem.values, simple_point(problem.values), fit);
    fit.loglik = fit.aicc = kNone;
  }

  void choose(ets::Search& search, const Problem& problem, Fit& fit) const {
    std::vector<Form> candidates;
    for (const Form form : forms_) {
      if (std::isfinite(search.optima[ets::index_of(form)].minus_2_loglik)) candidates.push_back(form);
    }
    fit.evaluations = search.passes;
    if (candidates.empty()) return write_failure(problem, fit);
    const auto aicc = [&](Form form) { return search.optima[ets::index_of(form)].aicc; };
    std::stable_sort(candidates.begin(), candidates.end(), [&](Form a, Form b) { return aicc(a) < aicc(b); });
    const auto unbiased = std::find_if(candidates.begin(), candidates.end(), [&](Form form) {
      return is_unbiased(form, problem.values, search.optima[ets::index_of(form)].point);
    });
    const Form chosen = unbiased == candidates.end() ? candidates.front() : *unbiased;
    const Optimum& best = search.optima[ets::index_of(chosen)];
    write_fit(chosen, problem.values, best.point, fit);
    fit.loglik = -0.5 * best.minus_2_loglik;
    fit.aicc = best.aicc;
  }

  void write_failure(const Problem& problem, Fit& fit) const {
    if (forms_.size() > 1) return write_simple(problem, fit);
    const Form form = forms_.front();
    if (has_season(form) && (problem.season < 2 || problem.season > ets::kSeasonMax)) {
      fit.failure =
          fmt::format("{} needs a season of 2 to {}, not {}", name_, ets::kSeasonMax, problem.season);
    } else if (!ets::is_eligible(form, problem.values, problem.season)) {
      fit.failure = fmt::format("{} needs {} values, and positive ones where a part is multiplicative", name_,
                                values_min(problem));
    } else {
      fit.failure = fmt::format("{} has no finite likelihood from any start", name_);
    }
  }

  std::string name_;
  std::vector<Form> forms_;
};

}  // namespace

ModelPointer make_auto_ets(Arguments arguments) {
  if (!arguments.empty())
    throw InputError("AutoETS takes no arguments; single forms are ETS(error,trend,season)");
  return std::make_shared<EtsModel>("AutoETS", std::vector<Form>(ets::kForms.begin(), ets::kForms.end()));
}

ModelPointer make_ets(Arguments arguments) {
  const Form form = ets::parse(arguments);
  return std::make_shared<EtsModel>(ets::name(form), std::vector<Form>{form});
}

}  // namespace rankine::forecast
