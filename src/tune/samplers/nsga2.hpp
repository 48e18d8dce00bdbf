// SPDX-License-Identifier: Apache-2.0
// NSGA-II as a sampler, for one objective or several: parents by tournament on front and crowding, simulated
// binary crossover and polynomial mutation in the unit cube. A slot never waits: children come of the
// survivors so far, who are chosen anew whenever a population's number of trials has ended. Deb, Pratap,
// Agarwal, Meyarivan, IEEE Transactions on Evolutionary Computation 6(2), 2002.
#pragma once

#include <cstddef>
#include <vector>

#include <rankine/tune/pareto.hpp>
#include <rankine/tune/sampler.hpp>

namespace rankine::tune {

struct Nsga2Options {
  std::size_t population = 50;
  double crossover_rate = 0.9;
  double crossover_index = 15;  ///< greater: children nearer to their parents
  double mutation_index = 20;   ///< greater: smaller mutations; each dimension mutates with chance 1 / d
};

class Nsga2Sampler final : public Sampler {
 public:
  Nsga2Sampler() : Nsga2Sampler(Nsga2Options()) {}
  explicit Nsga2Sampler(Nsga2Options options) : options_(options) {}
  std::string name() const override { return "nsga2"; }
  std::optional<Configuration> ask(const History& history, TrialId id) override;
  void told(const History& history, const Trial& trial) override;

 private:
  struct Individual {
    std::vector<double> unit;
    Losses losses;
    std::size_t front = 0;
    double crowding = 0;
  };
  void survive();
  const Individual& tournament(Philox& random) const;
  std::vector<double> child(const Space& space, Philox& random) const;

  Nsga2Options options_;
  std::vector<Individual> survivors_, fresh_;
};

}  // namespace rankine::tune
