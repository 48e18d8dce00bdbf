// SPDX-License-Identifier: Apache-2.0
// Decentralised placement (DD-PPO): the members of a gang have the same learner and some shards each; they
// tell each other moments before an update and sums of gradients in it. The driver gives the gang a stretch
// of updates at a time and gets the whole state back: that is what it reports, writes down, and begins again
// from when a member dies.
#include <algorithm>
#include <bit>

#include <boost/serialization/vector.hpp>

#include <rankine/rankine.hpp>
#include <rankine/serialize/boost.hpp>

#include "rl/learn/sampler.hpp"
#include "rl/placement/gang_exchange.hpp"
#include "rl/placement/placements.hpp"

namespace rankine::rl::placement {

namespace {

constexpr double kStretchSeconds = 0.5;
constexpr double kStretchSetups = 5;  // at least so many times what a stretch needs before it begins
constexpr int kGangTries = 8;

struct Stretch {
  PpoConfig config;
  std::string environment;
  double preempt = 0;
  std::int64_t updates = 1;
  std::vector<std::byte> learner;
  std::vector<std::vector<std::byte>> shards;
  double setup_seconds = 0;  // that it took until environments and learner were as they had been

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& config& environment& preempt& updates& learner& shards& setup_seconds;
  }
};

/// The gang's function: the state afterwards, on every member.
Stretch run_stretch(Gang& gang, const Stretch& begin) {
  const Time start = now();
  const int each = begin.config.shards / gang.size();
  const int first = gang.rank() * each;
  learn::Sampler sampler(begin.config, named(begin.environment), first, each);
  learn::Learner learner(sampler.spaces(), begin.config);
  if (!begin.learner.empty()) {
    std::span<const std::byte> bytes(begin.learner);
    learner.load(bytes);
    for (int k = 0; k < each; ++k) {
      std::span<const std::byte> shard(begin.shards[static_cast<std::size_t>(first + k)]);
      sampler.load(k, shard);
    }
  }
  Stretch end;
  end.setup_seconds = seconds_since(start);
  GangExchange exchange(gang);
  Preemption preemption(gang, begin.preempt, begin.config.steps);
  for (std::int64_t k = 0; k < begin.updates && !learner.done(); ++k) {
    preemption.begin();
    const auto trajectories = sampler.sample(
        learner.parameters(), learner.normalisers(), learner.updates(),
        begin.preempt > 0 ? [&](int steps) { return preemption.stop(steps); } : learn::Sampler::Stop());
    preemption.end();
    learner.learn(trajectories, exchange);
  }
  learner.save(end.learner);
  for (int k = 0; k < each; ++k) {
    std::vector<std::byte> own;
    sampler.save(k, own);
    const auto all = exchange.gather(std::move(own));
    end.shards.resize(static_cast<std::size_t>(begin.config.shards));
    for (int member = 0; member < gang.size(); ++member)
      end.shards[static_cast<std::size_t>(member * each + k)] = all[static_cast<std::size_t>(member)];
  }
  return end;
}

/// Whether a gang failed by the loss of a member, and not by what an environment threw. Of what members throw
/// only an interrupted wait or a call of MPI that failed may come of a loss.
bool lost_a_member(const Error& error) {
  const auto* const thrown = dynamic_cast<const TaskError*>(&error);
  return thrown == nullptr || thrown->parts().type == "rankine::GangBroken" ||
         thrown->parts().type == "rankine::SystemError";
}

/// A gang that lost a member is tried again, with fewer members where too few ranks are left.
Stretch run_gang(Stretch stretch, int& members) {
  for (int attempt = 0;; ++attempt) {
    try {
      return submit_gang<run_stretch>({.ranks = members, .name = "ppo"}, stretch).get();
    } catch (const Error& error) {
      if (attempt == kGangTries || draining() || !lost_a_member(error)) throw;
      if (attempt > 0 && members > 1) members /= 2;
    }
  }
}

}  // namespace

int train_decentrally(const TrainOptions& options, int workers, learn::Learner& learner,
                      const RunState& state) {
  int members =
      static_cast<int>(std::bit_floor(static_cast<unsigned>(std::min(workers, options.config.shards))));
  const int began_with = members;
  Desk desk(options, learner);
  Stretch stretch{options.config, options.environment, options.preempt, 8, state.learner, state.shards, 0};
  while (!learner.done()) {
    const Time start = now();
    Stretch end = run_gang(stretch, members);
    std::span<const std::byte> bytes(end.learner);
    learner.load(bytes);
    stretch.learner = std::move(end.learner);
    stretch.shards = std::move(end.shards);
    desk.report();
    if (desk.checkpoint_is_due()) desk.write(stretch.shards);
    const double setup = end.setup_seconds;
    const double each = std::max(seconds_since(start) - setup, 1e-6) / static_cast<double>(stretch.updates);
    const double wished = std::max(kStretchSeconds, kStretchSetups * setup);
    stretch.updates = static_cast<std::int64_t>(std::clamp(wished / each, 1.0, 4096.0));
  }
  if (!options.checkpoint.empty()) desk.write(stretch.shards);
  desk.report(true);
  return began_with;
}

}  // namespace rankine::rl::placement
