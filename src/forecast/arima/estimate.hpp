// SPDX-License-Identifier: Apache-2.0
// The coefficients of one ARIMA form: by conditional sums of squares, or by the exact Gaussian likelihood
// begun from there or, if it is better there, from one of a few
// fixed points. Means, drifts and regression coefficients are concentrated out
// (generalised least squares for each trial of the others); the rest is found by Levenberg and Marquardt's
// method, to which the likelihood is a sum of squares: n log(sum v^2/F) + sum log F
// = n log sum (v g/sqrt(F))^2 with g^2 the geometric mean of F. The trial point and its differences in all
// directions are lanes of one pass. Orders are given here, not chosen.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "forecast/arima/autocovariance.hpp"
#include "forecast/arima/kernels.hpp"
#include "forecast/arima/polynomial.hpp"
#include "forecast/arima/sample.hpp"

namespace rankine::forecast::arima {

enum class Likelihood { kConditional, kExact };

struct Estimate {
  std::string failure;        ///< empty, or why there is none
  std::vector<double> shape;  ///< the coefficients as factors_of() takes them
  Factors factors;
  std::vector<double>
      regression;         ///< the constant, if any, then the exogenous columns; in units of the series
  double sigma2 = 0;      ///< mean square of the scaled errors: R's arima()$sigma2
  double log_sigma2 = 0;  ///< its logarithm, also where it is beyond the range of numbers
  double loglik = 0;      ///< exact only; NaN where the errors are zero
  /// Conditional sums of squares ask for an autoregression that is not stationary: R then has no model.
  bool begins_at_unit_root = false;
  double sum_squares = 0;  ///< of the scaled errors
};

class Estimator {
 public:
  Estimator() = default;
  Estimate estimate(const Sample& sample, const Orders& orders, Likelihood likelihood);
  /// Evaluations of a likelihood or a sum of squares so far, one for each lane in use.
  std::int64_t evaluations() const { return evaluations_; }

 private:
  struct Normal;
  /// Where the minimum is sought and what it costs there.
  struct Point {
    std::vector<double> at;
    double objective = 0;
  };

  void arrange(const Sample& sample, const Orders& orders);
  bool evaluate(const std::vector<double>& at, Likelihood likelihood, Normal& normal);
  void fill_lane(std::size_t lane, const std::vector<double>& at);
  void fill_lanes(const std::vector<double>& at, std::size_t first, Lanes& inverse_step);
  bool errors_of_batch(Likelihood likelihood, Errors& errors);
  bool concentrate(Errors& errors, const Lanes& scale);
  std::vector<double> best_beginning(const std::vector<double>& from);
  Point minimise(std::vector<double> begin, Likelihood likelihood, double tolerance);
  void finish(const Sample& sample, const Point& point, Likelihood likelihood, Estimate& estimate);

  Orders orders_;
  Columns columns_;
  std::size_t skipped_ = 0;
  std::vector<double> arranged_;  ///< the columns that the orders ask for
  LanePolynomials model_;
  std::vector<Errors> batches_;
  Lanes variance_;
  StartSpace space_;
  std::vector<double> gain_, phi_, theta_;
  std::vector<Lanes> beta_;
  std::int64_t evaluations_ = 0;
};

}  // namespace rankine::forecast::arima
