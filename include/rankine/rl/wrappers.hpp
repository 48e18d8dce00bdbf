// SPDX-License-Identifier: Apache-2.0
// Environments around environments: normalised observations and rewards as Gymnasium's wrappers give them,
// the returns of whole episodes, repeated actions. A time limit needs none: VectorOptions::steps_max cuts an
// episode and says truncated. PPO normalises by itself (PpoConfig), over all ranks.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include <rankine/rl/vector_environment.hpp>

namespace rankine::rl {

/// Mean and variance of what was seen, by Chan's rule for batches; begins as 1e-4 values of mean 0 and
/// variance 1.
struct RunningMoments {
  explicit RunningMoments(std::size_t width) : mean(width, 0.0), variance(width, 1.0) {}

  /// `batch`: [rows][width], row-major.
  void update(std::span<const float> batch);

  std::vector<double> mean, variance;
  double count = 1e-4;
};

/// A batch that passes everything on to another.
class Wrapper : public VectorEnvironment {
 public:
  explicit Wrapper(std::unique_ptr<VectorEnvironment> inner) : inner_(std::move(inner)) {}

  const Spaces& spaces() const override { return inner_->spaces(); }
  int count() const override { return inner_->count(); }
  void reset(std::uint64_t seed, std::span<float> observations) override {
    inner_->reset(seed, observations);
  }
  void step(const Actions& actions, const StepResult& result) override { inner_->step(actions, result); }
  void legal(std::span<std::uint8_t> mask) const override { inner_->legal(mask); }
  void save(std::vector<std::byte>& to) const override { inner_->save(to); }
  void load(std::span<const std::byte>& from) override { inner_->load(from); }

 private:
  std::unique_ptr<VectorEnvironment> inner_;
};

/// Observations less their running mean, over their running deviation (Gymnasium's NormalizeObservation).
class NormalisedObservations final : public Wrapper {
 public:
  explicit NormalisedObservations(std::unique_ptr<VectorEnvironment> inner);

  void reset(std::uint64_t seed, std::span<float> observations) override;
  /// Final observations are normalised, too, and do not count.
  void step(const Actions& actions, const StepResult& result) override;
  void save(std::vector<std::byte>& to) const override;
  void load(std::span<const std::byte>& from) override;

  RunningMoments moments;  ///< may be set, as for an evaluation
  bool frozen = false;     ///< nothing is learnt any more

 private:
  void normalise(std::span<float> rows) const;
};

/// Rewards over the running deviation of the discounted return (Gymnasium's NormalizeReward).
class NormalisedRewards final : public Wrapper {
 public:
  explicit NormalisedRewards(std::unique_ptr<VectorEnvironment> inner, double gamma = 0.99);

  void reset(std::uint64_t seed, std::span<float> observations) override;
  void step(const Actions& actions, const StepResult& result) override;
  void save(std::vector<std::byte>& to) const override;
  void load(std::span<const std::byte>& from) override;

  RunningMoments moments{1};
  bool frozen = false;

 private:
  double gamma_;
  std::vector<float> returns_;  // of each environment so far, discounted
};

/// Keeps returns and lengths of the episodes that end; below wrappers that change rewards.
class EpisodeRecorder final : public Wrapper {
 public:
  struct Ended {
    int environment = 0;
    double reward = 0;  ///< the sum
    int length = 0;     ///< in steps
  };

  explicit EpisodeRecorder(std::unique_ptr<VectorEnvironment> inner);

  void reset(std::uint64_t seed, std::span<float> observations) override;
  void step(const Actions& actions, const StepResult& result) override;
  void save(std::vector<std::byte>& to) const override;
  void load(std::span<const std::byte>& from) override;

  /// Those that ended since the last call, in order of steps and environments.
  std::vector<Ended> take();

 private:
  std::vector<Ended> going_, ended_;
};

/// A user's environment in which every action is done `kTimes` times, rewards added; an end ends it at once.
/// The time limit counts the steps of T.
template <Environment T, int kTimes>
struct Repeated : T {
  static_assert(kTimes >= 1);
  static constexpr int steps_max() {
    if constexpr (requires { T::kStepsMax; })
      return (T::kStepsMax + kTimes - 1) / kTimes;
    else
      return 0;
  }
  static constexpr int kStepsMax = steps_max();

  template <class Action>
  Outcome step(const Action& action, Philox& random) {
    Outcome sum;
    for (int i = 0; i < kTimes && !sum.terminated; ++i) {
      const Outcome one = T::step(action, random);
      sum.reward += one.reward;
      sum.terminated = one.terminated;
    }
    return sum;
  }
};

}  // namespace rankine::rl
