// SPDX-License-Identifier: Apache-2.0
// Which meshes a plan lists, which it leaves out and why, and that times move as they must.
#include <algorithm>
#include <set>
#include <tuple>

#include <rankine/core/error.hpp>
#include <rankine/nn/gpt.hpp>
#include <rankine/train/plan.hpp>

#include "catch.hpp"

namespace nn = rankine::nn;
namespace train = rankine::train;
using train::Plan;

namespace {

train::PlanQuestion question(std::size_t ranks, std::vector<std::size_t> shards) {
  train::PlanQuestion question;
  question.make = [](nn::TensorGroup& group, bool sequence) {
    nn::GptConfig config;
    config.sequence_parallel = sequence;
    return nn::make_gpt(config, group);
  };
  question.ranks = ranks;
  question.batch = 16;
  question.shards = std::move(shards);
  return question;
}

train::Speeds speeds() {
  return {.flops = 50e9,
          .updates_per_s = 500e6,
          .send = {2e-6, 5e9},
          .all_reduce = {10e-6, 2e9},
          .reduced_by = 2,
          .overlap = 0.5};
}

using Mesh = std::tuple<std::size_t, std::size_t, std::size_t>;
Mesh mesh_of(const Plan& plan) {
  return {plan.parallel.data, plan.parallel.tensor, plan.parallel.pipeline};
}

const Plan& plan_of(const std::vector<Plan>& plans, const train::Parallel& parallel, std::size_t shards) {
  const auto found = std::find_if(plans.begin(), plans.end(), [&](const Plan& plan) {
    return plan.parallel == parallel && plan.shards == shards;
  });
  REQUIRE(found != plans.end());
  return *found;
}

/// Stages whose chunks together take 1 forward and 2 backward.
double equal_stages(std::size_t stages, std::size_t chunks, std::size_t micro_batches, double message = 0) {
  const auto share = 1.0 / static_cast<double>(chunks);
  const std::vector<std::vector<double>> forward(stages, std::vector<double>(chunks, share));
  const std::vector<std::vector<double>> backward(stages, std::vector<double>(chunks, 2 * share));
  return train::pipeline_seconds(forward, backward, message, micro_batches);
}

}  // namespace

TEST_CASE("a pipeline takes its passes and a bubble, which interleaving makes smaller") {
  CHECK(equal_stages(1, 1, 4) == Approx(12));
  CHECK(equal_stages(2, 1, 4) == Approx(15));  // (4 + 2 - 1) passes of 3
  CHECK(equal_stages(4, 1, 8) == Approx(33));
  CHECK(equal_stages(4, 2, 8) == Approx(24 + 4.5));  // half of the bubble of 9
  CHECK(equal_stages(2, 1, 4, 0.1) > 15.19);
  CHECK(equal_stages(2, 1, 4, 0.1) < 16);
}

TEST_CASE("a plan lists every mesh of the ranks once, with every choice") {
  const auto plans = train::make_plans(question(4, {8, 16}), speeds());
  std::set<Mesh> meshes;
  for (const Plan& plan : plans) meshes.insert(mesh_of(plan));
  const std::set<Mesh> expected{{4, 1, 1}, {2, 2, 1}, {2, 1, 2}, {1, 4, 1}, {1, 2, 2}, {1, 1, 4}};
  CHECK(meshes == expected);
  // zero 4 | zero 4 x sequence 2 | zero 4 x interleave 3 | sequence 2 | interleave 3 x sequence 2 |
  // interleave 3; each with and without recomputation, for two numbers of shards
  CHECK(plans.size() == 4 * (4 + 8 + 12 + 2 + 6 + 3));
  for (std::size_t a = 0; a < plans.size(); ++a)
    for (std::size_t b = a + 1; b < plans.size(); ++b)
      CHECK(!(plans[a].parallel == plans[b].parallel && plans[a].shards == plans[b].shards));
  const auto refused = [](const Plan& plan) { return !plan.refused.empty(); };
  CHECK(std::is_partitioned(plans.begin(), plans.end(), [&](const Plan& plan) { return !refused(plan); }));
  for (const Plan& plan : plans)
    CHECK((refused(plan) || plan.step_s == Approx(plan.compute_s + plan.bubble_s + plan.tensor_s +
                                                  plan.reduce_s + plan.update_s)));
}

