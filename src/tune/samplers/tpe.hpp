// SPDX-License-Identifier: Apache-2.0
// Tree-structured Parzen estimator: one density of the good configurations, one of the others; of a few drawn
// from the good one, the proposal has the greatest ratio. Running trials count among the others, so that
// parallel slots do not all propose the same. With partial trials it learns at one fidelity
// (observations.hpp): the model of BOHB.
#pragma once

#include <cstddef>
#include <vector>

#include <rankine/tune/sampler.hpp>

#include "tune/samplers/parzen.hpp"

namespace rankine::tune {

struct TpeOptions {
  std::size_t startup = 10;     ///< random trials first
  std::size_t candidates = 24;  ///< drawn from the good density
  double good_share = 0.1;      ///< of the observations, rounded up
  std::size_t good_most = 25;
  std::size_t recent = 25;         ///< so many observations keep their full weight, older ones less and less
  std::size_t rows_most = 10'000;  ///< of a table, so many remaining rows are compared
  /// Narrower kernels for the good: with equal widths the ratio stays flat around what is good, and the
  /// search stalls (Branin after 200: 0.448 with 0.2 and 0.2, 0.400 so).
  ParzenOptions good{.width = 0.1};
  ParzenOptions others{};
};

class TpeSampler final : public Sampler {
 public:
  explicit TpeSampler(TpeOptions options) : options_(options) {}
  TpeSampler() : TpeSampler(TpeOptions()) {}
  std::string name() const override { return "tpe"; }
  std::optional<Configuration> ask(const History& history, TrialId id) override;

 private:
  TpeOptions options_;
};

}  // namespace rankine::tune
