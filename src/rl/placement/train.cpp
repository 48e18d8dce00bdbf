// SPDX-License-Identifier: Apache-2.0
#include <rankine/rl/train.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <rankine/rankine.hpp>

#include "rl/placement/placements.hpp"

namespace rankine::rl {

PpoPlacement placement_named(std::string_view name) {
  if (name == "central") return PpoPlacement::kCentral;
  if (name == "decentralised") return PpoPlacement::kDecentralised;
  if (name == "asynchronous") return PpoPlacement::kAsynchronous;
  throw InputError(fmt::format("placement \"{}\" is none of central, decentralised, asynchronous", name));
}

namespace placement {

void Desk::write(std::vector<std::vector<std::byte>> shards) {
  RunState state{{}, std::move(shards), learner_.done()};
  learner_.save(state.learner);
  write_checkpoint(options_.checkpoint, options_, state, learner_.curve(), learner_.parameters());
  written_ = now();
}

void Desk::report(bool last) {
  if (!options_.progress || learner_.curve().empty()) return;
  if (!last && seconds_since(reported_) < options_.progress_seconds) return;
  options_.progress(learner_.curve().back());
  reported_ = now();
}

}  // namespace placement

Trained train(const TrainOptions& options) {
  options.config.check();
  if (options.preempt < 0 || options.preempt > 1)
    throw InputError("PPO: the share of members that pre-empts the others lies in 0 .. 1");
  if (options.preempt > 0 && options.placement != PpoPlacement::kDecentralised)
    throw InputError(
        "PPO: only decentralised members pre-empt each other: choose that placement, or no pre-emption");
  const Spaces spaces = environment_spaces(options.environment);
  learn::Learner learner(spaces, options.config);
  placement::RunState state;
  if (options.resume && std::filesystem::exists(options.checkpoint)) {
    state = placement::read_checkpoint(options.checkpoint, options.config, options.environment);
    std::span<const std::byte> bytes(state.learner);
    learner.load(bytes);
  }
  const std::int64_t before = learner.steps();
  const Time start = now();
  int workers = std::max(1, options.workers);
  switch (options.placement) {
    case PpoPlacement::kCentral:
      workers = placement::train_centrally(options, workers, learner, state);
      break;
    case PpoPlacement::kDecentralised:
      workers = placement::train_decentrally(options, workers, learner, state);
      break;
    case PpoPlacement::kAsynchronous:
      workers = placement::train_asynchronously(options, workers, learner, state);
      break;
  }
  return {learner.policy(), learner.curve(), learner.steps(), before, seconds_since(start), workers};
}

}  // namespace rankine::rl
