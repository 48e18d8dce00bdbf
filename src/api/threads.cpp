// SPDX-License-Identifier: Apache-2.0
// Ranks as threads of one process over the loopback transport: what unit tests run on.
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>
#include <rankine/runtime.hpp>

#include "api/ending.hpp"
#include "api/settings.hpp"
#include "runtime/engine.hpp"
#include "runtime/run_status.hpp"
#include "store/store.hpp"
#include "transport/loopback.hpp"

namespace rankine {

namespace {

runtime::Topology thread_topology(const PretendedNodes& nodes, int rank) {
  runtime::Topology topology;
  topology.rank = Rank{rank};
  topology.host = "thread";
  for (int r = 0; r < nodes.nodes * nodes.ranks_per_node; ++r) {
    topology.places.push_back({NodeId{r / nodes.ranks_per_node},
                               static_cast<std::uint32_t>(r % nodes.ranks_per_node), 1, getpid()});
  }
  return topology;
}

/// Reads the arenas of the other pretended nodes, which are in this process, too.
class ThreadReader final : public RemoteReader {
 public:
  using Arenas = std::vector<std::span<const std::byte>>;
  explicit ThreadReader(std::shared_ptr<const Arenas> arenas) : arenas_(std::move(arenas)) {}
  void read(NodeId node, std::uint64_t offset, std::span<std::byte> into) override {
    const auto from = arenas_->at(static_cast<std::size_t>(index(node))).subspan(offset, into.size());
    std::memcpy(into.data(), from.data(), from.size());
  }

 private:
  std::shared_ptr<const Arenas> arenas_;
};

/// The stores of all ranks, by rank; one arena a node.
std::vector<std::unique_ptr<Store>> open_stores(const PretendedNodes& nodes, const RuntimeOptions& options) {
  const std::size_t bytes = options.arena_bytes != 0 ? options.arena_bytes : std::size_t{256} << 20;
  const std::string disk = spill_directory_of(options);
  const auto arenas = std::make_shared<ThreadReader::Arenas>();
  const auto reader = [&] {
    return nodes.remote_reads ? std::make_unique<ThreadReader>(arenas) : std::unique_ptr<ThreadReader>();
  };
  std::vector<std::unique_ptr<Store>> stores;
  for (int n = 0; n < nodes.nodes; ++n) {
    const NodeId node{n};
    Arena first(Segment::create(bytes), 0);
    const std::string path = first.segment().path();
    arenas->push_back(first.memory());
    const std::size_t at = stores.size();
    stores.emplace_back();
    for (int slot = 1; slot < nodes.ranks_per_node; ++slot) {
      stores.push_back(
          std::make_unique<Store>(Arena(Segment::open(path, bytes), slot), node, reader(), disk));
    }
    first.segment().unlink();
    stores[at] = std::make_unique<Store>(std::move(first), node, reader(), disk);
  }
  return stores;
}

runtime::EngineSettings thread_settings(int ranks, const RuntimeOptions& options, runtime::AwakeCount& awake,
                                        Time start) {
  runtime::EngineSettings settings = settings_of(options, start);
  runtime::WallTimeFacts facts_of_end;
  facts_of_end.option = options.walltime.count();
  facts_of_end.option_margin = options.walltime_margin.count();
  facts_of_end.start = facts_of_end.now = start;
  const runtime::WallTime wall = runtime::decide_wall_time(facts_of_end);
  settings.end.wall_end = wall.end;
  settings.end.plan = runtime::plan_for(wall);
  settings.head.deadline = settings.end.plan.cut;
  if (!settings.run_directory.empty())
    settings.run_directory = runtime::prepare_run_directory(settings.run_directory);
  settings.node_cpus = static_cast<std::int32_t>(std::thread::hardware_concurrency());
  settings.awake = &awake;
  runtime::GrantWishes wishes = settings.wishes;
  if (wishes.cpus == 0) wishes.cpus = 1;
  runtime::NodeFacts facts;
  facts.ranks.resize(1);
  facts.memory_bytes = std::uint64_t{1} << 30;
  const runtime::Grant granted = runtime::grant(facts, {}, wishes);  // threads all get the same
  settings.workers.assign(static_cast<std::size_t>(ranks), granted.resources);
  settings.gpus = granted.gpus;
  return settings;
}

}  // namespace

int run_as_threads(int ranks, const RuntimeOptions& options, const std::function<void()>& driver) {
  return run_as_threads(PretendedNodes{1, ranks, false}, options, driver);
}

int run_as_threads(const PretendedNodes& nodes, const RuntimeOptions& options,
                   const std::function<void()>& driver) {
  const int ranks = nodes.nodes * nodes.ranks_per_node;
  if (ranks < 1) throw InputError("rankine: run_as_threads needs at least one rank");
  transport::LoopbackHub hub(ranks);
  runtime::AwakeCount awake{};
  const std::vector<std::unique_ptr<Store>> stores = open_stores(nodes, options);

  std::exception_ptr failure;
  const Time start = now();
  int code = 0;
  const auto run_rank = [&](int rank) {
    const std::unique_ptr<transport::Transport> endpoint = hub.endpoint(Rank{rank});
    runtime::Engine engine(thread_topology(nodes, rank), *endpoint, *stores[static_cast<std::size_t>(rank)],
                           thread_settings(ranks, options, awake, start));
    if (rank > 0) {
      engine.run_worker();
      return;
    }
    try {
      engine.run_driver([&driver] {
        driver();
        return 0;
      });
      if (engine.stopped().early) code = Ending::code_of_drained(run_directory_of(options));
    } catch (...) {
      failure = std::current_exception();
    }
  };
  std::vector<std::thread> workers;
  for (int r = 1; r < ranks; ++r) workers.emplace_back(run_rank, r);
  run_rank(0);
  for (std::thread& worker : workers) worker.join();
  if (failure != nullptr) std::rethrow_exception(failure);
  return code;
}

}  // namespace rankine