TEST_CASE("what cannot be is left out with the reason") {
  const auto three = train::make_plans(question(3, {16}), speeds());
  CHECK(plan_of(three, {.data = 3}, 16).refused.find("power of two") != std::string::npos);
  CHECK(plan_of(three, {.tensor = 3}, 16).refused.find("must divide") != std::string::npos);
  CHECK(plan_of(three, {.pipeline = 3}, 16).refused.empty());
  CHECK(plan_of(three, {.pipeline = 3, .interleave = 4}, 16).refused.find("layers") != std::string::npos);
  CHECK(plan_of(train::make_plans(question(4, {2}), speeds()), {.data = 4}, 2).refused.find("raise shards") !=
        std::string::npos);
  auto tight = question(2, {16});
  tight.memory = [](const nn::Model& model, const train::Parallel& parallel, std::size_t, std::size_t,
                    std::size_t) {
    train::Memory memory;
    memory.optimiser = 8 * model.size() / (parallel.zero > 0 ? parallel.data : 1);
    return memory;
  };
  tight.memory_bytes = 5 << 20;
  const auto plans = train::make_plans(tight, speeds());
  CHECK(plan_of(plans, {.data = 2}, 16).refused.find("MiB a rank") != std::string::npos);
  CHECK(plan_of(plans, {.data = 2, .zero = 1}, 16).refused.empty());
  CHECK(plans.front().memory_bytes <= tight.memory_bytes);
}

TEST_CASE("times move as they must") {
  const auto before = train::make_plans(question(4, {8, 16}), speeds());
  auto slow = speeds();
  slow.all_reduce.bytes_per_s /= 10;
  const auto slower_sums = train::make_plans(question(4, {8, 16}), slow);
  slow = speeds();
  slow.flops /= 2;
  const auto slower_ranks = train::make_plans(question(4, {8, 16}), slow);
  for (const Plan& plan : before) {
    if (!plan.refused.empty()) continue;
    const Plan& sums = plan_of(slower_sums, plan.parallel, plan.shards);
    CHECK(sums.step_s >= plan.step_s);
    if (plan.parallel.data > 1) CHECK(sums.reduce_s > plan.reduce_s);
    if (plan.parallel.tensor > 1) CHECK(sums.tensor_s > plan.tensor_s);
    CHECK(plan_of(slower_ranks, plan.parallel, plan.shards).compute_s == Approx(2 * plan.compute_s));
  }
  const auto at = [&](const train::Parallel& parallel, std::size_t shards) {
    return plan_of(before, parallel, shards);
  };
  CHECK(at({.pipeline = 4}, 16).bubble_s < at({.pipeline = 4}, 8).bubble_s);
  CHECK(at({.data = 4, .recompute = true}, 8).compute_s == Approx(4.0 / 3 * at({.data = 4}, 8).compute_s));
  CHECK(at({.data = 4, .zero = 1}, 8).update_s == Approx(at({.data = 4}, 8).update_s / 4));
  CHECK(at({.data = 4, .zero = 3}, 16).reduce_s > at({.data = 4, .zero = 1}, 16).reduce_s);
}

TEST_CASE("the choice follows the machine") {
  auto links = speeds();
  links.all_reduce = {1e-6, 1e12};
  links.send = {1e-3, 1e6};
  CHECK(train::make_plans(question(4, {16}), links).front().parallel.pipeline == 1);
  links.all_reduce = {10e-3, 1e6};
  links.send = {1e-6, 1e10};
  CHECK(train::make_plans(question(4, {16}), links).front().parallel.pipeline == 4);
  CHECK(train::make_plans(question(1, {16}), links).front().parallel == train::Parallel{});
}

TEST_CASE("the table names the fastest, why others are slower and what was left out") {
  const auto plans = train::make_plans(question(4, {16}), speeds());
  const std::string table = train::plan_table(plans, 3);
  CHECK(table.find(train::describe(plans[0].parallel) + ", shards 16: fastest") != std::string::npos);
  CHECK(table.find("ms)") != std::string::npos);
  CHECK(table.find("slower ones are not shown") != std::string::npos);
  CHECK(table.find("left out, ") != std::string::npos);
  CHECK_THROWS_AS(train::make_plans({}, speeds()), rankine::InputError);
}

TEST_CASE("a rank's rates are measured on the model itself") {
  nn::TensorGroup alone;
  const nn::GptConfig config{.layers = 1, .heads = 2, .width = 64, .context = 32};
  nn::Model model = nn::make_gpt(config, alone);
  nn::Threads one;
  const train::Speeds measured = train::measure_computing(model, 2, config.context, one);
  CHECK(measured.flops > 1e7);
  CHECK(measured.flops < 1e13);
  CHECK(measured.updates_per_s > 1e5);
  CHECK(measured.all_reduce.bytes_per_s == 0);
}
