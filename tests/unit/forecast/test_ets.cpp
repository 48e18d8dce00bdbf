// SPDX-License-Identifier: Apache-2.0
// Exponential smoothing against R's forecast package (tools/reference/ets_forms.R made the answers), the
// lanes against the plain recursion, path against path, and a series alone against the same in company.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/forecast/model.hpp>

#include "forecast/ets/admissible.hpp"
#include "forecast/ets/descent.hpp"
#include "forecast/ets/logarithm.hpp"
#include "forecast/ets/path.hpp"
#include "forecast/ets/predict.hpp"
#include "forecast/ets/search.hpp"

#include "catch.hpp"
#include "sanitized.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;

struct Reference {
  std::string id;
  int m = 1;
  std::vector<double> values;
  std::map<std::string, double> loglik;  // R's, by form as "MAdN"
};

std::vector<Reference> read_reference() {
  std::vector<Reference> all;
  std::ifstream series(RANKINE_REFERENCE_DATA "/ets_series.csv");
  for (std::string line; std::getline(series, line);) {
    Reference one;
    std::string m;
    std::istringstream text(line);
    std::getline(text, one.id, ',');
    std::getline(text, m, ',');
    one.m = std::stoi(m);
    for (double y = 0; text >> y;) one.values.push_back(y);
    all.push_back(std::move(one));
  }
  std::ifstream answers(RANKINE_REFERENCE_DATA "/ets_answers.csv");
  std::string line;
  std::getline(answers, line);
  while (std::getline(answers, line)) {
    std::istringstream text(line);
    std::string id, form, loglik;
    std::getline(text, id, ',');
    std::getline(text, form, ',');
    std::getline(text, loglik, ',');
    std::find_if(all.begin(), all.end(), [&](const Reference& r) { return r.id == id; })->loglik[form] =
        std::stod(loglik);
  }
  return all;
}

std::vector<ets::Search> searches_of(const std::vector<Reference>& all) {
  std::vector<ets::Search> searches;
  for (const Reference& one : all) {
    ets::Search search;
    search.values = one.values;
    search.m = one.m;
    searches.push_back(search);
  }
  return searches;
}

/// "ETS(M,Ad,N)" as R's answers name it: "MAdN".
std::string short_name(ets::Form form) {
  std::string name = ets::name(form).substr(4);
  std::erase_if(name, [](char c) { return c == ',' || c == ')'; });
  return name;
}

std::vector<double> drawn(std::size_t n, std::uint64_t key) {
  rankine::Philox random(7, key);
  std::vector<double> y(n);
  double level = 50;
  for (double& value : y) {
    value = level + random.normal();
    level += 0.3 * random.normal() + 0.05;
  }
  return y;
}

bool same(const ets::Optimum& a, const ets::Optimum& b) {
  return a.minus_2_loglik == b.minus_2_loglik && a.point.alpha == b.point.alpha &&
         a.point.beta == b.point.beta && a.point.gamma == b.point.gamma && a.point.phi == b.point.phi &&
         a.point.level == b.point.level && a.point.trend == b.point.trend && a.point.season == b.point.season;
}

void check_same(const ets::Search& a, const ets::Search& b) {
  CHECK(a.passes == b.passes);
  for (std::size_t f = 0; f < ets::kForms.size(); ++f) {
    INFO(ets::name(ets::kForms[f]));
    CHECK(same(a.optima[f], b.optima[f]));
  }
}

}  // namespace

