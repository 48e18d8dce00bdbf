// SPDX-License-Identifier: Apache-2.0
// What a forecasting model is: something that is fitted to series and forecasts from what it learned, which
// is a plain value that can travel, be kept in a file, and be used again without fitting. Models are pure:
// no file, no clock, no mutable static; any number of threads may use one at once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankine::forecast {

/// One series as models see it. The spans belong to the caller.
struct Problem {
  std::span<const double> values{};  ///< n finite values at equally spaced times, oldest first
  int season = 1;                    ///< m: observations a seasonal cycle, 1 for none
  std::span<const int> seasons{};  ///< cycles of models with several seasons, ascending; empty: only `season`
  /// Known columns beside the series, row after row: n rows for fitting, and `columns` values a row.
  std::span<const double> exogenous{};
  int columns = 0;
  std::uint64_t key = 0;  ///< names the series' random numbers, where a model needs some
};

/// What a model learned from a series.
struct Fit {
  std::string failure;             ///< empty when it was fitted; else a sentence, and the rest is empty
  std::string form;                ///< what was chosen, e.g. "ETS(A,Ad,N)" or "ARIMA(1,1,2)(0,1,1)[12]"
  std::vector<double> parameters;  ///< in the order of Model::parameter_names(form)
  std::vector<double> state;       ///< what else forecasting needs, in the model's own layout
  double loglik = 0;               ///< log-likelihood as R's forecast package reports it; NaN without one
  double aicc = 0;                 ///< corrected Akaike criterion; NaN without a likelihood
  double sigma2 = 0;               ///< variance of the one-step errors (of relative ones where they are)
  std::int64_t evaluations = 0;    ///< of the likelihood or loss, over all forms tried

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& failure& form& parameters& state& loglik& aicc& sigma2& evaluations;
  }
};

/// What is wanted from a fitted model.
struct Request {
  int horizon = 1;                      ///< steps after the last value, at least 1
  std::span<const double> levels{};     ///< coverage of intervals in percent, ascending, e.g. 80, 95
  std::span<const double> exogenous{};  ///< `horizon` rows of the problem's columns
  std::uint64_t seed = 0;               ///< with `key`: names the random numbers of simulated intervals
  std::uint64_t key = 0;
};

struct Prediction {
  std::string failure;        ///< empty, or a sentence; then the rest is empty
  std::vector<double> mean;   ///< `horizon` values in the unit of the series
  std::vector<double> lower;  ///< levels x horizon, level after level; empty where none were asked for, or
  std::vector<double> upper;  ///< the model has no intervals of its own
};

class Model {
 public:
  virtual ~Model() = default;
  /// As in a list of models, e.g. "AutoETS" or "Median(AutoETS,CES)".
  virtual std::string name() const = 0;
  /// The least number of values it can be fitted to.
  virtual std::size_t values_min(const Problem& problem) const = 0;
  /// Names of Fit::parameters for a form that this model can choose.
  virtual std::vector<std::string> parameter_names(std::string_view form) const = 0;
  /// Fits every problem on its own: fits[i] has the same bits whatever stands beside it in the batch. Never
  /// throws for bad data: such a fit has a `failure`. problems.size() == fits.size().
  virtual void fit(std::span<const Problem> problems, std::span<Fit> fits) const = 0;
  /// Pure in its arguments. `fit` is one that this model made and has no failure.
  virtual Prediction predict(const Fit& fit, const Request& request) const = 0;
  /// Whether Prediction::lower and upper are filled when levels are asked for.
  virtual bool has_intervals() const { return false; }
};

using ModelPointer = std::shared_ptr<const Model>;

/// A model from its name and arguments: "AutoETS", "ETS(A,Ad,N)", "MSTL(24,168)", "Median(AutoETS,CES)". Any
/// case, blanks ignored. Throws InputError that names what is unknown or wrong and what is known.
ModelPointer make_model(std::string_view text);
/// A list of them, separated by commas outside brackets, without repetition; "benchmarks" (or "all") stands
/// for the eight of the M4 competition. Throws InputError.
std::vector<ModelPointer> make_models(std::string_view list);
/// What make_model knows, with a line about each, in the order of tables.
struct ModelDescription {
  std::string_view name;       ///< with its arguments, e.g. "ETS(error,trend,season)"
  std::string_view one_liner;  ///< what it is, and after whom
};
std::vector<ModelDescription> known_models();

/// The public entry for one series: checks the data (length, finite values), fits, and never throws.
Fit fit_one(const Model& model, const Problem& problem);

}  // namespace rankine::forecast
