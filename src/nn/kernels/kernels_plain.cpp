// SPDX-License-Identifier: Apache-2.0
// Processors other than x86-64: one path.
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "nn/kernels/kernels.hpp"

namespace rankine::nn {

const Kernels& kernels() {
  const char* const forced = std::getenv("RANKINE_NN_LEVEL");
  const std::string_view name = forced == nullptr ? "" : forced;
  if (name.empty() || name == kKernelsBaseline.name) return kKernelsBaseline;
  throw InputError(fmt::format("RANKINE_NN_LEVEL \"{}\": this build has only \"baseline\"", name));
}

}  // namespace rankine::nn
