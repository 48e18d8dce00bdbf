// SPDX-License-Identifier: Apache-2.0
// Many environments of one kind, stepped together: what learners see. Forms with a structure of arrays, the
// loop over a user's class, the bridge to Python and wrappers stand behind this one interface. It knows no
// ranks: `first_index` says which of the run's environments these are, and results depend on that alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rankine/rl/environment.hpp>

namespace rankine::rl {

/// Which environments are made, and how they differ from the standard ones.
struct VectorOptions {
  int count = 1;
  std::int64_t first_index = 0;  ///< of the first of these among all environments of the run, below 2^31
  std::uint64_t seed = 1;
  int steps_max = -1;  ///< replaces the time limit; 0 for none, -1 keeps the environment's own
};

/// The actions of all environments; the one that `Spaces` asks for is read.
struct Actions {
  std::span<const std::int32_t> discrete = {};  ///< [count]
  std::span<const float> continuous = {};  ///< [count][action_size], row-major; bounds are the learner's care
};

/// What a step writes, row-major. An environment whose episode ended begins the next one in the same step (as
/// in Gymnasium 0.26 and CleanRL): `observations` then has the new episode's first one, `final_observations`
/// the ended one's last. Only rows of ended episodes are written in `final_observations`.
struct StepResult {
  std::span<float> observations;        ///< [count][observations]
  std::span<float> rewards;             ///< [count]
  std::span<std::uint8_t> terminated;   ///< [count], 0 or 1
  std::span<std::uint8_t> truncated;    ///< [count], 0 or 1; never 1 where terminated is
  std::span<float> final_observations;  ///< [count][observations], or empty if nobody wants them
};

/// Memory for a StepResult and the view of it.
class StepBuffer {
 public:
  StepBuffer(int count, int observations)
      : observations_(static_cast<std::size_t>(count) * static_cast<std::size_t>(observations)),
        final_observations_(observations_.size()),
        rewards_(static_cast<std::size_t>(count)),
        terminated_(rewards_.size()),
        truncated_(rewards_.size()) {}
  StepResult view() { return {observations_, rewards_, terminated_, truncated_, final_observations_}; }

 private:
  std::vector<float> observations_, final_observations_, rewards_;
  std::vector<std::uint8_t> terminated_, truncated_;
};

class VectorEnvironment {
 public:
  virtual ~VectorEnvironment() = default;

  virtual const Spaces& spaces() const = 0;
  virtual int count() const = 0;

  /// Begins episode 0 of every environment under `seed`; writes [count][observations].
  virtual void reset(std::uint64_t seed, std::span<float> observations) = 0;
  /// One step of every environment. Sizes that do not fit and actions that do not exist are InputErrors.
  virtual void step(const Actions& actions, const StepResult& result) = 0;

  /// Writes 1 where a discrete action is legal now, [count][actions]; all ones where `spaces().masked` is
  /// false.
  virtual void legal(std::span<std::uint8_t> mask) const;

  /// Appends what is needed to go on from here bit for bit; `load` takes it off the front of `from` again in
  /// an object that was made with the same options. Throws InputError if that is not what it finds.
  virtual void save(std::vector<std::byte>& to) const = 0;
  virtual void load(std::span<const std::byte>& from) = 0;

 protected:
  VectorEnvironment() = default;
  VectorEnvironment(const VectorEnvironment&) = default;
  VectorEnvironment& operator=(const VectorEnvironment&) = default;
};

/// Makes environments; what learners are given, so that ranks can make their own part.
using EnvironmentFactory = std::function<std::unique_ptr<VectorEnvironment>(const VectorOptions&)>;

/// Makes an environment of yours known by name in this process, for learners that are placed on ranks: every
/// rank calls it before the runtime's run(). Throws InputError where the name is taken.
///     rankine::rl::add_environment("Corridor", rankine::rl::vectorise<Corridor>);
void add_environment(std::string name, EnvironmentFactory factory);
/// The environments that are known by name ("CartPole-v1"), sorted.
std::vector<std::string> environment_names();
/// Spaces of a known environment. Throws InputError naming the known ones.
Spaces environment_spaces(std::string_view name);
/// Makes `options.count` environments of that name. Throws InputError naming the known ones.
std::unique_ptr<VectorEnvironment> make_environment(std::string_view name, const VectorOptions& options = {});

}  // namespace rankine::rl
