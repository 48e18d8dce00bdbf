// SPDX-License-Identifier: Apache-2.0
// Rollouts: steps the environments of some logical shards together under given weights. What a shard sees
// depends on the weights, the seed and its own past only, not on which other shards are stepped beside it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <rankine/rl/vector_environment.hpp>

#include "rl/learn/network.hpp"
#include "rl/learn/trajectory.hpp"

namespace rankine::rl::learn {

class Sampler {
 public:
  /// Shards first_shard .. first_shard + shards - 1.
  Sampler(const PpoConfig& config, const EnvironmentFactory& factory, int first_shard, int shards);

  const Spaces& spaces() const { return shards_.front().environment->spaces(); }
  int first_shard() const { return first_shard_; }
  int shards() const { return static_cast<int>(shards_.size()); }

  /// Asked after every step; true ends the rollout early.
  using Stop = std::function<bool(int steps_done)>;
  /// One rollout, a trajectory a shard. `update` names the weights.
  std::vector<Trajectory> sample(std::span<const float> parameters, const Normalisers& normalisers,
                                 std::int64_t update, const Stop& stop = {});

  /// The state of shard `index` (counted from first_shard), to go on from bit for bit.
  void save(int index, std::vector<std::byte>& to) const;
  void load(int index, std::span<const std::byte>& from);

 private:
  struct Shard {
    std::unique_ptr<VectorEnvironment> environment;
    std::vector<double> returns;        // of the episode so far, an environment
    std::vector<std::int32_t> lengths;  // steps of it
    std::vector<float> discounted;      // for the reward's moments
    std::int64_t steps = 0;             // of each environment in the whole run
    bool begun = false;
    Normalisers now, seen;  // while a rollout runs: all, and its own share
  };
  std::span<float> rows(Floats& all, std::size_t shard, std::size_t width) {
    return std::span<float>(all).subspan(shard * each_ * width, each_ * width);
  }
  void begin(std::size_t shard, const Normalisers& normalisers);
  void draw_noise(const float* parameters);
  void act(const float* parameters);
  void act_continuously();
  void step(std::size_t shard, Trajectory& into);
  void tally(std::size_t shard, Trajectory& into, std::span<const float> rewards);
  void bootstrap(std::size_t shard, Trajectory& into, std::span<float> rewards);
  void record(std::size_t shard, Trajectory& into);
  void take_mask(std::size_t shard);

  PpoConfig config_;
  int first_shard_;
  std::size_t each_;  // environments a shard
  std::vector<Shard> shards_;
  Layout layout_;
  const Kernels& kernels_;
  Pass pass_;
  Pass final_pass_;
  const float* parameters_ = nullptr;
  Floats raw_, observations_, final_raw_, final_, rewards_;
  std::vector<std::uint8_t> terminated_, truncated_, mask_;
  Floats uniform_, action_, logp_;   // [stride] or [outputs][stride]
  std::vector<float> by_row_, cut_;  // continuous actions [rows][size], as drawn and within bounds
  std::vector<std::int32_t> discrete_;
  Floats noise_;  // gSDE: [rows][outputs][features]
};

}  // namespace rankine::rl::learn
