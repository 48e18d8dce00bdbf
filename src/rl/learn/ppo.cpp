// SPDX-License-Identifier: Apache-2.0
#include <rankine/rl/ppo.hpp>

#include <utility>

#include "rl/learn/learner.hpp"
#include "rl/learn/sampler.hpp"

namespace rankine::rl {

EnvironmentFactory named(std::string name) {
  return [name = std::move(name)](const VectorOptions& options) { return make_environment(name, options); };
}

namespace {

const PpoConfig& checked(const PpoConfig& config) {
  config.check();
  return config;
}

}  // namespace

struct Ppo::State {
  State(const PpoConfig& its, const EnvironmentFactory& factory)
      : config(checked(its)), sampler(config, factory, 0, config.shards), learner(sampler.spaces(), config) {}
  PpoConfig config;
  learn::Sampler sampler;
  learn::Learner learner;
  learn::Exchange alone;
};

Ppo::Ppo(const PpoConfig& config, const EnvironmentFactory& factory)
    : state_(std::make_unique<State>(config, factory)) {}
Ppo::~Ppo() = default;
Ppo::Ppo(Ppo&&) noexcept = default;
Ppo& Ppo::operator=(Ppo&&) noexcept = default;

const PpoConfig& Ppo::config() const {
  return state_->config;
}
const Spaces& Ppo::spaces() const {
  return state_->sampler.spaces();
}
bool Ppo::done() const {
  return state_->learner.done();
}
const std::vector<UpdateReport>& Ppo::curve() const {
  return state_->learner.curve();
}

UpdateReport Ppo::update() {
  learn::Learner& learner = state_->learner;
  return learner.learn(state_->sampler.sample(learner.parameters(), learner.normalisers(), learner.updates()),
                       state_->alone);
}

Policy Ppo::policy() const {
  return state_->learner.policy();
}

std::vector<std::byte> Ppo::save() const {
  std::vector<std::byte> bytes;
  state_->learner.save(bytes);
  for (int shard = 0; shard < state_->sampler.shards(); ++shard) state_->sampler.save(shard, bytes);
  return bytes;
}

void Ppo::load(std::span<const std::byte> from) {
  state_->learner.load(from);
  for (int shard = 0; shard < state_->sampler.shards(); ++shard) state_->sampler.load(shard, from);
}

}  // namespace rankine::rl
