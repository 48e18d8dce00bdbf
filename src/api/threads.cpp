// SPDX-License-Identifier: Apache-2.0
// Ranks as threads of one process over the loopback transport: what unit tests run on.
#include <exception>
#include <optional>
#include <thread>
#include <vector>

#include <unistd.h>

#include <rankine/core/error.hpp>
#include <rankine/runtime.hpp>

#include "api/settings.hpp"
#include "runtime/engine.hpp"
#include "store/store.hpp"
#include "transport/loopback.hpp"

namespace rankine {

namespace {

runtime::Topology thread_topology(int ranks, int rank) {
  runtime::Topology topology;
  topology.rank = Rank{rank};
  topology.host = "thread";
  for (int r = 0; r < ranks; ++r) {
    topology.places.push_back({NodeId{0}, static_cast<std::uint32_t>(r), 1, getpid()});
  }
  return topology;
}

runtime::EngineSettings thread_settings(int ranks, const RuntimeOptions& options,
                                        runtime::AwakeCount& awake) {
  runtime::EngineSettings settings = settings_of(options);
  settings.node_cpus = static_cast<std::int32_t>(std::thread::hardware_concurrency());
  settings.awake = &awake;
  settings.workers.resize(static_cast<std::size_t>(ranks));
  for (scheduler::Resources& r : settings.workers) {
    r.cpus = Amount(1.0);
    r.memory_gib = Amount(1.0);
  }
  return settings;
}

}  // namespace

int run_as_threads(int ranks, const RuntimeOptions& options, const std::function<void()>& driver) {
  if (ranks < 1) throw InputError("rankine: run_as_threads needs at least one rank");
  const std::size_t arena_bytes = options.arena_bytes != 0 ? options.arena_bytes : std::size_t{256} << 20;
  transport::LoopbackHub hub(ranks);
  runtime::AwakeCount awake{};
  Arena first(Segment::create(arena_bytes), 0);
  std::vector<std::unique_ptr<Store>> stores(static_cast<std::size_t>(ranks));
  for (int r = 1; r < ranks; ++r) {
    Arena arena(Segment::open(first.segment().path(), arena_bytes), r);
    stores[static_cast<std::size_t>(r)] = std::make_unique<Store>(std::move(arena), NodeId{0});
  }
  first.segment().unlink();
  stores[0] = std::make_unique<Store>(std::move(first), NodeId{0});

  std::exception_ptr failure;
  const auto run_rank = [&](int rank) {
    const std::unique_ptr<transport::Transport> endpoint = hub.endpoint(Rank{rank});
    runtime::Engine engine(thread_topology(ranks, rank), *endpoint, *stores[static_cast<std::size_t>(rank)],
                           thread_settings(ranks, options, awake));
    if (rank > 0) {
      engine.run_worker();
      return;
    }
    try {
      engine.run_driver([&driver] {
        driver();
        return 0;
      });
    } catch (...) {
      failure = std::current_exception();
    }
  };
  std::vector<std::thread> workers;
  for (int r = 1; r < ranks; ++r) workers.emplace_back(run_rank, r);
  run_rank(0);
  for (std::thread& worker : workers) worker.join();
  if (failure != nullptr) std::rethrow_exception(failure);
  return 0;
}

}  // namespace rankine
