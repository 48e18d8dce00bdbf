// SPDX-License-Identifier: Apache-2.0
// DD-PPO's pre-emption between four members, one of which steps slowly: its rollouts are ended early, the
// others' are not, and training goes on to its end; also with two members. What an environment throws ends
// the run, in the middle of a rollout. Run with 5 ranks.
#include <atomic>
#include <chrono>
#include <cmath>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include <rankine/rankine.hpp>
#include <rankine/rl/train.hpp>
#include <rankine/rl/vectorise.hpp>

#include "rl/placement/gang_exchange.hpp"

namespace rk = rankine;
namespace rl = rankine::rl;

namespace {

using namespace std::chrono_literals;

constexpr int kSteps = 64;  // of a rollout

struct Corridor {
  static constexpr int kObservations = 1;
  static constexpr int kActions = 2;
  static constexpr int kStepsMax = 20;
  int place = 0;
  void reset(rk::Philox&) { place = 0; }
  rl::Outcome step(int action, rk::Philox&) {
    place += action == 1 ? 1 : -1;
    return {.reward = -1.0, .terminated = place == 3};
  }
  void observe(std::span<float> out) const { out[0] = static_cast<float>(place); }
};

struct SlowCorridor : Corridor {
  rl::Outcome step(int action, rk::Philox& random) {
    std::this_thread::sleep_for(2ms);
    return Corridor::step(action, random);
  }
};

/// The first one in a process throws once.
struct FallingCorridor : SlowCorridor {
  rl::Outcome step(int action, rk::Philox& random) {
    static std::atomic<int> steps = 0;
    if (++steps == 20) throw std::runtime_error("the corridor fell in");
    return SlowCorridor::step(action, random);
  }
};

/// One environment a shard; that of the last shard is another one.
template <class Last, int kLast>
std::unique_ptr<rl::VectorEnvironment> corridors(const rl::VectorOptions& options) {
  return options.first_index == kLast ? rl::vectorise<Last>(options) : rl::vectorise<Corridor>(options);
}

int failures = 0;  // of the driver, which is one thread of one process

void expect(bool right, const std::string& what) {
  if (right) return;
  ++failures;
  std::cerr << "preemption: failed: " << what << '\n';
}

rl::TrainOptions options_for(const std::string& environment, int members, double preempt, int updates) {
  rl::PpoConfig config;
  config.environments = config.shards = members;
  config.steps = kSteps;
  config.minibatch = kSteps * members / 2;
  config.epochs = 2;
  config.hidden = {8};
  config.steps_total = static_cast<std::int64_t>(updates) * kSteps * members;
  rl::TrainOptions options;
  options.config = config;
  options.environment = environment;
  options.workers = members;
  options.preempt = preempt;
  return options;
}

/// How many updates had less than whole rollouts; each of them with one short one, of a quarter at least.
int short_updates(const rl::Trained& trained, int members) {
  int found = 0;
  std::int64_t before = 0;
  for (const rl::UpdateReport& report : trained.curve) {
    const std::int64_t lacking = kSteps * members - (report.steps - before);
    before = report.steps;
    found += lacking > 0 ? 1 : 0;
    expect(lacking >= 0 && lacking <= kSteps * 3 / 4, "one rollout is ended, and not in its first quarter");
    expect(std::isfinite(report.entropy) && std::isfinite(report.value_loss), "losses are numbers");
  }
  return found;
}

void check_training(const std::string& environment, int members) {
  const rl::Trained whole = rl::train(options_for(environment, members, 0, 3));
  expect(short_updates(whole, members) == 0, "without pre-emption no rollout is ended");
  const rl::TrainOptions options = options_for(environment, members, 0.6, 10);
  const rl::Trained trained = rl::train(options);
  const int found = short_updates(trained, members);
  std::cout << members << " members: " << found << " of " << trained.curve.size()
            << " updates with a rollout that was ended" << std::endl;
  expect(trained.workers == members, "all members take part");
  expect(found > 0, "the slow member's rollouts are ended");
  expect(trained.steps >= options.config.steps_total, "training goes on to its end");
}

/// What is sent to a member whose rollout threw is not taken by receives of its dead Preemption.
bool left_alone(rk::Gang& gang) {
  const MPI_Comm comm = gang.comm();
  constexpr int kReadyTag = 2;
  int found = 1;
  if (gang.rank() == 1) {
    rl::placement::Preemption preemption(gang, 0.5, kSteps);
    preemption.begin();
  }
  MPI_Barrier(comm);
  char mark = 1;
  if (gang.rank() == 0) MPI_Send(&mark, 1, MPI_CHAR, 1, kReadyTag, comm);
  if (gang.rank() == 1) {
    found = 0;
    const auto until = std::chrono::steady_clock::now() + 5s;
    while (found == 0 && std::chrono::steady_clock::now() < until)
      MPI_Iprobe(0, kReadyTag, comm, &found, MPI_STATUS_IGNORE);
    if (found != 0) MPI_Recv(&mark, 1, MPI_CHAR, 0, kReadyTag, comm, MPI_STATUS_IGNORE);
  }
  int both = 0;
  MPI_Allreduce(&found, &both, 1, MPI_INT, MPI_MIN, comm);
  return both == 1;
}

/// What an environment throws ends the run at once: begun again it would not throw.
void check_exception() {
  try {
    rl::train(options_for("Falling", 4, 0.6, 6));
    expect(false, "what an environment throws ends the run");
  } catch (const rk::Error& error) {
    expect(std::string(error.what()).find("the corridor fell in") != std::string::npos, error.what());
  }
  const rl::Trained trained = rl::train(options_for("Falling", 4, 0.6, 6));
  expect(trained.steps >= 6 * 4 * kSteps, "the ranks train on after it");
}

void check_central() {
  rl::TrainOptions options = options_for("Slow4", 4, 0.6, 1);
  options.placement = rl::PpoPlacement::kCentral;
  try {
    rl::train(options);
    expect(false, "pre-emption of central rollouts is refused");
  } catch (const rk::InputError& error) {
    expect(std::string(error.what()).find("only decentralised") != std::string::npos, error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  rl::add_environment("Slow4", corridors<SlowCorridor, 3>);
  rl::add_environment("Slow2", corridors<SlowCorridor, 1>);
  rl::add_environment("Falling", corridors<FallingCorridor, 3>);
  rk::Runtime runtime(argc, argv);
  return runtime.run([&runtime] {
    if (runtime.size() != 5) {
      std::cerr << "preemption: run with 5 ranks\n";
      return 1;
    }
    expect(rk::submit_gang<left_alone>({.ranks = 2}).get(), "a dead member's receives are taken back");
    check_training("Slow4", 4);
    check_training("Slow2", 2);
    check_exception();
    check_central();
    return failures == 0 ? 0 : 1;
  });
}
