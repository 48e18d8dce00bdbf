// SPDX-License-Identifier: Apache-2.0
// Bayesian optimisation by a Gaussian process and the logarithm of the expected improvement. Running trials
// are believed to give what the process expects, so that parallel slots spread. Integers, levels and steps
// lie at the middles of their cells, choices are one-hot, inactive dimensions lie in the middle; of a table
// the remaining rows are compared.
#pragma once

#include <cstddef>
#include <optional>

#include <Eigen/Core>

#include <rankine/tune/sampler.hpp>

#include "tune/samplers/gp/gaussian_process.hpp"

namespace rankine::tune {

struct GpOptions {
  std::size_t startup = 0;        ///< evenly spread trials first; 0: 4 and one a dimension
  std::size_t points_most = 400;  ///< the process learns from the best and the latest ones only
  std::size_t refit_always = 40;  ///< up to so many points the hyperparameters are fitted at each ask,
  std::size_t refit_every = 8;    ///< beyond, after so many new ones
  std::size_t spread = 512;       ///< candidates all over the space, and
  std::size_t near = 32;          ///< around each of the five best
  std::size_t climbs = 4;         ///< local searches from the best candidates
  /// Each time that a trial's number is divided by `bold_every`, only improvements by more than `bold` count,
  /// in standard deviations of the evened losses: without it a search may polish a poor local minimum for
  /// long.
  std::size_t bold_every = 3;
  double bold = 0.3;
  std::size_t rows_most = 10'000;  ///< of a table, so many remaining rows are compared
};

class GpSampler final : public Sampler {
 public:
  GpSampler() : GpSampler(GpOptions()) {}
  explicit GpSampler(GpOptions options) : options_(options) {}
  std::string name() const override { return "gp"; }
  std::optional<Configuration> ask(const History& history, TrialId id) override;

 private:
  GpOptions options_;
  GpParameters parameters_;
  std::size_t fitted_ = 0;    // number of points at the last fit
  std::uint64_t evenly_ = 0;  // points of Sobol's sequence so far
};

}  // namespace rankine::tune
