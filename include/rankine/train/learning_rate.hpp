// SPDX-License-Identifier: Apache-2.0
// Learning rates over the steps of a training: a linear warm-up, then constant, linear or half a cosine
// (Loshchilov and Hutter 2017) down to a minimum, with nanoGPT's conventions. Pure functions of the step.
#pragma once

#include <cstdint>
#include <string_view>

namespace rankine::train {

struct Schedule {
  enum class Kind : std::uint8_t { constant, linear, cosine };
  Kind kind = Kind::cosine;
  double rate = 1e-3;         ///< after the warm-up
  double minimum = 1e-4;      ///< at the end of the decay and after it; no part in a constant one
  std::uint64_t warm_up = 0;  ///< steps
  std::uint64_t decay = 0;    ///< the step at which the minimum is reached

  /// Of step `step`, from 0; in the warm-up rate (step + 1) / (warm_up + 1).
  double at(std::uint64_t step) const;
  /// Throws InputError naming what cannot be: a rate that is not positive, a decay within the warm-up.
  void check() const;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& kind& rate& minimum& warm_up& decay;
  }
};

/// "constant", "linear", "cosine". Throws InputError naming them.
Schedule::Kind schedule_named(std::string_view name);

/// Watches the validation loss: whether training should end because it no longer falls.
class EarlyStop {
 public:
  /// `patience`: so many evaluations in a row without a loss below the best by more than `margin`; 0: never.
  explicit EarlyStop(std::uint64_t patience, double margin = 0) : patience_(patience), margin_(margin) {}
  /// True when it is time to end. A loss that is not finite is no better than any.
  bool tell(double loss);
  std::uint64_t waited() const { return waited_; }

 private:
  std::uint64_t patience_;
  double margin_;
  std::uint64_t waited_ = 0;
  bool any_ = false;
  double best_ = 0;
};

}  // namespace rankine::train
