// SPDX-License-Identifier: Apache-2.0
// The environments that are known by name.
#include <algorithm>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/rl/vector_environment.hpp>
#include <rankine/rl/vectorise.hpp>

#include "rl/environments/cart_pole.hpp"

namespace rankine::rl {

namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<VectorEnvironment> (*make)(const VectorOptions&);
  Spaces (*spaces)();
};

/// Sorted by name.
constexpr Entry kEntries[] = {
    {"CartPole-v1", vectorise<CartPole>, spaces_of<CartPole>},
};

const Entry& find(std::string_view name) {
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return entry;
  }
  throw InputError(fmt::format("environment \"{}\" is not known; known are {}", name,
                               fmt::join(environment_names(), ", ")));
}

}  // namespace

std::vector<std::string> environment_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) names.emplace_back(entry.name);
  return names;
}

Spaces environment_spaces(std::string_view name) {
  return find(name).spaces();
}

std::unique_ptr<VectorEnvironment> make_environment(std::string_view name, const VectorOptions& options) {
  return find(name).make(options);
}

}  // namespace rankine::rl
