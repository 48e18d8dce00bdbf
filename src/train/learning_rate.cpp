// SPDX-License-Identifier: Apache-2.0
#include <rankine/train/learning_rate.hpp>

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::train {

double Schedule::at(std::uint64_t step) const {
  if (step < warm_up) return rate * static_cast<double>(step + 1) / static_cast<double>(warm_up + 1);
  if (kind == Kind::constant) return rate;
  if (step >= decay) return minimum;
  const double gone = static_cast<double>(step - warm_up) / static_cast<double>(decay - warm_up);
  const double left = kind == Kind::linear ? 1 - gone : 0.5 * (1 + std::cos(std::numbers::pi * gone));
  return minimum + left * (rate - minimum);
}

void Schedule::check() const {
  if (!(rate > 0) || !std::isfinite(rate))
    throw InputError(fmt::format("the learning rate is {}: it must be above 0", rate));
  if (kind == Kind::constant) return;
  if (!(minimum >= 0) || minimum > rate)
    throw InputError(fmt::format("the smallest learning rate is {}: it lies in 0 .. {}", minimum, rate));
  if (decay < warm_up) {
    throw InputError(
        fmt::format("the learning rate falls until step {}, but its warm-up takes {} steps: fewer, please",
                    decay, warm_up));
  }
}

Schedule::Kind schedule_named(std::string_view name) {
  if (name == "constant") return Schedule::Kind::constant;
  if (name == "linear") return Schedule::Kind::linear;
  if (name == "cosine") return Schedule::Kind::cosine;
  throw InputError(fmt::format("schedule \"{}\" is none of constant, linear, cosine", name));
}

bool EarlyStop::tell(double loss) {
  if (std::isfinite(loss) && (!any_ || loss < best_ - margin_)) {
    any_ = true;
    best_ = loss;
    waited_ = 0;
    return false;
  }
  ++waited_;
  return patience_ > 0 && waited_ >= patience_;
}

}  // namespace rankine::train
