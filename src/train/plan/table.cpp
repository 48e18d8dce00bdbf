// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include <rankine/train/plan.hpp>

namespace rankine::train {

namespace {

/// On what the plan spends most more than the best one.
std::string why_slower(const Plan& plan, const Plan& best) {
  struct Part {
    double seconds;
    const char* words;
  };
  const std::array<Part, 5> parts{{{plan.compute_s - best.compute_s, "more computing a rank"},
                                   {plan.bubble_s - best.bubble_s, "stages wait for each other"},
                                   {plan.tensor_s - best.tensor_s, "sums within layers"},
                                   {plan.reduce_s - best.reduce_s, "sums of gradients and parameters"},
                                   {plan.update_s - best.update_s, "a larger update a rank"}}};
  const auto most = std::max_element(parts.begin(), parts.end(),
                                     [](const Part& a, const Part& b) { return a.seconds < b.seconds; });
  if (plan.step_s <= best.step_s * (1 + 1e-6)) return "as fast, with more means";
  return fmt::format("{} (+{:.2f} ms)", most->words, 1e3 * most->seconds);
}

/// The reason without its numbers' details, for counting.
std::string short_reason(const std::string& reason) {
  return reason.substr(0, reason.find(" (the mesh is"));
}

}  // namespace

std::string plan_table(std::span<const Plan> plans, std::size_t most) {
  const auto can = static_cast<std::size_t>(
      std::count_if(plans.begin(), plans.end(), [](const Plan& plan) { return plan.refused.empty(); }));
  std::string text = fmt::format("{} of {} meshes can be; times of a step in ms, memory of a rank in MiB\n",
                                 can, plans.size());
  text += fmt::format("{:>8} {:>8} {:>7} {:>7} {:>7} {:>7} {:>8}  {}\n", "step", "compute", "bubble",
                      "tensor", "reduce", "update", "memory", "mesh, and why");
  for (std::size_t k = 0; k < std::min(can, most); ++k) {
    const Plan& plan = plans[k];
    text +=
        fmt::format("{:>8.2f} {:>8.2f} {:>7.2f} {:>7.2f} {:>7.2f} {:>7.2f} {:>8.1f}  {}, shards {}: {}\n",
                    1e3 * plan.step_s, 1e3 * plan.compute_s, 1e3 * plan.bubble_s, 1e3 * plan.tensor_s,
                    1e3 * plan.reduce_s, 1e3 * plan.update_s, plan.memory_bytes / 1048576,
                    describe(plan.parallel), plan.shards, k == 0 ? "fastest" : why_slower(plan, plans[0]));
  }
  if (can > most) text += fmt::format("{} slower ones are not shown\n", can - most);
  std::map<std::string, std::size_t> reasons;
  for (const Plan& plan : plans.subspan(can)) ++reasons[short_reason(plan.refused)];
  for (const auto& [reason, count] : reasons) text += fmt::format("left out, {}: {}\n", count, reason);
  return text;
}

}  // namespace rankine::train
