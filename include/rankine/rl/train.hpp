// SPDX-License-Identifier: Apache-2.0
// PPO over the ranks of a run, placed in one of three ways with the same learning code. Results of the first
// two depend on the config (with its logical shards), the environment and the seed, not on ranks, not on
// which of them failed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <rankine/rl/policy.hpp>
#include <rankine/rl/ppo.hpp>
#include <rankine/rl/ppo_config.hpp>

namespace rankine::rl {

enum class PpoPlacement {
  kCentral,        ///< actors roll out on the workers, the driver learns; weights travel by broadcast
  kDecentralised,  ///< DD-PPO (Wijmans et al. 2020): every member of a gang does both, gradients are summed
  kAsynchronous    ///< APPO: actors never wait, V-trace corrects for older policies; not reproducible
};

/// "central", "decentralised", "asynchronous". Throws InputError naming them.
PpoPlacement placement_named(std::string_view name);

struct TrainOptions {
  PpoConfig config;
  std::string environment;  ///< one that make_environment knows on every rank (your own: add_environment)
  PpoPlacement placement = PpoPlacement::kDecentralised;
  /// Ranks that work besides the driver's, 1 where that is alone. There is no use for more than shards;
  /// decentralised takes the largest power of two.
  int workers = 1;
  /// Decentralised: when this share of the members has finished its rollout, the others stop theirs early
  /// (not before a quarter of it); all the others suffice where so few cannot be this share. 0: never, and
  /// results are reproducible; the paper's is 0.6.
  double preempt = 0;
  std::filesystem::path checkpoint;  ///< an HDF5 file that appears whole; empty: none
  double checkpoint_seconds = 30;    ///< between two of them at least; one at the end
  /// Where the file `checkpoint` is there, go on from it; it must be of the same config and environment.
  bool resume = false;
  /// Called on the driver now and then with the last report.
  std::function<void(const UpdateReport&)> progress = {};
  double progress_seconds = 1;
};

struct Trained {
  Policy policy;
  std::vector<UpdateReport> curve;
  std::int64_t steps = 0;          ///< of all environments, those before a resume included
  std::int64_t steps_resumed = 0;  ///< of them, before it
  double seconds = 0;              ///< of this call, without evaluation
  int workers = 1;
};

/// Trains on the ranks of the running Runtime; driver only. Throws InputError for what cannot be.
Trained train(const TrainOptions& options);

/// Whether there is a checkpoint of a run that has not come to its end.
bool unfinished(const std::filesystem::path& checkpoint);

/// What a checkpoint holds for those who only want the policy.
Policy load_policy(const std::filesystem::path& checkpoint, const PpoConfig& config,
                   std::string_view environment);

}  // namespace rankine::rl
