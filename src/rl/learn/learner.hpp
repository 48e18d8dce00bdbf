// SPDX-License-Identifier: Apache-2.0
// Learning from trajectories: advantages, minibatches, clipped losses, gradients summed over logical shards
// in a fixed tree, Adam. Every rank of a gang has the same learner; what is summed over ranks goes through an
// Exchange, so one rank with all shards and many ranks with a few each have the same bits. It knows no
// environments and no messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include <rankine/rl/ppo.hpp>

#include "rl/learn/advantages.hpp"
#include "rl/learn/exchange.hpp"
#include "rl/learn/network.hpp"
#include "rl/learn/trajectory.hpp"

namespace rankine::rl::learn {

class Learner {
 public:
  Learner(const Spaces& spaces, const PpoConfig& config);

  std::span<const float> parameters() const { return parameters_; }
  /// As it is now, with the moments that it sees by.
  Policy policy() const;
  const Normalisers& normalisers() const { return normalisers_; }
  std::int64_t updates() const { return updates_; }
  std::int64_t steps() const { return steps_; }
  bool done() const { return steps_ >= config_.updates() * config_.steps_per_update(); }
  const std::vector<UpdateReport>& curve() const { return curve_; }
  /// One for all: some rank asked to stop after this update (see `stop` of learn).
  bool stopping() const { return stopping_; }

  /// An update from this rank's trajectories, in order of their shards. With `off_policy` advantages are
  /// those of V-trace. `stop` asks all ranks to stop().
  UpdateReport learn(const std::vector<Trajectory>& own, Exchange& exchange, bool off_policy = false,
                     bool stop = false);

  void save(std::vector<std::byte>& to) const;
  void load(std::span<const std::byte>& from);

 private:
  struct Part;    // one shard's share of an update
  struct Totals;  // of one minibatch over all shards
  struct Known;   // what all ranks know before the first minibatch
  Part prepare(const Trajectory& trajectory, bool off_policy);
  void look_again(Part& part);
  Known tell(const std::vector<Part>& parts, Exchange& exchange, bool stop);
  void take_in(std::span<const std::byte> told, Known& known, std::vector<Episode>& episodes);
  void gather_rows(const Part& part, std::span<const std::uint32_t> order, const Totals& totals);
  void shard_gradient(const Part& part, int epoch, std::int64_t minibatch, const Totals& totals,
                      float* gradient);
  void losses(int rows, const Totals& totals, float* sums);
  bool step(const Totals& totals, std::span<const float> gradient, UpdateReport& report);
  UpdateReport finish(UpdateReport report, std::int64_t minibatches);

  Spaces spaces_;
  PpoConfig config_;
  Layout layout_;
  const Kernels& kernels_;
  Pass pass_;
  Floats parameters_, first_, second_;  // and Adam's moments
  std::int64_t adam_steps_ = 0;
  std::int64_t updates_ = 0;
  std::int64_t steps_ = 0;
  std::int64_t episodes_ = 0;
  std::deque<double> window_;  // returns of the last 100 episodes
  Normalisers normalisers_;
  std::vector<UpdateReport> curve_;
  bool stopping_ = false;
  double rate_ = 0, clip_ = 0;  // of this update
  // One shard's part of a minibatch:
  Floats observations_, action_, mask_, logp_, advantage_, value_, target_, weight_;
  std::vector<Floats> gradients_;  // of this rank's shards but the first, sums of losses behind
};

}  // namespace rankine::rl::learn
