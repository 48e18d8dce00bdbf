// SPDX-License-Identifier: Apache-2.0
// The environments that are known by name.
#include <algorithm>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/rl/vector_environment.hpp>
#include <rankine/rl/vectorise.hpp>

#include "rl/classic.hpp"
#include "rl/lunar_lander/lunar_lander.hpp"

namespace rankine::rl {

namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<VectorEnvironment> (*make)(const VectorOptions&);
  Spaces (*spaces)();
};

template <lanes::Kind kKind>
std::unique_ptr<VectorEnvironment> classic(const VectorOptions& options) {
  return make_classic(kKind, options);
}

template <lanes::Kind kKind>
Spaces spaces_of_classic() {
  return classic_spaces(kKind);
}

template <lanes::Kind kKind>
constexpr Entry classic_entry(std::string_view name) {
  return {name, classic<kKind>, spaces_of_classic<kKind>};
}

/// Sorted by name.
constexpr Entry kEntries[] = {
    classic_entry<lanes::kAcrobot>("Acrobot-v1"),
    classic_entry<lanes::kCartPole>("CartPole-v1"),
    {"LunarLander-v3", vectorise<LunarLander>, spaces_of<LunarLander>},
    {"LunarLanderContinuous-v3", vectorise<LunarLanderContinuous>, spaces_of<LunarLanderContinuous>},
    classic_entry<lanes::kMountainCar>("MountainCar-v0"),
    classic_entry<lanes::kMountainCarContinuous>("MountainCarContinuous-v0"),
    classic_entry<lanes::kPendulum>("Pendulum-v1"),
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
