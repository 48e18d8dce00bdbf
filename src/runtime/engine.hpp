// SPDX-License-Identifier: Apache-2.0
// One rank at work: it owns the transport's endpoint, the store, the client, on rank 0 the head, where tasks
// run a worker, and makes them progress. Whoever waits makes progress on its own thread; a ticking thread
// answers mail while user code runs. Progress is made under one lock.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>

#include "runtime/client.hpp"
#include "runtime/head.hpp"
#include "runtime/remote_head.hpp"
#include "runtime/topology.hpp"
#include "runtime/worker.hpp"
#include "scheduler/types.hpp"
#include "store/store.hpp"
#include "transport/transport.hpp"

namespace rankine::runtime {

/// In memory that the ranks of a node share: how many of them want a CPU now. A rank spins only while there
/// is one for everybody awake.
struct alignas(64) AwakeCount {
  std::atomic<std::int32_t> ranks;
};

struct EngineSettings {
  std::uint64_t seed = 0;
  std::uint64_t arena_bytes = 0;  ///< of a node; 0: decided from what is free
  std::size_t inline_bytes = 4096;
  std::size_t stack_bytes = 1 << 20;
  std::int32_t node_cpus = 1;                 ///< that the ranks of this node may use together
  AwakeCount* awake = nullptr;                ///< shared by the node's ranks
  std::vector<scheduler::Resources> workers;  ///< on the head: of each rank, by rank
};

class Engine final : private Waiting, private transport::MailSink {
 public:
  Engine(const Topology& topology, transport::Transport& transport, Store& store,
         const EngineSettings& settings);
  ~Engine();

  /// Rank 0: runs the driver on this thread, waits until everything submitted has ended, then lets the others
  /// go. An exception of the driver is rethrown after the others were told to leave.
  int run_driver(const std::function<int()>& driver);
  /// Other ranks: executes until the head says that it is over. False if the head gave up (a failed driver).
  bool run_worker();

  detail::Context& context() { return *client_; }
  const Topology& topology() const { return topology_; }
  /// All ranks said goodbye (head only): the orderly end of the transport is possible.
  bool orderly() const { return goodbyes_ == topology_.size() - 1; }

 private:
  // Waiting
  std::mutex& progress_mutex() override { return mutex_; }
  TaskFrame& frame() override { return *frame_; }
  void block(Waiter& waiter, Nanoseconds timeout_ns, std::unique_lock<std::mutex>& lock) override;
  void wake(Waiter& waiter) override;
  void sent() override;
  void promote(ObjectId awaited) override;
  Statistics statistics() override;
  // MailSink
  void deliver(Rank source, std::span<const std::byte> message) override;

  /// Makes progress until done() holds or the time is over.
  template <class Done>
  void drive(Done done, Nanoseconds timeout_ns, std::unique_lock<std::mutex>& lock);
  std::size_t poll();
  bool run_pieces(std::unique_lock<std::mutex>& lock);
  bool keep_time(Time deadline);
  bool pause(Time idle_since, Time deadline, std::unique_lock<std::mutex>& lock);
  void end_timeouts(Time t);
  void ticking();
  void tick_once(std::uint64_t& last_polls);
  void unpark_ticker();
  void send_to_all(MessageType type, std::uint8_t flags);
  void say_goodbye(std::unique_lock<std::mutex>& lock);

  Topology topology_;
  transport::Transport& transport_;
  Store& store_;
  EngineSettings settings_;
  HeadLink link_;
  BlobPool blobs_;

  std::mutex mutex_;  ///< the progress lock
  TaskFrame driver_frame_;
  TaskFrame* frame_ = &driver_frame_;
  std::unique_ptr<Head> head_;
  std::unique_ptr<RemoteHead> remote_head_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Worker> worker_;
  struct Timeout {
    Time at;
    Waiter* waiter;
  };
  std::vector<Timeout> timeouts_;  ///< of suspended pieces
  std::uint32_t unflushed_ = 0;    ///< submissions since the last flush
  std::uint32_t unpolled_ = 0;     ///< submissions since the last poll
  bool time_is_read_ = false;      ///< since the poll began: one look at the clock serves all its messages
  bool over_ = false;              ///< the head said so
  bool given_up_ = false;
  int goodbyes_ = 0;

  std::atomic<std::uint64_t> polls_{0};  ///< by the main thread
  std::atomic<bool> idle_{false};        ///< the main thread sleeps: the ticker has nothing to do
  std::atomic<bool> parked_{false};
  std::atomic<bool> stop_{false};
  std::mutex park_mutex_;
  std::condition_variable park_;
  std::thread ticker_;
};

/// Makes `context` the one of this thread while it lives.
class ContextScope {
 public:
  explicit ContextScope(detail::Context& context);
  ~ContextScope();

 private:
  detail::Context* previous_;
};

}  // namespace rankine::runtime
