// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/tune/sampler.hpp>

#include "tune/cmaes.hpp"
#include "tune/gp.hpp"
#include "tune/grid.hpp"
#include "tune/nsga2.hpp"
#include "tune/random.hpp"
#include "tune/sobol.hpp"
#include "tune/tpe.hpp"

namespace rankine::tune {

std::unique_ptr<Sampler> make_sampler(const std::string& name) {
  if (name == "random") return std::make_unique<RandomSampler>();
  if (name == "grid") return std::make_unique<GridSampler>();
  if (name == "sobol") return std::make_unique<SobolSampler>();
  if (name == "cmaes") return std::make_unique<CmaEsSampler>();
  if (name == "gp") return std::make_unique<GpSampler>();
  if (name == "nsga2") return std::make_unique<Nsga2Sampler>();
  if (name == "tpe") return std::make_unique<TpeSampler>();
  throw InputError(fmt::format(
      "no sampler is called \"{}\"; there are: cmaes, gp, grid, nsga2, random, sobol, tpe", name));
}

}  // namespace rankine::tune
