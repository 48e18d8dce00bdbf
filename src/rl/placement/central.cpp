// SPDX-License-Identifier: Apache-2.0
// Central and asynchronous placement: actors roll out, the driver learns.
#include <algorithm>
#include <deque>

#include "rl/placement/placements.hpp"
#include "rl/placement/rollout_actor.hpp"

namespace rankine::rl::placement {

namespace {

constexpr std::uint32_t kCallsBetweenSaves = 16;

struct Sent {
  Future<Array<float>> parameters;
  Orders orders;
};

/// The learner's present weights, put once.
Sent send(const learn::Learner& learner) {
  return {put_array(learner.parameters()),
          {learner.updates(), learner.normalisers().observations.numbers(),
           learner.normalisers().returns.numbers()}};
}

}  // namespace

Rollouts::Rollouts(const TrainOptions& options, int workers, const RunState& state) {
  const int shards = options.config.shards;
  const int actors = std::min(workers, shards);
  for (int k = 0; k < actors; ++k) {
    const int first = shards * k / actors;
    const int last = shards * (k + 1) / actors;
    std::vector<std::vector<std::byte>> states;
    if (!state.shards.empty()) states.assign(state.shards.begin() + first, state.shards.begin() + last);
    ActorOptions its;
    its.max_restarts = -1;
    its.max_task_retries = -1;
    its.checkpoint_every = kCallsBetweenSaves;
    actors_.push_back(
        spawn<RolloutActor>(its, options.config, options.environment, first, last - first, states));
  }
}

std::vector<std::vector<std::byte>> Rollouts::states() const {
  std::vector<Future<std::vector<std::vector<std::byte>>>> asked;
  for (const auto& actor : actors_) asked.push_back(actor.call<&RolloutActor::states>());
  std::vector<std::vector<std::byte>> all;
  for (const auto& future : asked) {
    for (auto& bytes : future.get()) all.push_back(std::move(bytes));
  }
  return all;
}

int train_centrally(const TrainOptions& options, int workers, learn::Learner& learner,
                    const RunState& state) {
  const Rollouts rollouts(options, workers, state);
  Desk desk(options, learner);
  learn::Exchange alone;
  while (!learner.done()) {
    const Sent sent = send(learner);
    std::vector<Future<std::vector<learn::Trajectory>>> asked;
    for (std::size_t k = 0; k < rollouts.size(); ++k)
      asked.push_back(rollouts.sample(k, sent.parameters, sent.orders));
    std::vector<learn::Trajectory> all;
    for (const auto& future : asked) {
      for (auto& trajectory : future.get()) all.push_back(std::move(trajectory));
    }
    learner.learn(all, alone);
    desk.report();
    if (desk.checkpoint_is_due()) desk.write(rollouts.states());
  }
  if (!options.checkpoint.empty()) desk.write(rollouts.states());
  desk.report(true);
  return static_cast<int>(rollouts.size());
}

int train_asynchronously(const TrainOptions& options, int workers, learn::Learner& learner,
                         const RunState& state) {
  const Rollouts rollouts(options, workers, state);
  Desk desk(options, learner);
  learn::Exchange alone;
  Sent sent = send(learner);
  std::vector<Future<std::vector<learn::Trajectory>>> asked;
  std::vector<std::size_t> whose;
  const auto ask = [&](std::size_t k) {
    asked.push_back(rollouts.sample(k, sent.parameters, sent.orders));
    whose.push_back(k);
  };
  for (std::size_t k = 0; k < rollouts.size(); ++k) ask(k);
  // What came in makes a batch as large as a synchronous one.
  std::vector<learn::Trajectory> batch;
  const auto full = static_cast<std::size_t>(options.config.shards);
  while (!learner.done()) {
    const std::uint32_t which = wait(asked, 1).front();
    const std::size_t k = whose[which];
    for (auto& trajectory : asked[which].get()) batch.push_back(std::move(trajectory));
    asked.erase(asked.begin() + which);
    whose.erase(whose.begin() + which);
    ask(k);  // at once, so that it rolls out while the learner learns
    if (batch.size() >= full) {
      learner.learn(batch, alone, true);
      batch.clear();
      sent = send(learner);
      desk.report();
      if (desk.checkpoint_is_due()) desk.write(rollouts.states());
    }
  }
  for (const auto& future : asked) future.wait();
  if (!options.checkpoint.empty()) desk.write(rollouts.states());
  desk.report(true);
  return static_cast<int>(rollouts.size());
}

}  // namespace rankine::rl::placement
