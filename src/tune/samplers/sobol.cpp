// SPDX-License-Identifier: Apache-2.0
#include "tune/samplers/sobol.hpp"

#include <boost/random/sobol.hpp>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/core/philox.hpp>

#include "tune/samplers/rows.hpp"

namespace rankine::tune {

std::vector<std::vector<double>> sobol_points(std::size_t size, std::uint64_t first, std::size_t count,
                                              std::uint64_t seed) {
  std::vector<std::uint64_t> shift(size);
  Philox random(seed, hash_text("digital shift"));
  for (std::uint64_t& bits : shift) bits = random();
  boost::random::sobol engine(size);
  engine.discard(first * size);
  std::vector<std::vector<double>> points(count, std::vector<double>(size));
  for (std::vector<double>& point : points) {
    for (std::size_t i = 0; i < size; ++i) {
      point[i] = static_cast<double>((engine() ^ shift[i]) >> 11) * 0x1.0p-53;
    }
  }
  return points;
}

std::vector<double> sobol_point(std::size_t size, std::uint64_t index, std::uint64_t seed) {
  return sobol_points(size, index, 1, seed).front();
}

std::optional<Configuration> SobolSampler::ask(const History& history, TrialId) {
  const Space& space = history.space();
  for (int attempt = 0; attempt < 10'000; ++attempt) {
    if (space.is_table() && history.rows_left().empty()) return std::nullopt;
    if (auto made = realise(history, sobol_point(space.size(), next_++, history.seed()))) return made;
  }
  throw InputError(
      "10,000 points of Sobol's sequence all broke a constraint of the space. Remedy: a space in "
      "which the constraints hold more often");
}

}  // namespace rankine::tune
