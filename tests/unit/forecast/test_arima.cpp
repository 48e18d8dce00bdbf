// SPDX-License-Identifier: Apache-2.0
// ARIMA against R's forecast 8.20 on simulated series (arima_cases.csv, written by
// tools/reference/arima_cases.R), and its likelihood against the covariance matrix of the whole series.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <sstream>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/forecast/model.hpp>

#include "catch.hpp"
#include "forecast/arima/estimate.hpp"
#include "forecast/arima/filter.hpp"
#include "forecast/arima/forecast.hpp"
#include "forecast/arima/search.hpp"
#include "forecast/arima/unit_roots.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;
using namespace rankine::forecast::arima;

struct Case {
  std::string method, form;
  int season = 1;
  double loglik = 0, aicc = 0, sigma2 = 0;
  std::vector<double> coefficients, means, uppers, values;
};

std::vector<double> numbers(const std::string& text) {
  std::istringstream in(text);
  std::vector<double> result;
  for (double v; in >> v;) result.push_back(v);
  return result;
}

std::vector<Case> cases() {
  std::ifstream file(RANKINE_ARIMA_CASES);
  std::vector<Case> result;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
    std::replace(cells.at(2).begin(), cells.at(2).end(), ';', ',');
    result.push_back({cells[0], cells[2], std::stoi(cells[1]), std::stod(cells[3]), std::stod(cells[4]),
                      std::stod(cells[5]), numbers(cells.at(6)), numbers(cells.at(7)), numbers(cells.at(8)),
                      numbers(cells.at(9))});
  }
  return result;
}

Problem problem_of(const std::vector<double>& values, int season) {
  Problem problem;
  problem.values = values;
  problem.season = season;
  return problem;
}

/// "ARIMA(1,0,2,drift)" of the form "ARIMA(1,0,2) with drift".
std::string model_of(const std::string& form) {
  const Orders o = parse_form(form);
  std::string text = "ARIMA(";
  for (const int k : {o.p, o.d, o.q, o.P, o.D, o.Q}) text += std::to_string(k) + ",";
  return text + (!o.constant ? "zero)" : o.d + o.D == 0 ? "mean)" : "drift)");
}

std::vector<double> noise(std::size_t n, std::uint64_t key) {
  rankine::Philox random(11, key);
  std::vector<double> values(n);
  for (double& v : values) v = random.normal();
  return values;
}

std::vector<double> walk(std::size_t n, std::uint64_t key, double drift) {
  std::vector<double> values = noise(n, key);
  for (std::size_t t = 1; t < n; ++t) values[t] += values[t - 1] + drift;
  return values;
}

TEST_CASE("Single ARIMA forms have R's likelihood, coefficients, forecasts and intervals") {
  int seen = 0;
  for (const Case& c : cases()) {
    if (c.method != "single") continue;
    INFO(c.form << ", R's loglik " << c.loglik);
    const ModelPointer model = make_model(model_of(c.form));
    const Fit fit = fit_one(*model, problem_of(c.values, c.season));
    REQUIRE(fit.failure == "");
    CHECK(fit.form == c.form);
    CHECK(fit.loglik == Approx(c.loglik).margin(0.01));
    CHECK(fit.aicc == Approx(c.aicc).margin(0.02));
    CHECK(fit.sigma2 == Approx(c.sigma2).epsilon(0.01));
    CHECK(model->parameter_names(fit.form).size() == fit.parameters.size());
    REQUIRE(fit.parameters.size() == c.coefficients.size());
    const double deviation = std::sqrt(c.sigma2);
    for (std::size_t i = 0; i < fit.parameters.size(); ++i)
      CHECK(fit.parameters[i] == Approx(c.coefficients[i]).epsilon(0.01).margin(0.01));
    const double level = 95;
    Request request;
    request.horizon = static_cast<int>(c.means.size());
    request.levels = std::span(&level, 1);
    const Prediction prediction = model->predict(fit, request);
    for (std::size_t h = 0; h < c.means.size(); ++h) {
      CHECK(prediction.mean[h] == Approx(c.means[h]).margin(0.02 * deviation));
      const double width = c.uppers[h] - c.means[h];
      CHECK(prediction.upper[h] - prediction.mean[h] == Approx(width).epsilon(0.01));
      CHECK(prediction.mean[h] - prediction.lower[h] == Approx(width).epsilon(0.01));
    }
    ++seen;
  }
  CHECK(seen == 13);
}

