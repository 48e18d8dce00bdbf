// SPDX-License-Identifier: Apache-2.0
// The frame of models that are fitted to one series at a time: what is wrong with a series, what is wrong
// with a forecast, and units. A model inside it sees finite values of a size whose squares neither overflow
// nor vanish, and need not check what it returns. Which model it is, is not known here.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include <rankine/forecast/model.hpp>

#include "forecast/registry.hpp"

namespace rankine::forecast {

inline constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// Why `model` cannot be fitted to the problem at all (too few values, one that is not finite, columns that
/// do not fit), or empty.
std::string defect_of(const Model& model, const Problem& problem);

/// Why a model that needs `needed` values cannot be fitted to so few.
std::string too_few_values(std::size_t values, std::string_view model, std::size_t needed);

/// Turns a prediction with a value that is not finite into a failure that names the model.
void require_finite(Prediction& prediction, const Model& model);

/// Fits what has no defect; the others get it as their failure. Never throws for bad data.
void fit_sound(const Model& model, std::span<const Problem> problems, std::span<Fit> fits);

class SingleModel : public Model {
 public:
  void fit(std::span<const Problem> problems, std::span<Fit> fits) const final;
  Prediction predict(const Fit& fit, const Request& request) const final;
  std::vector<std::string> parameter_names(std::string_view form) const override;

 protected:
  /// The values are divided by `scale`, a power of two, 1 for all but absurdly large or small series.
  virtual Fit fit_values(const Problem& problem) const = 0;
  virtual Prediction predict_values(const Fit& fit, const Request& request) const = 0;
};

/// Throws InputError unless there are no arguments. `usage` is what to write instead.
void require_no_arguments(Arguments arguments, std::string_view usage);
/// A whole number of at least `least`, or an InputError that names it.
int whole_number(std::string_view text, int least, std::string_view what);
/// A number in [low, high], or an InputError that names it.
double number_between(std::string_view text, double low, double high, std::string_view what);

}  // namespace rankine::forecast
