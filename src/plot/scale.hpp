// SPDX-License-Identifier: Apache-2.0
// From values to pixels along an axis, linear or logarithmic, and the round values that get a label.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace rankine::plot {

/// The least and the largest finite value seen; only positive ones where `positive`.
class Range {
 public:
  explicit Range(bool positive = false) : positive_(positive) {}
  void add(double value);
  void add(std::span<const double> values);
  bool empty() const { return empty_; }
  double low() const { return low_; }
  double high() const { return high_; }

 private:
  bool positive_;
  bool empty_ = true;
  double low_ = 0;
  double high_ = 1;
};

class Scale {
 public:
  /// Maps `range` onto `from`..`to` (pixels; from > to turns the axis round). An empty range or one of a
  /// single value is widened; `margin` is the share of the range that is added at both ends.
  Scale(const Range& range, bool logarithmic, double from, double to, double margin = 0.03);

  /// NaN where the value has no place (not finite, or not positive on a logarithmic axis).
  double operator()(double value) const;
  /// Between 2 and about `wanted` round values within the axis, ascending.
  std::vector<double> ticks(int wanted) const;

 private:
  double position(double value) const;

  bool logarithmic_;
  double low_;  // of the values, or of their decimal logarithms
  double high_;
  double from_;
  double to_;
};

/// A short text of a tick's value: 0.25, 12,000 as 12k, 3M, 1e-07.
std::string tick_text(double value);

}  // namespace rankine::plot
