// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/tune/sampler.hpp>

#include "tune/random.hpp"

namespace rankine::tune {

std::unique_ptr<Sampler> make_sampler(const std::string& name) {
  if (name == "random") return std::make_unique<RandomSampler>();
  throw InputError(fmt::format("no sampler is called \"{}\"; there are: random", name));
}

}  // namespace rankine::tune
