// SPDX-License-Identifier: Apache-2.0
#include "train_plan.hpp"

#include <algorithm>
#include <bit>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <rankine/rankine.hpp>
#include <rankine/train/plan.hpp>

namespace train_app {

namespace rk = rankine;

namespace {

/// Of one shard's passes and of what the members tell each other, on all of them at once.
train::Speeds measure(rk::Gang& gang, const Job& job, const std::uint64_t& examples,
                      const std::uint64_t& targets) {
  train::Parallel replicas;
  replicas.data = static_cast<std::size_t>(gang.size());
  nn::TensorGroup alone;
  nn::Threads threads(std::max<std::size_t>(1, static_cast<std::size_t>(rk::resources().cpus)));
  const auto host = nn::make_host_device(threads);
  nn::Model model = job.model(alone, {}, *host);
  if (gang.size() == 1) return train::measure_computing(model, examples, targets, threads);
  train::Mesh mesh(replicas, gang);
  return train::measure_speeds(mesh.data(), model, examples, targets, threads);
}

}  // namespace

int plan(const Settings& settings, int workers) {
  const train::BatchShape& shape = settings.options.shape;
  const int ranks = static_cast<int>(std::bit_floor(static_cast<unsigned>(std::max(1, workers))));
  const std::uint64_t examples = shape.each();
  const std::uint64_t targets = settings.job.is_gpt() ? settings.job.gpt.context : 1;
  const double cpus = static_cast<double>(std::max<std::size_t>(1, settings.options.threads));
  const train::Speeds speeds =
      rk::submit_gang<measure>({.ranks = ranks, .per_rank = {.cpus = cpus}}, settings.job, examples, targets)
          .get();
  nn::Threads one;
  const auto host = nn::make_host_device(one);
  train::PlanQuestion question;
  question.make = [&](nn::TensorGroup& group, bool sequence) {
    train::Parallel parallel;
    parallel.tensor = group.size();
    parallel.sequence = sequence;
    return settings.job.model(group, parallel, *host);
  };
  question.ranks = static_cast<std::size_t>(ranks);
  question.batch = shape.batch;
  question.shards = {shape.shards};
  question.memory = train::memory_formula;
  const std::vector<train::Plan> plans = train::make_plans(question, speeds);
  std::cout << train::plan_table(plans) << '\n';
  nlohmann::ordered_json json;
  json["app"] = "train";
  json["plan"] = nullptr;
  if (!plans.empty() && plans.front().refused.empty()) {
    const train::Plan& best = plans.front();
    json["plan"] = {{"data_parallel", best.parallel.data},         {"tensor_parallel", best.parallel.tensor},
                    {"pipeline_parallel", best.parallel.pipeline}, {"zero", best.parallel.zero},
                    {"interleave", best.parallel.interleave},      {"step_seconds", best.step_s},
                    {"memory_mib", best.memory_bytes / 1048576}};
  }
  json["meshes"] = plans.size();
  json["workers"] = ranks;
  std::cout << json.dump() << std::endl;
  return 0;
}

}  // namespace train_app
