// SPDX-License-Identifier: Apache-2.0
// Sobol's sequence (Boost.Random; direction numbers of Joe and Kuo 2008) with a random digital shift, so that
// every point is uniform and each seed gives another, equally even set. Of a table the nearest row left.
#pragma once

#include <cstdint>
#include <vector>

#include <rankine/tune/sampler.hpp>

namespace rankine::tune {

/// Point `index` of the sequence in `size` dimensions, shifted by numbers from (seed, purpose).
std::vector<double> sobol_point(std::size_t size, std::uint64_t index, std::uint64_t seed);

/// Points `first` .. `first + count - 1`, one after another.
std::vector<std::vector<double>> sobol_points(std::size_t size, std::uint64_t first, std::size_t count,
                                              std::uint64_t seed);

class SobolSampler final : public Sampler {
 public:
  std::string name() const override { return "sobol"; }
  std::optional<Configuration> ask(const History& history, TrialId id) override;

 private:
  std::uint64_t next_ = 0;
};

}  // namespace rankine::tune
