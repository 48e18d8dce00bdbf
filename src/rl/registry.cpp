// SPDX-License-Identifier: Apache-2.0
// The environments that are known by name.
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/core/error.hpp>
#include <rankine/rl/vector_environment.hpp>
#include <rankine/rl/vectorise.hpp>

#include "rl/classic.hpp"
#include "rl/lunar_lander/lunar_lander.hpp"

namespace rankine::rl {

namespace {

struct Entry {
  EnvironmentFactory make;
  std::function<Spaces()> spaces;
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
Entry classic_entry() {
  return {classic<kKind>, spaces_of_classic<kKind>};
}

/// The one table of the process: Rankine's own environments, then what a program adds.
class Table {
 public:
  void add(std::string name, Entry entry) {
    const std::lock_guard lock(mutex_);
    if (!entries_.try_emplace(name, std::move(entry)).second)
      throw InputError(fmt::format("environment \"{}\" is known already: give yours another name", name));
  }
  Entry find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(name); found != entries_.end()) return found->second;
    throw InputError(
        fmt::format("environment \"{}\" is not known; known are {} (add_environment makes one of yours "
                    "known, on every rank)",
                    name, fmt::join(sorted(), ", ")));
  }
  std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    return sorted();
  }

 private:
  std::vector<std::string> sorted() const {
    std::vector<std::string> names;
    for (const auto& [name, entry] : entries_) names.push_back(name);
    return names;
  }

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_ = {
      {"Acrobot-v1", classic_entry<lanes::kAcrobot>()},
      {"CartPole-v1", classic_entry<lanes::kCartPole>()},
      {"LunarLander-v3", {vectorise<LunarLander>, spaces_of<LunarLander>}},
      {"LunarLanderContinuous-v3", {vectorise<LunarLanderContinuous>, spaces_of<LunarLanderContinuous>}},
      {"MountainCar-v0", classic_entry<lanes::kMountainCar>()},
      {"MountainCarContinuous-v0", classic_entry<lanes::kMountainCarContinuous>()},
      {"Pendulum-v1", classic_entry<lanes::kPendulum>()},
  };
};

Table& table() {
  static Table instance;
  return instance;
}

}  // namespace

void add_environment(std::string name, EnvironmentFactory factory) {
  if (name.empty() || !factory)
    throw InputError("add_environment: an environment needs a name and a function that makes it");
  std::function<Spaces()> spaces = [factory] { return factory({})->spaces(); };
  table().add(std::move(name), {std::move(factory), std::move(spaces)});
}

std::vector<std::string> environment_names() {
  return table().names();
}

Spaces environment_spaces(std::string_view name) {
  return table().find(name).spaces();
}

std::unique_ptr<VectorEnvironment> make_environment(std::string_view name, const VectorOptions& options) {
  return table().find(name).make(options);
}

}  // namespace rankine::rl
