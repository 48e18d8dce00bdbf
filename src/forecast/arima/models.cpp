// SPDX-License-Identifier: Apache-2.0
#include "forecast/arima/models.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/text.hpp"
#include "forecast/arima/forecast.hpp"
#include "forecast/arima/search.hpp"
#include "forecast/single.hpp"

namespace rankine::forecast {

namespace {

using namespace arima;

/// What all models of the family share: a form says everything about parameters and forecasts.
class Family : public Model {
 public:
  explicit Family(std::string name) : name_(std::move(name)) {}
  std::string name() const final { return name_; }
  std::vector<std::string> parameter_names(std::string_view form) const final {
    return arima::parameter_names(parse_form(form));
  }
  void fit(std::span<const Problem> problems, std::span<Fit> fits) const final {
    for (std::size_t i = 0; i < problems.size(); ++i) {
      const Chosen chosen = estimate(problems[i]);
      fits[i] = make_fit(problems[i], chosen.orders, chosen.estimate, chosen.aicc);
      fits[i].evaluations = chosen.evaluations;
    }
  }
  Prediction predict(const Fit& fit, const Request& request) const final {
    Prediction prediction = arima::predict(fit, request);
    require_finite(prediction, *this);
    return prediction;
  }
  bool has_intervals() const final { return true; }

 private:
  virtual Chosen estimate(const Problem& problem) const = 0;

  std::string name_;
};

class AutoArima final : public Family {
 public:
  AutoArima() : Family("AutoARIMA") {}
  std::size_t values_min(const Problem& problem) const override {
    return 3 + 2 * static_cast<std::size_t>(problem.columns);
  }

 private:
  Chosen estimate(const Problem& problem) const override { return choose(problem, Limits{}); }
};

class AutoAutoregression final : public Family {
 public:
  AutoAutoregression() : Family("AutoAR") {}
  std::size_t values_min(const Problem& problem) const override {
    return 4 + 2 * static_cast<std::size_t>(problem.columns);
  }

 private:
  Chosen estimate(const Problem& problem) const override {
    const double n = static_cast<double>(problem.values.size());
    return choose_autoregression(problem, static_cast<int>(std::min(10 * std::log10(n), n / 4)));
  }
};

class OneForm final : public Family {
 public:
  OneForm(std::string name, const Orders& orders) : Family(std::move(name)), orders_(orders) {}
  std::size_t values_min(const Problem& problem) const override {
    const Orders orders = orders_of(problem);
    return static_cast<std::size_t>(orders.lost() + orders.ar_length() + orders.counted());
  }

 private:
  Orders orders_of(const Problem& problem) const {
    Orders orders = orders_;
    orders.columns = problem.columns;
    orders.m = orders.P + orders.D + orders.Q > 0 ? std::max(1, problem.season) : 1;
    return orders;
  }
  Chosen estimate(const Problem& problem) const override {
    Chosen chosen;
    chosen.orders = orders_of(problem);
    if (chosen.orders.m == 1 && chosen.orders.P + chosen.orders.D + chosen.orders.Q > 0) {
      chosen.estimate.failure = "has no season, " + name() + " has one";
      return chosen;
    }
    const Sample sample = make_sample(problem, chosen.orders);
    Estimator estimator;
    chosen.estimate = estimator.estimate(sample, chosen.orders, Likelihood::kExact);
    chosen.aicc = corrected_criterion(-2 * chosen.estimate.loglik, chosen.orders, sample.n);
    chosen.evaluations = estimator.evaluations();
    return chosen;
  }

  Orders orders_;
};

int parse_order(std::string_view model, std::string_view text, int most) {
  int value = -1;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size() || value < 0 || value > most)
    throw InputError(
        fmt::format("{}: \"{}\" is not an order; say a whole number of 0 to {}", model, text, most));
  return value;
}

constexpr int kOrderMax = 24;

}  // namespace

ModelPointer make_auto_arima(Arguments arguments) {
  require_no_arguments(arguments, "AutoARIMA");
  return std::make_shared<AutoArima>();
}

ModelPointer make_auto_autoregression(Arguments arguments) {
  require_no_arguments(arguments, "AutoAR");
  return std::make_shared<AutoAutoregression>();
}

ModelPointer make_autoregression(Arguments arguments) {
  if (arguments.size() != 1) throw InputError("AR takes its order: AR(p)");
  Orders orders;
  orders.p = parse_order("AR", arguments[0], kOrderMax);
  orders.constant = true;
  return std::make_shared<OneForm>(fmt::format("AR({})", orders.p), orders);
}

ModelPointer make_arima(Arguments arguments) {
  std::string_view constant;
  for (const std::string_view word : {"mean", "drift", "zero"}) {
    if (arguments.empty() || !files::equal_ignoring_case(arguments.back(), word)) continue;
    constant = word;
    arguments = arguments.first(arguments.size() - 1);
    break;
  }
  if (arguments.size() != 3 && arguments.size() != 6)
    throw InputError(
        "ARIMA takes 3 or 6 orders: ARIMA(p,d,q) or ARIMA(p,d,q,P,D,Q), and mean, drift or zero");
  std::vector<int> o;
  for (const std::string_view text : arguments) o.push_back(parse_order("ARIMA", text, kOrderMax));
  o.resize(6, 0);
  const Orders orders{o[0], o[1], o[2], o[3], o[4], o[5]};
  if (orders.d > 2 || orders.D > 1) throw InputError("ARIMA: d is at most 2 and D at most 1");
  Orders whole = orders;
  whole.constant =
      constant == "drift" || constant == "mean" || (constant.empty() && orders.d + orders.D == 0);
  const bool fits = constant == "mean"    ? orders.d + orders.D == 0
                    : constant == "drift" ? orders.d + orders.D == 1
                                          : true;
  if (!fits) throw InputError("ARIMA: a mean needs d + D = 0, a drift d + D = 1");
  std::string name = fmt::format("ARIMA({}", fmt::join(std::span(o).first(arguments.size()), ","));
  if (!constant.empty()) name += fmt::format(",{}", constant);
  return std::make_shared<OneForm>(name + ")", whole);
}

}  // namespace rankine::forecast
