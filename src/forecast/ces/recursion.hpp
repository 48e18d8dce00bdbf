// SPDX-License-Identifier: Apache-2.0
// Complex exponential smoothing: Svetunkov, Kourentzes, Ord, Naval Research Logistics 69, 2022; seasonal
// forms after Svetunkov, Kourentzes, 2018. A level l and an information potential c, smoothed by a complex
// number a0 + i a1:
//
//   y_t = l_{t-1} + e_t,   l_t = l_{t-1} - (1 - a1) c_{t-1} + (a0 - a1) e_t,
//                          c_t = l_{t-1} + (1 - a0) c_{t-1} + (a0 + a1) e_t
//
// "simple" has the lag m instead of 1; "partial" adds s_{t-m} with s_t = s_{t-m} + b e_t; "full" adds a
// second pair l, c of lag m with its own b0 + i b1. Initial states come from a pass forward and one backward
// over the series. Estimation is not done here.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace rankine::forecast::ces {

enum class Form { kNone, kSimple, kPartial, kFull };

inline constexpr Form kForms[] = {Form::kNone, Form::kSimple, Form::kPartial, Form::kFull};
std::string_view name(Form form);
/// a0, a1, and b or b0, b1.
std::size_t parameters(Form form);

struct State {
  double level = 0;
  double potential = 0;
  std::vector<double> seasonal_level;  ///< m of them, by time modulo m; empty for "none"
  std::vector<double> seasonal_potential;
};

class Recursion {
 public:
  /// `parameters` as parameters(form) says; it must outlive this.
  Recursion(Form form, int season, std::span<const double> parameters);
  /// The forecast of the value at time t.
  double forecast(const State& state, std::size_t t) const;
  /// Learns of the error of that forecast.
  void update(State& state, std::size_t t, double error) const;
  /// The state before the first value.
  State begin(std::span<const double> values) const;
  /// Whether errors of the past are forgotten: all roots of the moving average side of its ARIMA are outside
  /// the unit circle.
  bool is_stable() const;

 private:
  struct Pair {
    double real, imaginary;
  };
  static void turn(double& level, double& potential, const Pair& by, double error);
  void pass(std::span<const double> values, bool backward, State& state) const;

  Form form_;
  std::size_t m_;
  Pair plain_{0, 0};
  Pair seasonal_{0, 0};
};

}  // namespace rankine::forecast::ces
