// SPDX-License-Identifier: Apache-2.0
// Lists meshes and puts their times together. Pure.
#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/train/pipeline.hpp>
#include <rankine/train/plan.hpp>

#include "train/engine/stages.hpp"

namespace rankine::train {

namespace {

/// A group on paper: its members say nothing.
class PaperGroup : public nn::TensorGroup {
 public:
  explicit PaperGroup(std::size_t size) : size_(size) {}
  std::size_t size() const override { return size_; }

 private:
  std::size_t size_;
};

/// What a micro-batch costs in a layer of one member.
struct LayerCost {
  double flops = 0;
  double output_bytes = 0;
  double forward_sums = 0;  ///< bytes that the tensor group adds up
  double backward_sums = 0;
  double parameters = 0;  ///< of its units, each where it is used first
};

struct Costs {
  nn::Model model;
  std::size_t examples = 0;
  std::vector<LayerCost> layers;
};

/// A layer whose tensors are split adds up its output (a block twice: attention and perceptron) and the
/// slopes of its input; the first has no slopes to add, the last puts out no more than a loss.
Costs costs_of(const PlanQuestion& question, std::size_t tensor, bool sequence, std::size_t examples) {
  PaperGroup group(tensor);
  Costs costs{question.make(group, sequence), examples, {}};
  std::vector<bool> counted(costs.model.units.size(), false);
  for (std::size_t k = 0; k < costs.model.layers.size(); ++k) {
    const nn::Layer& layer = *costs.model.layers[k];
    const auto sizes = layer.sizes(examples);
    LayerCost cost{.flops = sizes.flops, .output_bytes = static_cast<double>(sizes.output)};
    bool split = false;
    for (const std::size_t unit : layer.units()) {
      for (const nn::Tensor& of : costs.model.units[unit].tensors) split = split || of.split >= 0;
      if (!counted[unit]) cost.parameters += static_cast<double>(costs.model.units[unit].size(tensor));
      counted[unit] = true;
    }
    if (split && tensor > 1) {
      const bool first = k == 0, last = k + 1 == costs.model.layers.size();
      const double times = first || last ? 1 : 2;
      const double parts = sequence ? static_cast<double>(tensor) : 1;  // sizes are of a part of the rows
      cost.forward_sums = last ? 0 : times * parts * static_cast<double>(sizes.output);
      cost.backward_sums = first ? 0 : times * parts * static_cast<double>(sizes.input);
    }
    costs.layers.push_back(cost);
  }
  return costs;
}

/// Of `bytes` summed over `members` ranks: each sends 2 (n - 1) / n of them, in 2 log n rounds (recursive
/// halving and doubling), scaled from the group that was measured.
double all_reduce_s(const Speeds& speeds, double bytes, std::size_t members) {
  if (members < 2) return 0;
  const auto volume = [](std::size_t n) { return static_cast<double>(n - 1) / static_cast<double>(n); };
  const auto rounds = [](std::size_t n) { return std::log2(static_cast<double>(n)); };
  const std::size_t measured = std::max<std::size_t>(2, speeds.reduced_by);
  return speeds.all_reduce.latency_s * rounds(members) / rounds(measured) +
         (speeds.all_reduce.bytes_per_s > 0
              ? bytes / speeds.all_reduce.bytes_per_s * volume(members) / volume(measured)
              : 0);
}

struct Stage {
  std::vector<double> forward, backward;  ///< seconds of each chunk for a micro-batch
  double sums = 0;                        ///< of them, those of the tensor group, both ways
  double parameters = 0;
  double flops_s = 0;  ///< computing alone, both ways
};

void add_chunk(Stage& stage, const Costs& costs, const LayerRange& range, const Parallel& parallel,
               const Speeds& speeds) {
  double compute = 0, forward_sums = 0, backward_sums = 0;
  for (std::size_t k = range.first; k < range.last; ++k) {
    const LayerCost& layer = costs.layers[k];
    compute += layer.flops / speeds.flops;
    forward_sums += all_reduce_s(speeds, layer.forward_sums, parallel.tensor);
    backward_sums += all_reduce_s(speeds, layer.backward_sums, parallel.tensor);
    stage.parameters += layer.parameters;
  }
  if (parallel.recompute) backward_sums += forward_sums;
  const double backward = (parallel.recompute ? 3 : 2) * compute;
  stage.forward.push_back(compute + forward_sums);
  stage.backward.push_back(backward + backward_sums);
  stage.sums += forward_sums + backward_sums;
  stage.flops_s += compute + backward;
}

std::vector<Stage> stages_of(const Costs& costs, const Parallel& parallel, const Speeds& speeds) {
  const Stages layers(costs.model, parallel, costs.examples);
  std::vector<Stage> stages(parallel.pipeline);
  for (std::size_t number = 0; number < stages.size(); ++number)
    for (const LayerRange& range : layers.chunks(number))
      add_chunk(stages[number], costs, range, parallel, speeds);
  return stages;
}

/// Between data ranks, for a stage with `parameters` and `micro_batches` of it. ZeRO 1 sends what an
/// all-reduce does; 2 adds gradients up after each micro-batch; 3 gathers parameters for each pass.
double reduce_seconds(const Plan& plan, const Stage& stage, std::size_t micro_batches, const Speeds& speeds) {
  const std::size_t members = plan.parallel.data;
  if (members < 2) return 0;
  const double whole = all_reduce_s(speeds, 4 * stage.parameters, members);  // a half each: scatter, gather
  const auto batches = static_cast<double>(micro_batches);
  double total = whole;
  if (plan.parallel.zero == 2) total = whole / 2 * batches + whole / 2;
  if (plan.parallel.zero == 3) total = whole / 2 * batches * (plan.parallel.recompute ? 4 : 3);
  double last = 0;  // the passes behind which it may hide
  for (const double seconds : stage.backward) last += seconds;
  const double window = plan.parallel.zero >= 2 ? stage.flops_s * batches : last;
  return std::max(total - window, total * (1 - speeds.overlap));
}

void estimate(Plan& plan, const Costs& costs, const Speeds& speeds) {
  const Parallel& parallel = plan.parallel;
  const std::size_t micro_batches = plan.shards / parallel.data;
  const auto stages = stages_of(costs, parallel, speeds);
  std::vector<std::vector<double>> forward, backward;
  double message = 0;
  for (const Stage& stage : stages) {
    forward.push_back(stage.forward);
    backward.push_back(stage.backward);
  }
  if (parallel.pipeline > 1) message = speeds.send.seconds(costs.layers.front().output_bytes);
  const double passes = pipeline_seconds(forward, backward, message, micro_batches);
  const auto batches = static_cast<double>(micro_batches);
  for (const Stage& stage : stages) {
    const double busy = stage.flops_s * batches;
    if (busy > plan.compute_s) {
      plan.compute_s = busy;
      plan.tensor_s = stage.sums * batches;
    }
    plan.reduce_s = std::max(plan.reduce_s, reduce_seconds(plan, stage, micro_batches, speeds));
    const double kept =
        parallel.zero > 0 ? stage.parameters / static_cast<double>(parallel.data) : stage.parameters;
    if (speeds.updates_per_s > 0) plan.update_s = std::max(plan.update_s, kept / speeds.updates_per_s);
  }
  plan.bubble_s = std::max(0.0, passes - plan.compute_s - plan.tensor_s);
  plan.step_s = plan.compute_s + plan.bubble_s + plan.tensor_s + plan.reduce_s + plan.update_s;
}

/// All choices for a mesh of `ranks`, possible or not.
std::vector<Plan> candidates(const PlanQuestion& question) {
  std::vector<Plan> all;
  const auto add = [&](Parallel parallel) {
    for (const std::size_t shards : question.shards) {
      for (const bool recompute : {false, true}) {
        parallel.recompute = recompute;
        all.push_back({.parallel = parallel, .shards = shards});
      }
    }
  };
  for (std::size_t tensor = 1; tensor <= question.ranks; ++tensor) {
    for (std::size_t pipeline = 1; pipeline <= question.ranks / tensor; ++pipeline) {
      if (question.ranks % (tensor * pipeline) != 0) continue;
      const std::size_t data = question.ranks / tensor / pipeline;
      for (std::size_t zero = 0; zero <= (data > 1 ? question.zero_max : 0); ++zero)
        for (std::size_t interleave = 1; interleave <= (pipeline > 1 ? 4 : 1); interleave *= 2)
          for (int sequence = 0; sequence <= (tensor > 1 ? 1 : 0); ++sequence)
            add({.data = data,
                 .tensor = tensor,
                 .pipeline = pipeline,
                 .zero = zero,
                 .interleave = interleave,
                 .sequence = sequence == 1});
    }
  }
  return all;
}

/// Larger is less plain; decides between equals.
std::size_t devices_used(const Parallel& p) {
  return p.zero + 4 * (p.interleave - 1) + (p.recompute ? 8 : 0) + (p.sequence ? 1 : 0) + 2 * (p.tensor - 1) +
         (p.pipeline - 1);
}

void judge(Plan& plan, const PlanQuestion& question, const Speeds& speeds) {
  if (plan.shards == 0 || question.batch % plan.shards != 0)
    throw InputError(fmt::format("{} examples cannot be cut in {} shards", question.batch, plan.shards));
  const std::size_t examples = question.batch / plan.shards;
  const Costs costs = costs_of(question, plan.parallel.tensor, plan.parallel.sequence, examples);
  check(plan.parallel, plan.shards, costs.layers.size());
  estimate(plan, costs, speeds);
  if (!question.memory) return;
  for (std::size_t stage = 0; stage < plan.parallel.pipeline; ++stage) {
    const Memory memory = question.memory(costs.model, plan.parallel, stage, plan.shards, examples);
    plan.memory_bytes = std::max(plan.memory_bytes, static_cast<double>(memory.total()));
  }
  if (question.memory_bytes > 0 && plan.memory_bytes > question.memory_bytes)
    plan.refused = fmt::format("needs {:.1f} MiB a rank of {:.1f}", plan.memory_bytes / 1048576,
                               question.memory_bytes / 1048576);
}

}  // namespace

double pipeline_seconds(std::span<const std::vector<double>> forward_s,
                        std::span<const std::vector<double>> backward_s, double message_s,
                        std::size_t micro_batches) {
  const std::size_t stages = forward_s.size(), chunks = forward_s[0].size(), parts = stages * chunks;
  std::vector<std::vector<Action>> actions;
  for (std::size_t s = 0; s < stages; ++s)
    actions.push_back(pipeline_actions(s, stages, chunks, micro_batches));
  // When what passes need is there: the output of the part before, the slopes of the part behind.
  constexpr double kNever = -1;
  std::vector<std::vector<double>> ready[2];
  for (auto& way : ready) way.assign(parts, std::vector<double>(micro_batches, kNever));
  std::fill(ready[0][0].begin(), ready[0][0].end(), 0.0);
  std::vector<double> now(stages, 0.0);
  std::vector<std::size_t> next(stages, 0);
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t s = 0; s < stages; ++s) {
      for (; next[s] < actions[s].size(); ++next[s]) {
        const Action& action = actions[s][next[s]];
        const bool back = action.kind == Action::Kind::backward;
        const std::size_t part = action.chunk * stages + s;
        const double from = ready[back ? 1 : 0][part][action.micro_batch];
        if (from == kNever) break;
        now[s] = std::max(now[s], from) + (back ? backward_s : forward_s)[s][action.chunk];
        const double arrives = now[s] + (stages > 1 ? message_s : 0);
        if (!back && part + 1 < parts) ready[0][part + 1][action.micro_batch] = arrives;
        if (!back && part + 1 == parts) ready[1][part][action.micro_batch] = now[s];
        if (back && part > 0) ready[1][part - 1][action.micro_batch] = arrives;
        moved = true;
      }
    }
  }
  return *std::max_element(now.begin(), now.end());
}

std::vector<Plan> make_plans(const PlanQuestion& question, const Speeds& speeds) {
  if (!question.make || question.ranks == 0 || question.shards.empty() || !(speeds.flops > 0))
    throw InputError("train: a plan needs a model, one rank or more, shards and a measured rate");
  std::vector<Plan> plans = candidates(question);
  for (Plan& plan : plans) {
    try {
      judge(plan, question, speeds);
    } catch (const InputError& error) {
      plan.refused = error.what();
    }
  }
  std::stable_sort(plans.begin(), plans.end(), [](const Plan& a, const Plan& b) {
    if (a.refused.empty() != b.refused.empty()) return a.refused.empty();
    if (!a.refused.empty()) return false;
    if (std::abs(a.step_s - b.step_s) > 1e-9 * std::max(a.step_s, b.step_s)) return a.step_s < b.step_s;
    return devices_used(a.parallel) < devices_used(b.parallel);
  });
  return plans;
}

}  // namespace rankine::train
