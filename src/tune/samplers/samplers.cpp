// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/tune/sampler.hpp>

#include "tune/samplers/cmaes.hpp"
#include "tune/samplers/gp/gp.hpp"
#include "tune/samplers/grid.hpp"
#include "tune/samplers/nsga2.hpp"
#include "tune/samplers/random.hpp"
#include "tune/samplers/sobol.hpp"
#include "tune/samplers/tpe.hpp"

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
