// SPDX-License-Identifier: Apache-2.0
// rankine-bench-rl: steps a second of the classic environments on one core, as learners get them: float64
// state, resets, done flags, rewards and float32 observations, random actions. No mpirun. rankine-bench-rl
// [--json FILE] [--quick] [--filter REGEX]
#include <CLI/CLI.hpp>

#include <rankine/core/philox.hpp>
#include <rankine/rl/vector_environment.hpp>

#include "suite.hpp"

using namespace rankine::bench;

namespace {

namespace rl = rankine::rl;

constexpr int kCount = 512;  // environments, whose state fits into the first cache
constexpr int kActionSets = 16;

struct Stepping {
  std::unique_ptr<rl::VectorEnvironment> environments;
  rl::StepBuffer buffer;
  std::vector<std::int32_t> discrete;
  std::vector<float> continuous;

  explicit Stepping(const std::string& name)
      : environments(rl::make_environment(name, {.count = kCount})),
        buffer(kCount, environments->spaces().observations) {
    rankine::Philox random(1, 0);
    const rl::Spaces& spaces = environments->spaces();
    for (int i = 0; i < kActionSets * kCount; ++i) {
      if (spaces.discrete())
        discrete.push_back(static_cast<std::int32_t>(random.below(spaces.actions)));
      else
        continuous.push_back(static_cast<float>(2 * random.uniform() - 1));
    }
    environments->reset(1, buffer.view().observations);
  }

  void run(int steps) {
    const rl::StepResult result = buffer.view();
    for (int t = 0; t < steps; ++t) {
      const std::size_t from = static_cast<std::size_t>(t % kActionSets) * kCount;
      rl::Actions actions;
      if (!discrete.empty())
        actions.discrete = std::span(discrete).subspan(from, kCount);
      else
        actions.continuous = std::span(continuous).subspan(from, kCount);
      environments->step(actions, result);
    }
  }

  /// Whether an episode ends within `steps` steps.
  bool ends_within(int steps) {
    for (int t = 0; t < steps; ++t) {
      run(1);
      for (int i = 0; i < kCount; ++i) {
        if (buffer.view().terminated[i] + buffer.view().truncated[i] == 1) return true;
      }
    }
    return false;
  }
};

void add_environment(Suite& suite, const std::string& name, int steps, std::optional<double> target) {
  suite.figure(name + "_steps",
               [=] {
                 Stepping stepping(name);
                 require(stepping.ends_within(1000), "no episode ended");
                 std::vector<double> rates;
                 for (int i = 0; i < 7; ++i) {
                   const double seconds = seconds_of([&] { stepping.run(steps); });
                   rates.push_back(static_cast<double>(steps) * kCount / seconds);
                 }
                 return rate_row("1/s", rates);
               },
               {{}, "", target});
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine command_line;
  CLI::App app{"Steps of reinforcement learning's environments on one core. Run without mpirun."};
  command_line.add_to(app);
  if (const auto code = parse(app, argc, argv, true)) return *code;
  const int scale = command_line.quick ? 1 : 10;
  Suite suite(command_line, 1);
  add_environment(suite, "CartPole-v1", 20000 * scale, 5e8);
  add_environment(suite, "MountainCar-v0", 5000 * scale, {});
  add_environment(suite, "MountainCarContinuous-v0", 5000 * scale, {});
  add_environment(suite, "Pendulum-v1", 5000 * scale, {});
  add_environment(suite, "Acrobot-v1", 1000 * scale, {});
  return report(suite, command_line);
}