TEST_CASE("AutoARIMA chooses R's form, in all cases but one whose search is by approximation") {
  const ModelPointer model = make_model("AutoARIMA");
  int seen = 0;
  int other = 0;
  for (const Case& c : cases()) {
    if (c.method != "auto") continue;
    const Fit fit = fit_one(*model, problem_of(c.values, c.season));
    INFO("R: " << c.form << " " << c.aicc << ", here " << fit.form << " " << fit.aicc);
    REQUIRE(fit.failure == "");
    if (fit.form == c.form)
      CHECK(fit.loglik == Approx(c.loglik).margin(0.01));
    else
      CHECK(++other == 1);
    ++seen;
  }
  CHECK(seen == 15);
}

/// log |V| and x' V^-1 x of the autocovariance matrix V, whose entries come from many psi weights.
std::pair<double, double> by_matrix(const Expanded& process, const std::vector<double>& x) {
  std::vector<double> psi(4000, 0);
  for (std::size_t k = 0; k < psi.size(); ++k) {
    psi[k] = k < process.theta.size() ? process.theta[k] : 0;
    for (std::size_t j = 1; j < process.phi.size() && j <= k; ++j) psi[k] += process.phi[j] * psi[k - j];
  }
  const auto n = static_cast<Eigen::Index>(x.size());
  Eigen::MatrixXd matrix(n, n);
  for (Eigen::Index lag = 0; lag < n; ++lag) {
    double covariance = 0;
    for (std::size_t k = 0; k + static_cast<std::size_t>(lag) < psi.size(); ++k)
      covariance += psi[k] * psi[k + static_cast<std::size_t>(lag)];
    for (Eigen::Index i = 0; i + lag < n; ++i) matrix(i, i + lag) = matrix(i + lag, i) = covariance;
  }
  const Eigen::LLT<Eigen::MatrixXd> solver(matrix);
  const Eigen::Map<const Eigen::VectorXd> y(x.data(), n);
  return {2 * solver.matrixLLT().diagonal().array().log().sum(), y.dot(solver.solve(y))};
}

TEST_CASE("The filter and its lanes give the determinant and the squares of the covariance matrix") {
  const std::vector<double> x = noise(120, 3);
  for (const Orders& orders :
       {Orders{1, 0, 0, 0, 0, 0, 1}, Orders{0, 0, 2, 0, 0, 0, 1}, Orders{3, 0, 1, 0, 0, 0, 1},
        Orders{2, 0, 1, 1, 0, 1, 4}, Orders{0, 0, 1, 0, 0, 2, 12}, Orders{1, 0, 0, 2, 0, 0, 7}}) {
    INFO(form(orders));
    LanePolynomials lanes;
    lanes.ar_lags = lags(orders.p, orders.P, orders.m);
    lanes.ma_lags = lags(orders.q, orders.Q, orders.m);
    lanes.phi.resize(static_cast<std::size_t>(orders.ar_length()) + 1);
    lanes.theta.resize(static_cast<std::size_t>(orders.ma_length()) + 1);
    Errors errors;
    errors.gain.resize(static_cast<std::size_t>(orders.states()));
    Lanes variance;
    std::vector<Expanded> processes;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      std::vector<double> u = noise(static_cast<std::size_t>(orders.coefficients()), 20 + lane);
      for (double& v : u) v = 0.4 * v / (1 + std::abs(v));
      const Expanded process = expanded(orders, factors_of(orders, u));
      for (std::size_t i = 0; i < process.phi.size(); ++i) lanes.phi[i].at[lane] = process.phi[i];
      for (std::size_t i = 0; i < process.theta.size(); ++i) lanes.theta[i].at[lane] = process.theta[i];
      StartSpace space;
      std::vector<double> gain(errors.gain.size());
      variance.at[lane] =
          stationary_start({process.phi, process.theta, lanes.ar_lags, lanes.ma_lags}, space, gain);
      for (std::size_t i = 0; i < gain.size(); ++i) errors.gain[i].at[lane] = gain[i];
      processes.push_back(process);
    }
    exact_errors(lanes, {x, 1, x.size()}, variance, errors);
    const Lanes squares = column_product(errors.scaled, errors.scaled);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const auto [determinant, product] = by_matrix(processes[lane], x);
      const Filtered filtered = filter(orders, processes[lane], x);
      CHECK(filtered.log_determinant == Approx(determinant).margin(1e-6));
      CHECK(filtered.sum_squares == Approx(product).epsilon(1e-8));
      CHECK(errors.log_determinant.at[lane] == Approx(determinant).margin(1e-6));
      CHECK(squares.at[lane] == Approx(product).epsilon(1e-8));
    }
  }
}

