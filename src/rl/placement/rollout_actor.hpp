// SPDX-License-Identifier: Apache-2.0
// The actor that rolls out some logical shards on a worker. Its rank may die: it is made again from its last
// checkpoint, and the calls since then are made again with the same weights and give the same trajectories.
#pragma once

#include <boost/serialization/vector.hpp>

#include <rankine/rankine.hpp>
#include <rankine/serialize/boost.hpp>

#include "rl/learn/sampler.hpp"
#include "rl/placement/state.hpp"

namespace rankine::rl::placement {

/// What a rollout needs: parameters lie in the store and travel once a node.
struct Orders {
  std::int64_t update = 0;
  std::vector<double> observation_moments, return_moments;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& update& observation_moments& return_moments;
  }
};

class RolloutActor {
 public:
  RolloutActor(const PpoConfig& config, const std::string& environment, int first_shard, int shards,
               const std::vector<std::vector<std::byte>>& states)
      : sampler_(config, named(environment), first_shard, shards) {
    if (!states.empty()) load(states);
  }

  std::vector<learn::Trajectory> sample(const Array<float>& parameters, const Orders& orders) {
    const learn::Normalisers normalisers{learn::Moments::of_numbers(orders.observation_moments),
                                         learn::Moments::of_numbers(orders.return_moments)};
    return sampler_.sample(parameters.span(), normalisers, orders.update);
  }

  /// The state of each shard.
  std::vector<std::vector<std::byte>> save() const {
    std::vector<std::vector<std::byte>> states(static_cast<std::size_t>(sampler_.shards()));
    for (int k = 0; k < sampler_.shards(); ++k) sampler_.save(k, states[static_cast<std::size_t>(k)]);
    return states;
  }
  void load(const std::vector<std::vector<std::byte>>& states) {
    for (int k = 0; k < sampler_.shards(); ++k) {
      std::span<const std::byte> bytes(states[static_cast<std::size_t>(k)]);
      sampler_.load(k, bytes);
    }
  }
  std::vector<std::vector<std::byte>> states() { return save(); }

 private:
  learn::Sampler sampler_;
};

/// Some actors that have all shards of a run between them, and what the driver asks of them.
class Rollouts {
 public:
  Rollouts(const TrainOptions& options, int workers, const RunState& state);

  std::size_t size() const { return actors_.size(); }
  /// A rollout of actor k under the learner's present weights.
  Future<std::vector<learn::Trajectory>> sample(std::size_t k, const Future<Array<float>>& parameters,
                                                const Orders& orders) const {
    return actors_[k].call<&RolloutActor::sample>(parameters, orders);
  }
  /// The states of all shards, when what was asked for is done.
  std::vector<std::vector<std::byte>> states() const;

 private:
  std::vector<Actor<RolloutActor>> actors_;
};

}  // namespace rankine::rl::placement
