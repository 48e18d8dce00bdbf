// SPDX-License-Identifier: Apache-2.0
// Runs the fake cluster for many seeds. On failure it prints the seed with which it can be repeated:
//   simulate --first 4711 --seeds 1 --trace
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "fake_cluster.hpp"

namespace {

using rankine::simulation::FakeCluster;
using rankine::simulation::Settings;

struct Options {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;
  int workers = 0;
  int driver_steps = 0;
  bool trace = false;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const auto number = [&] { return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0; };
    if (std::strcmp(argv[i], "--first") == 0) {
      options.first = number();
    } else if (std::strcmp(argv[i], "--seeds") == 0) {
      options.seeds = number();
    } else if (std::strcmp(argv[i], "--workers") == 0) {
      options.workers = static_cast<int>(number());
    } else if (std::strcmp(argv[i], "--driver-steps") == 0) {
      options.driver_steps = static_cast<int>(number());
    } else if (std::strcmp(argv[i], "--trace") == 0) {
      options.trace = true;
    } else {
      std::fprintf(stderr, "unknown option %s; there are --first --seeds --workers --driver-steps --trace\n",
                   argv[i]);
      std::exit(2);
    }
  }
  return options;
}

Settings settings_of(const Options& options, std::uint64_t seed) {
  rankine::Philox random(seed, 1);
  Settings settings;
  settings.seed = seed;
  settings.workers = options.workers > 0 ? options.workers : static_cast<int>(1 + random.below(6));
  settings.ranks_a_node = static_cast<int>(1 + random.below(3));
  settings.driver_steps =
      options.driver_steps > 0 ? options.driver_steps : static_cast<int>(4 + random.below(18));
  if (options.driver_steps == 0 && seed % 16 == 0) settings.driver_steps *= 8;  // queues need many tasks
  const double mood = random.uniform();
  settings.death = mood < 0.3 ? 0 : mood < 0.8 ? 0.001 : 0.005;
  settings.node_death = random.uniform() < 0.5 ? 0 : 0.001;
  settings.drains = seed % 7 == 3;
  settings.check_every_step = settings.workers < 100;
  settings.trace = options.trace;
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  if (options.seeds == 0) return 2;
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t events = 0;
  std::uint64_t tasks = 0;
  std::uint64_t retried = 0;
  std::uint64_t gang_attempts = 0;
  std::uint64_t gangs_run = 0;
  std::uint64_t actor_starts = 0;
  std::uint64_t restores = 0;
  std::uint64_t fulfilled = 0;
  std::uint64_t loans = 0;
  for (std::uint64_t seed = options.first; seed < options.first + options.seeds; ++seed) {
    try {
      FakeCluster cluster(settings_of(options, seed));
      cluster.run();
      events += cluster.events();
      tasks += cluster.final_counts().submitted;
      retried += cluster.final_counts().retried;
      gang_attempts += cluster.gang_attempts();
      gangs_run += cluster.gangs_run();
      actor_starts += cluster.actor_starts();
      restores += cluster.restores();
      fulfilled += cluster.fulfilled();
      loans += cluster.loans();
    } catch (const std::exception& error) {
      std::printf("FAILED with seed %llu: %s\n", static_cast<unsigned long long>(seed), error.what());
      return 1;
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%llu seeds, %llu events, %llu tasks, %llu retried, %.1f s\n",
              static_cast<unsigned long long>(options.seeds), static_cast<unsigned long long>(events),
              static_cast<unsigned long long>(tasks), static_cast<unsigned long long>(retried), seconds);
  std::printf("%llu attempts of gangs, of which %llu ran; %llu starts of actors, %llu from a checkpoint\n",
              static_cast<unsigned long long>(gang_attempts), static_cast<unsigned long long>(gangs_run),
              static_cast<unsigned long long>(actor_starts), static_cast<unsigned long long>(restores));
  std::printf("%llu promises fulfilled, %llu refs lent\n", static_cast<unsigned long long>(fulfilled),
              static_cast<unsigned long long>(loans));
  return events > 0 ? 0 : 1;
}