TEST_CASE("Roots are told from the unit circle") {
  const std::vector<double> half{0.5};
  CHECK(roots_beyond(half, 1.99));
  CHECK_FALSE(roots_beyond(half, 2.01));
  const std::vector<double> circle{1.2, -0.72};  // two complex roots of modulus 1 / sqrt(0.72) = 1.1785
  CHECK(roots_beyond(circle, 1.178));
  CHECK_FALSE(roots_beyond(circle, 1.179));
  CHECK(roots_beyond({}, 5));
}

TEST_CASE("Forms say what they are, and are read again") {
  for (const char* text : {"ARIMA(1,1,2)(0,1,1)[12]", "ARIMA(0,1,0) with drift",
                           "ARIMA(2,0,0)(1,0,0)[7] with mean", "ARIMA(1,0,0) with mean + 2 columns"})
    CHECK(form(parse_form(text)) == text);
  CHECK(contains(thrown<rankine::InputError>([] { parse_form("ETS(A,N,N)"); }), "ETS(A,N,N)"));
  const std::vector<std::string> names{"ar1", "ma1", "ma2", "sma1", "drift", "x1"};
  CHECK(parameter_names(parse_form("ARIMA(1,1,2)(0,0,1)[12] with drift + 1 columns")) == names);
}

TEST_CASE("Regressors and a drift are recovered, also in wild units") {
  const std::size_t n = 120;
  std::vector<double> y = walk(n, 5, 0.5);
  const std::vector<double> x = noise(n, 6);
  for (std::size_t t = 0; t < n; ++t) y[t] += 3 * x[t];
  for (const double unit : {1.0, 1e-150, 1e150}) {
    std::vector<double> scaled = y;
    for (double& v : scaled) v *= unit;
    Problem problem = problem_of(scaled, 1);
    problem.exogenous = x;
    problem.columns = 1;
    const ModelPointer model = make_model("ARIMA(1,1,0,drift)");
    const Fit fit = fit_one(*model, problem);
    REQUIRE(fit.failure == "");
    CHECK(fit.form == "ARIMA(1,1,0) with drift + 1 columns");
    CHECK(fit.parameters[1] / unit == Approx(0.5).margin(0.25));
    CHECK(fit.parameters[2] / unit == Approx(3).margin(0.2));
    Request request;
    request.horizon = 2;
    const std::vector<double> future{10, 0};
    request.exogenous = future;
    const Prediction prediction = model->predict(fit, request);
    CHECK((prediction.mean[0] - prediction.mean[1]) / unit == Approx(30).margin(3));
    request.exogenous = {};
    CHECK(contains(model->predict(fit, request).failure, "2 steps"));
  }
  Problem twice = problem_of(y, 1);
  std::vector<double> both;
  for (const double v : x) both.insert(both.end(), {v, v});
  twice.exogenous = both;
  twice.columns = 2;
  CHECK(contains(fit_one(*make_model("ARIMA(1,0,0)"), twice).failure, "depend on one another"));
}

TEST_CASE("Series that differencing makes constant are continued without error") {
  Request request;
  request.horizon = 3;
  const ModelPointer model = make_model("AutoARIMA");
  const auto means = [&](const std::vector<double>& values, int season) {
    const Fit fit = fit_one(*model, problem_of(values, season));
    REQUIRE(fit.failure == "");
    CHECK(std::isnan(fit.aicc));
    return model->predict(fit, request).mean;
  };
  CHECK(means(std::vector<double>(20, 7), 4) == std::vector<double>{7, 7, 7});
  std::vector<double> line;
  for (int t = 0; t < 30; ++t) line.push_back(5 + 2 * t);
  CHECK(means(line, 1) == std::vector<double>{65, 67, 69});
  std::vector<double> cycle;
  for (int t = 0; t < 40; ++t) cycle.push_back(t % 4 == 0 ? 9 : t % 4);
  CHECK(means(cycle, 4) == std::vector<double>{9, 1, 2});
}

