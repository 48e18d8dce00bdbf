// SPDX-License-Identifier: Apache-2.0
// Which mesh is fastest for a model on a number of ranks, by a cost model, in the spirit of Alpa (Zheng et
// al. 2022): all meshes are listed, those that cannot be or do not fit are left out with the reason, and of
// the others the time of a step is put together from what was measured: passes, bubbles of the pipeline, what
// is told between ranks and not hidden behind computing, and the update.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <rankine/nn/layer.hpp>
#include <rankine/nn/tensor_group.hpp>
#include <rankine/nn/threads.hpp>
#include <rankine/train/collectives.hpp>
#include <rankine/train/memory.hpp>
#include <rankine/train/parallel.hpp>

namespace rankine::train {

/// Time of n bytes: latency + n / rate.
struct LinkSpeed {
  double latency_s = 0;
  double bytes_per_s = 0;
  double seconds(double bytes) const { return latency_s + (bytes_per_s > 0 ? bytes / bytes_per_s : 0); }
};

/// What a rank does in a second while all ranks do the same.
struct Speeds {
  double flops = 0;            ///< in passes of this model, operations that Layer::Sizes counts
  double updates_per_s = 0;    ///< parameters that AdamW changes
  LinkSpeed send;              ///< to a neighbour
  LinkSpeed all_reduce;        ///< of bytes among all ranks
  std::size_t reduced_by = 2;  ///< ranks that all_reduce was measured among
  double overlap = 0.5;        ///< share of reductions that hides behind a backward pass of the same length
};

struct PlanQuestion {
  /// The model of one member of a tensor-parallel group. Throws InputError for a group that cannot be.
  std::function<nn::Model(nn::TensorGroup& group, bool sequence)> make;
  std::size_t ranks = 1;
  std::size_t batch = 1;            ///< examples of a step
  std::vector<std::size_t> shards;  ///< to choose from; each changes the bits, not what is learned
  std::size_t zero_max = 3;
  double memory_bytes = 0;  ///< of a rank; 0: no limit
  /// memory_formula, or what else says what a stage needs.
  std::function<Memory(const nn::Model&, const Parallel&, std::size_t stage, std::size_t shards,
                       std::size_t examples)>
      memory;
};

struct Plan {
  Parallel parallel;
  std::size_t shards = 1;
  std::string refused = {};  ///< why it cannot be; empty: it can
  double step_s = 0;         ///< the sum of the following
  double compute_s = 0;      ///< passes of the busiest stage
  double bubble_s = 0;       ///< that stage's waits for others, and messages between stages
  double tensor_s = 0;       ///< sums within layers
  double reduce_s = 0;       ///< of gradients and parameters over data ranks, what is not hidden
  double update_s = 0;
  double memory_bytes = 0;  ///< of the fullest stage
};

/// Every mesh of `ranks` with every choice of ZeRO, interleaving, recomputation, sequence parallelism and
/// shards: first those that can be, fastest first (of equals the plainer), then those that cannot.
std::vector<Plan> make_plans(const PlanQuestion& question, const Speeds& speeds);

/// A table for people: the first `most` that can be, what each spends its time on and why it is slower than
/// the first, then how many were left out for which reasons.
std::string plan_table(std::span<const Plan> plans, std::size_t most = 12);

/// Of a pipeline whose stage s needs forward_s[s][chunk] and backward_s[s][chunk] for a micro-batch and
/// message_s between stages: when the last stage ends, by running the stages' pipeline_actions.
double pipeline_seconds(std::span<const std::vector<double>> forward_s,
                        std::span<const std::vector<double>> backward_s, double message_s,
                        std::size_t micro_batches);

/// Measures in about a second, on the host: passes of one shard of `model` (of a group of one) and AdamW's
/// loop. `targets`: of an example.
Speeds measure_computing(nn::Model& model, std::size_t examples, std::size_t targets, nn::Threads& threads);
/// The same on all ranks at once, the slowest counts, and sums and broadcasts among them. All call it
/// together.
Speeds measure_speeds(Collectives& all, nn::Model& model, std::size_t examples, std::size_t targets,
                      nn::Threads& threads);

}  // namespace rankine::train