TEST_CASE("each form's likelihood is at least what R finds, and is that of the plain recursion") {
  const std::vector<Reference> all = read_reference();
  REQUIRE(all.size() == 44);
  std::vector<ets::Search> searches = searches_of(all);
  ets::search(ets::usable_path(), ets::kForms, searches);
  int compared = 0;
  int behind = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const ets::Form form : ets::kForms) {
      const auto theirs = all[i].loglik.find(short_name(form));
      if (theirs == all[i].loglik.end()) continue;
      INFO(all[i].id << " " << ets::name(form));
      const ets::Optimum& ours = searches[i].optima[ets::index_of(form)];
      const ets::Pass plain = ets::run(form, all[i].values, ours.point);
      CHECK(plain.minus_2_loglik == Approx(ours.minus_2_loglik).epsilon(1e-7));
      behind += ours.minus_2_loglik > -2 * theirs->second + 0.01;
      ++compared;
    }
  }
  CHECK(compared == 32 * 6 + 12 * 15);
  CHECK(behind <= 7);
}

TEST_CASE("a series has the same bits alone, in any order, and beside any others") {
  const std::vector<Reference> all = read_reference();
  std::vector<ets::Search> together = searches_of(all);
  ets::search(ets::usable_path(), ets::kForms, together);
  std::vector<ets::Search> reversed = searches_of(all);
  std::reverse(reversed.begin(), reversed.end());
  ets::search(ets::usable_path(), ets::kForms, reversed);
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].id);
    check_same(together[i], reversed[all.size() - 1 - i]);
    if (i % 5 != 0) continue;
    ets::Search alone;
    alone.values = all[i].values;
    alone.m = all[i].m;
    ets::search(ets::usable_path(), ets::kForms, std::span(&alone, 1));
    check_same(together[i], alone);
  }
}

TEST_CASE("every instruction path gives the same bits") {
  std::vector<Reference> all = read_reference();
  all.resize(static_cast<std::size_t>(repeated(static_cast<int>(all.size()))));
  std::vector<ets::Search> plain = searches_of(all);
  ets::search(ets::usable_path("baseline"), ets::kForms, plain);
  for (const std::string_view name : {"v3", "v4"}) {
    const ets::Path* path = nullptr;
    try {
      path = &ets::usable_path(name);
    } catch (const rankine::InputError&) {
      continue;  // not on this processor
    }
    std::vector<ets::Search> wide = searches_of(all);
    ets::search(*path, ets::kForms, wide);
    for (std::size_t i = 0; i < all.size(); ++i) check_same(plain[i], wide[i]);
  }
  CHECK(contains(thrown<rankine::InputError>([] { ets::usable_path("v9"); }), "\"v9\" is none of"));
}

TEST_CASE("a failing neighbour changes nothing") {
  const std::vector<double> good = drawn(80, 1);
  std::vector<double> huge(80, 1e300);
  huge[3] = -1e300;
  std::vector<ets::Search> alone(1), beside(3);
  alone[0].values = beside[1].values = good;
  beside[0].values = huge;
  const std::vector<double> tiny = {1e-300, 2e-300, 1e-300, 3e-300, 1e-300, 2e-300, 5e-300, 1e-300, 2e-300};
  beside[2].values = tiny;
  ets::search(ets::usable_path(), ets::kForms, alone);
  ets::search(ets::usable_path(), ets::kForms, beside);
  check_same(alone[0], beside[1]);
}