TEST_CASE("A fit has the same bits alone and in a batch") {
  const ModelPointer model = make_model("AutoARIMA");
  std::vector<std::vector<double>> series;
  std::vector<Problem> problems;
  for (std::uint64_t i = 0; i < 6; ++i)
    series.push_back(i % 2 == 0 ? noise(40 + 30 * i, i) : walk(50 + i, i, 0.2));
  for (const auto& values : series) problems.push_back(problem_of(values, 4));
  std::vector<Fit> fits(problems.size());
  model->fit(problems, fits);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const Fit alone = fit_one(*model, problems[i]);
    CHECK(alone.form == fits[i].form);
    CHECK(alone.parameters == fits[i].parameters);
    CHECK(alone.state == fits[i].state);
    CHECK(alone.loglik == fits[i].loglik);
  }
}

TEST_CASE("The order of an autoregression is found") {
  std::vector<double> y = noise(400, 21);
  for (std::size_t t = 2; t < y.size(); ++t) y[t] += 0.5 * y[t - 1] + 0.35 * y[t - 2];
  const Fit fit = fit_one(*make_model("AutoAR"), problem_of(y, 1));
  CHECK(fit.form == "ARIMA(2,0,0) with mean");
  CHECK(fit.parameters[0] == Approx(0.5).margin(0.1));
  const Fit same = fit_one(*make_model("AR(2)"), problem_of(y, 1));
  CHECK(same.parameters == fit.parameters);
}

TEST_CASE("Models with wrong arguments, or too few values, say so") {
  const auto error = [](const char* text) { return thrown<rankine::InputError>([&] { make_model(text); }); };
  CHECK(contains(error("ARIMA(1,2)"), "3 or 6 orders"));
  CHECK(contains(error("ARIMA(1,x,0)"), "\"x\" is not an order"));
  CHECK(contains(error("ARIMA(1,3,0)"), "d is at most 2"));
  CHECK(contains(error("ARIMA(1,1,0,mean)"), "d + D = 0"));
  CHECK(contains(error("AR"), "AR(p)"));
  CHECK(contains(error("AutoARIMA(2)"), "no arguments"));
  CHECK(make_model("arima(1,1,0,Drift)")->name() == "ARIMA(1,1,0,drift)");
  const std::vector<double> three{1, 2, 4};
  CHECK(contains(fit_one(*make_model("ARIMA(2,1,2)"), problem_of(three, 1)).failure, "needs"));
  CHECK(fit_one(*make_model("AutoARIMA"), problem_of(three, 1)).failure == "");
  CHECK(
      contains(fit_one(*make_model("ARIMA(0,1,1,0,1,1)"), problem_of(noise(60, 1), 1)).failure, "no season"));
}

TEST_CASE("With a cycle of more than 24 a series is differenced once at most") {
  std::vector<double> y = noise(300, 8);
  double level = 0;
  for (std::size_t t = 0; t < y.size(); ++t) {
    level += 5 * std::sin(2 * 3.14159265358979 * static_cast<double>(t) / 300);
    y[t] = 0.1 * y[t] + level;
  }
  REQUIRE(differences(y) == 2);
  CHECK(choose(problem_of(y, 1), Limits{}).orders.d == 2);
  const Orders orders = choose(problem_of(y, 52), Limits{.p = 1, .q = 1, .P = 0, .Q = 0}).orders;
  CHECK(orders.D == 0);
  CHECK(orders.d == 1);
}

TEST_CASE("KPSS's statistic is that of urca") {
  std::vector<double> y;
  for (int t = 1; t <= 50; ++t) y.push_back(t % 7 + 0.1 * t);
  CHECK(kpss_statistic(y) == Approx(1.1649645267).epsilon(1e-9));
  CHECK(differences(y) == 1);
  CHECK(differences(noise(100, 4)) == 0);
}

}  // namespace
