// SPDX-License-Identifier: Apache-2.0
// CMA-ES as a sampler: generations that need not be complete. A slot never waits: whoever asks draws from the
// present distribution; as soon as a generation's number of trials has ended, whichever they are, it is
// adapted. Converged runs start again elsewhere with twice the population (Auger, Hansen, "A restart CMA
// evolution strategy with increasing population size", CEC 2005). Integers, levels and choices by rounding:
// meant for ordered values.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <rankine/tune/sampler.hpp>

#include "tune/samplers/cma.hpp"

namespace rankine::tune {

struct CmaEsOptions {
  std::size_t startup =
      0;                ///< evenly spread trials first, whose best is the first mean; 0: begin in the middle
  double sigma = 0.25;  ///< first step size, of a dimension's whole range
};

class CmaEsSampler final : public Sampler {
 public:
  CmaEsSampler() : CmaEsSampler(CmaEsOptions()) {}
  explicit CmaEsSampler(CmaEsOptions options) : options_(options) {}
  std::string name() const override { return "cmaes"; }
  std::optional<Configuration> ask(const History& history, TrialId id) override;
  void told(const History& history, const Trial& trial) override;

 private:
  void begin(const History& history, Philox random);
  void keep_spread(const Space& space);

  CmaEsOptions options_;
  std::optional<Cma> cma_;
  std::size_t starts_ = 0, population_ = 0;
  std::map<TrialId, Eigen::VectorXd> drawn_;
  std::vector<Cma::Scored> told_;
  std::optional<Cma::Scored> best_start_;
};

}  // namespace rankine::tune
