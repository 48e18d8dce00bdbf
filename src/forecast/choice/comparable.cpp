// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/forecast/choice.hpp>

#include "forecast/registry.hpp"

namespace rankine::forecast {

namespace {

std::string_view likelihood_of(std::string_view name) {
  const std::string_view word = name.substr(0, name.find('('));
  const auto known = registered();
  const auto found =
      std::find_if(known.begin(), known.end(), [word](const Registered& one) { return one.name == word; });
  return found != known.end() ? found->likelihood : std::string_view{};
}

}  // namespace

void check_comparable(std::span<const ModelPointer> models) {
  std::string first;
  for (const ModelPointer& model : models) {
    const std::string name = model->name();
    if (likelihood_of(name).empty()) continue;
    if (first.empty()) first = name;
    if (likelihood_of(name) == likelihood_of(first)) continue;
    throw InputError(fmt::format(
        "AICc of {} and {} cannot be compared: their likelihoods are of different families. Remedy: choose "
        "by rolling origins (--choose cv, BestCV)",
        first, name));
  }
  if (first.empty()) {
    throw InputError(
        "none of the models has an AICc to choose by. Remedy: choose by rolling origins (--choose cv, "
        "BestCV)");
  }
}

}  // namespace rankine::forecast
