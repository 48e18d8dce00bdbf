// SPDX-License-Identifier: Apache-2.0
// Grid search: all values of finite dimensions, evenly spaced ones of continua, the last dimension fastest;
// of a table its rows in order. Configurations that break a constraint or differ in inactive dimensions only
// are left out.
#pragma once

#include <cstddef>

#include <rankine/tune/sampler.hpp>

namespace rankine::tune {

class GridSampler final : public Sampler {
 public:
  /// `points` of each continuum, its ends among them.
  explicit GridSampler(std::size_t points = 10) : points_(points) {}
  std::string name() const override { return "grid"; }
  std::optional<Configuration> ask(const History& history, TrialId id) override;

 private:
  std::optional<Configuration> point(const Space& space, std::size_t index) const;

  std::size_t points_;
  std::size_t next_ = 0;
};

}  // namespace rankine::tune
