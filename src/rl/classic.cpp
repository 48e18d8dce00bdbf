// SPDX-License-Identifier: Apache-2.0
#include "rl/classic.hpp"

#include <algorithm>
#include <climits>

#include <rankine/core/error.hpp>
#include <rankine/rl/bytes.hpp>
#include <rankine/rl/vectorise.hpp>

#include "rl/lanes/acrobot.hpp"
#include "rl/lanes/cart_pole.hpp"
#include "rl/lanes/mountain_car.hpp"
#include "rl/lanes/pendulum.hpp"

namespace rankine::rl {

namespace {

template <typename D>
Spaces spaces_from() {
  Spaces spaces;
  spaces.observations = D::kObservations;
  spaces.steps_max = D::kStepsMax;
  if constexpr (requires { D::kActions; }) {
    spaces.actions = D::kActions;
  } else {
    spaces.action_low.assign(std::begin(D::kActionLow), std::end(D::kActionLow));
    spaces.action_high.assign(std::begin(D::kActionHigh), std::end(D::kActionHigh));
  }
  return spaces;
}

int states_of(lanes::Kind kind) {
  return kind == lanes::kAcrobot || kind == lanes::kCartPole ? 4 : 2;
}

class Classic final : public VectorEnvironment {
 public:
  Classic(lanes::Kind kind, const VectorOptions& options, const lanes::Path& path)
      : options_(options),
        spaces_(classic_spaces(kind)),
        in_range_(path.in_range),
        kernel_(path.kernels[kind]),
        states_(states_of(kind)),
        padded_((static_cast<std::size_t>(options.count) + lanes::kPadding - 1) / lanes::kPadding *
                lanes::kPadding) {
    if (options.steps_max >= 0) spaces_.steps_max = options.steps_max;
    numbers_.resize(static_cast<std::size_t>(states_) * padded_ / 8);
    deadline_.resize(padded_ / 8);
    episode_.resize(padded_);
    done_.resize(padded_ + lanes::kPadding);
  }

  const Spaces& spaces() const override { return spaces_; }
  int count() const override { return options_.count; }

  void reset(std::uint64_t seed, std::span<float> observations) override {
    detail::check_observations(spaces_, count(), observations);
    options_.seed = seed;
    clock_ = 0;
    std::ranges::fill(deadline_, Deadlines{});
    std::ranges::fill(episode_, 0u);
    for (int i = 0; i < count(); ++i) done_[static_cast<std::size_t>(i)] = i;
    lanes::Batch batch = state();
    batch.observations = observations.data();
    kernel_.start(batch, count());
  }

  void step(const Actions& actions, const StepResult& result) override {
    detail::check_sizes(spaces_, count(), actions, result);
    if (spaces_.discrete() && !in_range_(actions.discrete.data(), count(), spaces_.actions))
      detail::check_step(spaces_, count(), actions, result);  // says which
    ++clock_;
    lanes::Batch batch = state();
    batch.discrete = actions.discrete.data();
    batch.continuous = actions.continuous.data();
    batch.observations = result.observations.data();
    batch.rewards = result.rewards.data();
    batch.terminated = result.terminated.data();
    batch.truncated = result.truncated.data();
    batch.final_observations = result.final_observations.empty() ? nullptr : result.final_observations.data();
    kernel_.step(batch);
  }

  void save(std::vector<std::byte>& to) const override {
    append_bytes(to, options_.seed);
    append_all(to, std::span<const Eight>(numbers_));
    append_bytes(to, clock_);
    append_all(to, std::span<const Deadlines>(deadline_));
    append_all(to, std::span<const unsigned>(episode_));
  }

  void load(std::span<const std::byte>& from) override {
    options_.seed = take_bytes<std::uint64_t>(from);
    take_same(from, numbers_);
    take_into(from, clock_);
    take_same(from, deadline_);
    take_same(from, episode_);
  }

 private:
  struct alignas(64) Eight {
    double of[8] = {};
  };
  struct alignas(64) Deadlines {
    long of[8] = {};
  };

  template <typename T>
  static void take_same(std::span<const std::byte>& from, std::vector<T>& into) {
    std::vector<T> values = take_all<T>(from);
    if (values.size() != into.size())
      throw InputError("the saved state of environments is that of another number of them");
    into = std::move(values);
  }

  lanes::Batch state() {
    lanes::Batch batch;
    batch.count = count();
    for (int i = 0; i < states_; ++i) batch.state[i] = numbers_[static_cast<std::size_t>(i) * padded_ / 8].of;
    batch.deadline = deadline_[0].of;
    batch.clock = clock_;
    batch.episode = episode_.data();
    batch.done = done_.data();
    batch.steps_max = spaces_.steps_max > 0 ? spaces_.steps_max : LONG_MAX / 2;
    batch.seed = options_.seed;
    batch.first_index = static_cast<unsigned>(options_.first_index);
    return batch;
  }

  VectorOptions options_;
  Spaces spaces_;
  bool (*in_range_)(const int*, long, int);
  lanes::Kernel kernel_;
  int states_;
  std::size_t padded_;
  std::vector<Eight> numbers_;  // [states][padded / 8]
  long clock_ = 0;
  std::vector<Deadlines> deadline_;
  std::vector<unsigned> episode_;
  std::vector<int> done_;
};

}  // namespace

Spaces classic_spaces(lanes::Kind kind) {
  switch (kind) {
    case lanes::kAcrobot:
      return spaces_from<lanes::Acrobot<double>>();
    case lanes::kCartPole:
      return spaces_from<lanes::CartPole<double>>();
    case lanes::kMountainCar:
      return spaces_from<lanes::MountainCar<double>>();
    case lanes::kMountainCarContinuous:
      return spaces_from<lanes::MountainCarContinuous<double>>();
    case lanes::kPendulum:
      return spaces_from<lanes::Pendulum<double>>();
    case lanes::kKinds:
      break;
  }
  throw InputError("no such classic environment");
}

std::unique_ptr<VectorEnvironment> make_classic(lanes::Kind kind, const VectorOptions& options,
                                                const lanes::Path& path) {
  detail::check_options(options);
  return std::make_unique<Classic>(kind, options, path);
}

}  // namespace rankine::rl
