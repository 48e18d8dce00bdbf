// SPDX-License-Identifier: Apache-2.0
// Any Environment as a VectorEnvironment: a loop over objects, with time limit, same-step reset and a
// generator for each episode. A class that is trivially copyable is saved as its bytes; any other by the
// actions of its episode so far, which are done again at `load`.
#pragma once

#include <memory>
#include <utility>

#include <rankine/rl/bytes.hpp>
#include <rankine/rl/vector_environment.hpp>

namespace rankine::rl {

namespace detail {

/// Throws InputError if counts or lengths do not fit `spaces`.
void check_options(const VectorOptions& options);
void check_sizes(const Spaces& spaces, int count, const Actions& actions, const StepResult& result);
/// As check_sizes, and that all discrete actions exist.
void check_step(const Spaces& spaces, int count, const Actions& actions, const StepResult& result);
void check_observations(const Spaces& spaces, int count, std::span<float> observations);

}  // namespace detail

template <Environment T>
class Vectorised final : public VectorEnvironment {
 public:
  explicit Vectorised(const VectorOptions& options) : options_(options), spaces_(spaces_of<T>()) {
    detail::check_options(options);
    if (options.steps_max >= 0) spaces_.steps_max = options.steps_max;
    slots_.resize(static_cast<std::size_t>(options.count));
  }

  const Spaces& spaces() const override { return spaces_; }
  int count() const override { return options_.count; }

  void reset(std::uint64_t seed, std::span<float> observations) override {
    detail::check_observations(spaces_, count(), observations);
    options_.seed = seed;
    for (int i = 0; i < count(); ++i) {
      begin(i, 0);
      slots_[i].environment.observe(row(observations, i));
    }
  }

  void step(const Actions& actions, const StepResult& result) override {
    detail::check_step(spaces_, count(), actions, result);
    for (int i = 0; i < count(); ++i) {
      Slot& slot = slots_[i];
      const Outcome outcome = act(slot, actions, i);
      ++slot.steps;
      const bool cut = !outcome.terminated && spaces_.steps_max > 0 && slot.steps >= spaces_.steps_max;
      result.rewards[i] = static_cast<float>(outcome.reward);
      result.terminated[i] = outcome.terminated;
      result.truncated[i] = cut;
      if (outcome.terminated || cut) {
        if (!result.final_observations.empty()) slot.environment.observe(row(result.final_observations, i));
        begin(i, slot.episode + 1);
      }
      slot.environment.observe(row(result.observations, i));
    }
  }

  void legal(std::span<std::uint8_t> mask) const override {
    if constexpr (kMasked) {
      const std::size_t actions = T::kActions;
      for (std::size_t i = 0; i < slots_.size(); ++i)
        slots_[i].environment.legal(mask.subspan(i * actions, actions));
    } else {
      VectorEnvironment::legal(mask);
    }
  }

  void save(std::vector<std::byte>& to) const override {
    append_bytes(to, options_.seed);
    for (const Slot& slot : slots_) {
      append_bytes(to, slot.episode);
      append_bytes(to, slot.steps);
      if constexpr (kCopied) {
        append_bytes(to, slot.random);
        append_bytes(to, slot.environment);
      } else {
        append_all(to, std::span<const Action>(slot.history));
      }
    }
  }

  void load(std::span<const std::byte>& from) override {
    options_.seed = take_bytes<std::uint64_t>(from);
    for (int i = 0; i < count(); ++i) {
      Slot& slot = slots_[i];
      begin(i, take_bytes<std::uint32_t>(from));
      slot.steps = take_bytes<std::int32_t>(from);
      if constexpr (kCopied) {
        take_into(from, slot.random);
        take_into(from, slot.environment);
      } else {
        slot.history = take_all<Action>(from);
        const Actions again = {as_discrete(slot.history), as_continuous(slot.history)};
        const int steps = static_cast<int>(slot.history.size()) / kActionNumbers;
        for (int t = 0; t < steps; ++t) apply(slot, again, t);
      }
    }
  }

 private:
  static constexpr bool kDiscrete = DiscreteEnvironment<T>;
  static constexpr bool kCopied = std::is_trivially_copyable_v<T>;
  static constexpr bool kMasked = requires(const T& t, std::span<std::uint8_t> mask) { t.legal(mask); };
  using Action = std::conditional_t<kDiscrete, std::int32_t, float>;
  static constexpr int action_numbers() {
    if constexpr (kDiscrete)
      return 1;
    else
      return T::kActionSize;
  }
  static constexpr int kActionNumbers = action_numbers();

  struct Slot {
    T environment;
    Philox random{0, 0};
    std::uint32_t episode = 0;
    std::int32_t steps = 0;
    std::vector<Action> history;  // of this episode, where the object's bytes do not say it all
  };

  std::span<float> row(std::span<float> all, int i) const {
    const auto width = static_cast<std::size_t>(T::kObservations);
    return all.subspan(static_cast<std::size_t>(i) * width, width);
  }
  static std::span<const std::int32_t> as_discrete(const std::vector<Action>& history) {
    if constexpr (kDiscrete)
      return history;
    else
      return {};
  }
  static std::span<const float> as_continuous(const std::vector<Action>& history) {
    if constexpr (kDiscrete)
      return {};
    else
      return history;
  }

  void begin(int i, std::uint32_t episode) {
    Slot& slot = slots_[i];
    slot.episode = episode;
    slot.steps = 0;
    slot.history.clear();
    slot.random = episode_random(options_.seed, options_.first_index + i, episode);
    slot.environment.reset(slot.random);
  }

  static Outcome apply(Slot& slot, const Actions& actions, int i) {
    if constexpr (kDiscrete) {
      return slot.environment.step(static_cast<int>(actions.discrete[i]), slot.random);
    } else {
      return slot.environment.step(actions.continuous.subspan(i * kActionNumbers, kActionNumbers),
                                   slot.random);
    }
  }

  Outcome act(Slot& slot, const Actions& actions, int i) {
    if constexpr (!kCopied) {
      if constexpr (kDiscrete) {
        slot.history.push_back(actions.discrete[i]);
      } else {
        const auto numbers = actions.continuous.subspan(i * kActionNumbers, kActionNumbers);
        slot.history.insert(slot.history.end(), numbers.begin(), numbers.end());
      }
    }
    return apply(slot, actions, i);
  }

  VectorOptions options_;
  Spaces spaces_;
  std::vector<Slot> slots_;
};

/// `options.count` environments of a user's class.
template <Environment T>
std::unique_ptr<VectorEnvironment> vectorise(const VectorOptions& options = {}) {
  return std::make_unique<Vectorised<T>>(options);
}

}  // namespace rankine::rl
