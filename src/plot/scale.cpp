// SPDX-License-Identifier: Apache-2.0
#include "plot/scale.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace rankine::plot {

void Range::add(double value) {
  if (!std::isfinite(value) || (positive_ && value <= 0)) return;
  low_ = empty_ ? value : std::min(low_, value);
  high_ = empty_ ? value : std::max(high_, value);
  empty_ = false;
}

void Range::add(std::span<const double> values) {
  for (const double value : values) add(value);
}

Scale::Scale(const Range& range, bool logarithmic, double from, double to, double margin)
    : logarithmic_(logarithmic), low_(0), high_(1), from_(from), to_(to) {
  if (!range.empty()) {
    low_ = position(range.low());
    high_ = position(range.high());
  }
  if (!(high_ > low_)) {  // one value: a range about it
    const double half = logarithmic ? 0.5 : std::max(std::abs(low_) * 0.1, 0.5);
    low_ -= half;
    high_ += half;
  }
  const double more = (high_ - low_) * margin;
  low_ -= more;
  high_ += more;
}

double Scale::position(double value) const {
  if (!logarithmic_) return value;
  return value > 0 ? std::log10(value) : std::numeric_limits<double>::quiet_NaN();
}

double Scale::operator()(double value) const {
  const double at = position(value);
  if (!std::isfinite(at)) return std::numeric_limits<double>::quiet_NaN();
  return from_ + (to_ - from_) * ((at - low_) / (high_ - low_));
}

std::vector<double> Scale::ticks(int wanted) const {
  std::vector<double> result;
  if (logarithmic_ && high_ - low_ > 0.9) {
    const int first = static_cast<int>(std::ceil(low_));
    const int last = static_cast<int>(std::floor(high_));
    const int step = std::max(1, (last - first + wanted) / wanted);
    const bool between = last - first < 2;  // with so few powers of ten, 2 and 5 times them, too
    for (int power = first - 1; power <= last; power += step) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor > 1 && !between) continue;
        const double at = power + std::log10(factor);
        if (at >= low_ && at <= high_) result.push_back(factor * std::pow(10.0, power));
      }
    }
    if (result.size() >= 2) return result;
    result.clear();
  }
  const double low = logarithmic_ ? std::pow(10.0, low_) : low_;
  const double high = logarithmic_ ? std::pow(10.0, high_) : high_;
  const double raw = (high - low) / std::max(wanted, 1);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw) {
      step = factor * power;
      break;
    }
  }
  const double first = std::ceil(low / step);
  for (int k = 0; (first + k) * step <= high && k < 1000; ++k) result.push_back((first + k) * step);
  return result;
}

std::string tick_text(double value) {
  const double size = std::abs(value);
  if (size < 1e-12) return "0";  // what is left of a sum that should be zero
  if (size >= 1e9 || size < 1e-3) return fmt::format("{:.3g}", value);
  if (size >= 1e6) return fmt::format("{:.6g}M", value / 1e6);
  if (size >= 1e4) return fmt::format("{:.6g}k", value / 1e3);
  return fmt::format("{:.6g}", value);
}

}  // namespace rankine::plot