TEST_CASE("the slope of the likelihood in lanes is that of the plain recursion") {
  for (const ets::Form form : ets::kForms) {
    INFO(ets::name(form));
    const int m = has_season(form) ? 4 : 1;
    const std::vector<double> values = drawn(37, 3);
    std::vector<ets::Lanes> block(values.size());
    for (std::size_t t = 0; t < values.size(); ++t) std::fill_n(block[t].of, ets::kLanes, values[t]);
    ets::Trial trial;
    trial.values = block.front().of;
    trial.n_min = trial.n_max = static_cast<long>(values.size());
    trial.m = m;
    std::fill_n(trial.length.of, ets::kLanes, static_cast<double>(values.size()));
    std::vector<double> at{0.4};
    if (has_trend(form)) at.push_back(0.3);
    if (has_season(form)) at.push_back(0.25);
    if (form.trend == ets::Trend::damped) at.push_back(0.9);
    at.push_back(49);
    if (has_trend(form)) at.push_back(0.2);
    for (int j = 1; has_season(form) && j < m; ++j)
      at.push_back(form.season == ets::Season::multiplicative ? 1 + 0.02 * j : 0.3 * j);
    // Lane 2k+1 has variable k a little larger, lane 2k+2 a little smaller: central differences, four
    // variables at a time.
    const double h = 1e-5;
    const auto pass =
        ets::usable_path()
            .pass[static_cast<int>(form.error)][static_cast<int>(form.trend)][static_cast<int>(form.season)];
    const auto objective = [&](const ets::Sums& sums, int lane) {
      const double log_f = std::log(sums.mantissa.of[lane]) + std::log(2.0) * sums.exponent.of[lane];
      return std::log(sums.squares.of[lane]) + 2 * log_f / static_cast<double>(values.size());
    };
    for (std::size_t first = 0; first < at.size(); first += 3) {
      for (std::size_t v = 0; v < at.size(); ++v) std::fill_n(trial.variables[v].of, ets::kLanes, at[v]);
      for (std::size_t v = first; v < std::min(first + 3, at.size()); ++v) {
        trial.variables[v].of[2 * (v - first) + 1] += h;
        trial.variables[v].of[2 * (v - first) + 2] -= h;
      }
      ets::Sums sums{};
      pass(trial, sums);
      for (std::size_t v = first; v < std::min(first + 3, at.size()); ++v) {
        const int lane = static_cast<int>(2 * (v - first));
        const double numeric = (objective(sums, lane + 1) - objective(sums, lane + 2)) / (2 * h);
        const double slope = -2 * sums.slope[v].of[0] / sums.squares.of[0];
        INFO("variable " << v);
        CHECK(slope == Approx(numeric).epsilon(1e-5).margin(1e-7));
      }
    }
  }
}

TEST_CASE("the logarithm is the one of the C library, but for a last bit") {
  rankine::Philox random(1, 2);
  for (int i = 0; i < 2000; ++i) {
    const double x = std::exp((random.uniform() - 0.5) * 1400);
    CHECK(ets::logarithm(x) == Approx(std::log(x)).epsilon(1e-15).margin(1e-300));
  }
  CHECK(ets::logarithm(1) == 0);
  CHECK(std::isinf(ets::logarithm(0)));
  CHECK(std::isnan(ets::logarithm(-1)));
  CHECK(ets::logarithm(5e-324) == Approx(std::log(5e-324)));
}

TEST_CASE("admissible weights of Holt and Winters' form") {
  CHECK(ets::is_admissible(0.3, 0.05, 0.2, 1, 7));
  CHECK(ets::is_admissible(0.5, 0, 0.5, 1, 12));
  // From R: forecast:::admissible(alpha, beta, gamma, phi, m).
  CHECK(ets::is_admissible(0.9, 0.9, 0.09, 1, 4));
  CHECK_FALSE(ets::is_admissible(0.9, 0.85, 0.05, 0.9, 7));
  CHECK_FALSE(ets::is_admissible(0.9, 0.6, 0.09, 1, 7));
  CHECK(ets::is_admissible(0.9, 0.4, 0.05, 0.95, 4));
}

TEST_CASE("names of forms go both ways, and wrong ones say why") {
  for (const ets::Form form : ets::kForms) CHECK(ets::parse_name(ets::name(form)) == form);
  CHECK(make_model("ets( a, ad, n )")->name() == "ETS(A,Ad,N)");
  CHECK(make_model("autoets")->name() == "AutoETS");
  CHECK(contains(thrown<rankine::InputError>([] { make_model("ETS(A,N,M)"); }), "no finite variance"));
  CHECK(contains(thrown<rankine::InputError>([] { make_model("ETS(A,M,N)"); }), "trend \"M\" is none of"));
  CHECK(contains(thrown<rankine::InputError>([] { make_model("ETS(A)"); }), "needs error, trend and season"));
  CHECK(contains(thrown<rankine::InputError>([] { make_model("AutoETS(7)"); }), "no arguments"));
}

TEST_CASE("AutoETS takes the smallest AICc and forecasts from its fit alone") {
  const std::vector<double> values = drawn(90, 5);
  Problem problem;
  problem.values = values;
  const ModelPointer model = make_model("AutoETS");
  const Fit fit = fit_one(*model, problem);
  REQUIRE(fit.failure.empty());
  double smallest = 1e300;
  for (const char* name :
       {"ETS(A,N,N)", "ETS(A,A,N)", "ETS(A,Ad,N)", "ETS(M,N,N)", "ETS(M,A,N)", "ETS(M,Ad,N)"})
    smallest = std::min(smallest, fit_one(*make_model(name), problem).aicc);
  CHECK(fit.aicc == smallest);
  CHECK(fit.parameters.size() <= model->parameter_names(fit.form).size());
  Request request;
  request.horizon = 12;
  const std::vector<double> levels{80, 95};
  request.levels = levels;
  const Prediction prediction = model->predict(fit, request);
  REQUIRE(prediction.mean.size() == 12);
  REQUIRE(prediction.lower.size() == 24);
  for (std::size_t h = 0; h < 12; ++h) {
    CHECK(prediction.lower[12 + h] < prediction.lower[h]);
    CHECK(prediction.lower[h] < prediction.mean[h]);
    CHECK(prediction.mean[h] < prediction.upper[h]);
    CHECK(prediction.upper[h] < prediction.upper[12 + h]);
  }
}

TEST_CASE("what breaks models has an answer from AutoETS") {
  const ModelPointer model = make_model("AutoETS");
  const auto forecast_of = [&](const std::vector<double>& values, int season) {
    Problem problem;
    problem.values = values;
    problem.season = season;
    const Fit fit = fit_one(*model, problem);
    REQUIRE(fit.failure.empty());
    Request request;
    request.horizon = 3;
    const Prediction prediction = model->predict(fit, request);
    for (const double mean : prediction.mean) CHECK(std::isfinite(mean));
    return prediction.mean.back();
  };
  CHECK(forecast_of({5}, 1) == 5);
  CHECK(forecast_of({0, 0, 0, 0, 0, 0, 0, 0}, 4) == 0);
  CHECK(forecast_of({3, 3, 3, 3, 3, 3, 3, 3, 3, 3}, 1) == 3);
  CHECK(forecast_of({1, 2}, 7) > 1);
  CHECK(forecast_of({1, 2, 4, 3}, 1) > 1);
  std::vector<double> line;
  for (int t = 0; t < 30; ++t) line.push_back(10 + 2 * t);
  CHECK(forecast_of(line, 1) == Approx(10 + 2 * 32).epsilon(1e-3));
  CHECK(std::isfinite(forecast_of(drawn(200, 9), 168)));
  std::vector<double> shifted = drawn(60, 10);
  for (double& y : shifted) y -= 55;
  CHECK(std::isfinite(forecast_of(shifted, 4)));
  Problem negative;
  negative.values = shifted;
  CHECK(contains(fit_one(*make_model("ETS(M,N,N)"), negative).failure, "positive"));
}

TEST_CASE("AutoETS does not choose a form whose relative errors are biased") {
  rankine::Philox random(11, 12);
  std::vector<double> values;
  double level = 100;
  for (int t = 0; t < 240; ++t) {
    const double season = 1 + 0.8 * std::sin(t * 2 * 3.14159265358979 / 12);
    values.push_back(level * season * std::exp(0.5 * random.normal()));
    level *= std::exp(0.05 * random.normal());
  }
  Problem problem;
  problem.values = values;
  problem.season = 12;
  const Fit biased = fit_one(*make_model("ETS(M,Ad,M)"), problem);
  const Fit chosen = fit_one(*make_model("AutoETS"), problem);
  CHECK(biased.aicc < chosen.aicc);
  CHECK(chosen.form != biased.form);
}
