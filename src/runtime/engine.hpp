// SPDX-License-Identifier: Apache-2.0
// One rank at work: it owns the transport's endpoint, the store, the client, on rank 0 the head, where tasks
// run a worker, and makes them progress. Whoever waits makes progress on its own thread; a ticking thread
// answers mail while user code runs. Progress is made under one lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <rankine/core/clock.hpp>
#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>

#include "runtime/actor_caller.hpp"
#include "runtime/actor_host.hpp"
#include "runtime/awake.hpp"
#include "runtime/census.hpp"
#include "runtime/client.hpp"
#include "runtime/context_scope.hpp"
#include "runtime/crew.hpp"
#include "runtime/drain.hpp"
#include "runtime/executor.hpp"
#include "runtime/fiber.hpp"
#include "runtime/gang_host.hpp"
#include "runtime/grant.hpp"
#include "runtime/head.hpp"
#include "runtime/offload.hpp"
#include "runtime/puller.hpp"
#include "runtime/quiet.hpp"
#include "runtime/remote_head.hpp"
#include "runtime/room.hpp"
#include "runtime/tick_pace.hpp"
#include "runtime/tick_timer.hpp"
#include "runtime/topology.hpp"
#include "runtime/watchman.hpp"
#include "runtime/worker.hpp"
#include "scheduler/types.hpp"
#include "store/store.hpp"
#include "transport/transport.hpp"

namespace rankine::runtime {

class GangComms;
class GangRunner;

/// The end of the run's time, as the launcher tells it. The same on all ranks but for `by_force`.
struct EndSettings {
  Time wall_end = kNeverEnds;
  DrainPlan plan;
  Nanoseconds signal_grace = 10 * kSecond;   ///< from SIGUSR1 or Ctrl-C to the end
  Nanoseconds sigterm_grace = 10 * kSecond;  ///< from SIGTERM to the end
  /// The driver did not come back in time: ends the job at once. Head only; on any thread.
  std::function<void()> by_force = {};
};

/// What the user wants of the wall time; see RuntimeOptions. Zero: not said.
struct WallTimeWish {
  Nanoseconds length = 0;
  Nanoseconds margin = 0;
  Time start;  ///< of the program
};

struct EngineSettings {
  std::uint64_t seed = 0;
  std::uint64_t arena_bytes = 0;  ///< of a node; 0: decided from what is free
  std::string spill_directory;    ///< empty: nothing is spilled
  std::string run_directory;      ///< empty: the run leaves nothing
  LedgerSettings journal;         ///< the path is decided by the run directory
  bool trace = true;              ///< if there is one
  std::size_t inline_bytes = 4096;
  std::size_t stack_bytes = 1 << 20;
  std::int32_t node_cpus = 1;  ///< that the ranks of this node may use together
  /// The task that crashed each rank of this node, by slot; 0: none did. nullptr: ranks are threads.
  std::atomic<std::uint64_t>* culprits = nullptr;
  AwakeCount* awake = nullptr;      ///< shared by the node's ranks
  GangComms* gang_comms = nullptr;  ///< nullptr: ranks are threads of one process
  std::string no_gangs;             ///< why there can be none; empty: there can
  Sentinel* sentinel = nullptr;     ///< nullptr: ranks are threads and do not die
  Nanoseconds lost_after = 10 * kSecond;
  GrantWishes wishes;
  HeadSettings head;
  WallTimeWish wall_wish;
  EndSettings end;                            ///< decided from it
  std::vector<scheduler::Resources> workers;  ///< what each rank was granted, by rank
  std::vector<std::int32_t> gpus;             ///< indices of the devices of this rank
};

/// What a driver returns that could not do its work: as if it had thrown, its run has not finished.
constexpr int kDriverFailed = 1;

class Engine final : private Waiting,
                     private JobQueue,
                     private GangHost,
                     private transport::MailSink,
                     private CrewWork {
 public:
  Engine(const Topology& topology, transport::Transport& transport, Store& store,
         const EngineSettings& settings);
  ~Engine();

  /// Rank 0: runs the driver on this thread, waits until everything submitted has ended, then lets the others
  /// go. An exception of the driver is rethrown after the others were told to leave.
  int run_driver(const std::function<int()>& driver);
  /// How it ended if it did before all was done.
  struct Stopped {
    bool early = false;
    std::string reason = {};
    scheduler::Counts counts = {};  ///< before the rest was cancelled
    int ranks_lost = 0;
  };
  Stopped stopped();
  /// The same if it is ended as it stands now.
  Stopped stopped_by_force();
  /// A signal asks this rank to stop: the whole run drains. On any thread.
  void ask_drain(int signal);
  /// Other ranks: executes until the head says that it is over. False if the head gave up (a failed driver).
  bool run_worker();

  detail::Context& context() { return *client_; }
  const Topology& topology() const { return topology_; }
  /// All ranks said goodbye (head only): the orderly end of the transport is possible.
  bool orderly();
  /// A rank died: nothing collective is possible any more.
  bool somebody_died();
  int deaths();
  scheduler::Counts counts();  ///< head only
  /// A job that any thread of this rank may start, before pieces. With the progress lock held.
  void post(Job& job) override;

 private:
  /// A sleeping rank looks around now and then whatever happens.
  static constexpr Nanoseconds kSleepMax = kSecond;

  // Waiting
  ProgressMutex& progress_mutex() override { return mutex_; }  // also CrewWork
  void block(Waiter& waiter, Nanoseconds timeout_ns, Lock& lock) override;
  void wake(Waiter& waiter) override;
  void sent() override;
  void promote(ObjectId awaited) override;
  bool hold_back(std::uint32_t count, std::size_t bytes, Lock& lock) override;
  Statistics statistics() override;
  bool computing() override;
  // CrewWork
  void look_at_mail() override;
  bool main_looks() override { return driving_ > 0 && executor_.running() == nullptr; }
  Job* take_job(bool pieces) override;
  void before_job() override;
  bool sleep_for_mail(Lock& lock) override {
    return sleep_until(std::min(now() + kSleepMax, next_alarm()), lock);
  }
  void ring() override { transport_.ring(); }
  void count_awake(int change) override { settings_.awake->ranks.fetch_add(change); }
  detail::Context& task_context() override { return *client_; }
  // GangHost
  detail::Context& member_context() override { return *client_; }
  void publish() override;
  // JobQueue
  void resume(Job& job) override;
  // MailSink
  void deliver(Rank source, std::span<const std::byte> message) override;

  // engine_deliver.cpp
  bool deliver_of_ranks(Rank source, const Header& header, MessageReader& reader);
  bool deliver_to_actors(Rank source, const Header& header, std::span<const std::byte> message);
  void on_interrupt(const NoteMessage& note);

  // engine_drain.cpp
  void on_stop_asked(int signal);
  void keep_end_of_time(Time t);
  void begin_drain(Time t);
  bool deliver_end_of_time(const Header& header, MessageReader& reader);
  void end_drained(Lock& lock);
  Nanoseconds until_leave() const;
  void leave_if_overdue();

  // engine_losses.cpp
  void look_out(Time t);
  void bury_lost();
  void bury(Rank dead);
  TaskId culprit_of(Rank dead) const;
  void enlist_head();
  void on_goodbye(Rank rank);
  [[noreturn]] void leave();

  bool all_quiet();
  void open_journal();
  void close_journal(Lock& lock, bool done);
  void end_trace();

  /// Makes progress until done() holds or the time is over.
  template <class Done>
  void drive(Done done, Nanoseconds timeout_ns, Lock& lock);
  void drive_until(const std::function<bool()>& done, Nanoseconds timeout_ns, Lock& lock);
  std::size_t poll();
  std::size_t poll_holding(bool wakes);
  bool may_hold_wakes();
  bool run_jobs(Lock& lock);
  bool has_jobs() const {
    return executor_.has_ready() || !posted_.empty() || (worker_ != nullptr && worker_->has_startable());
  }
  void run_job(Lock& lock, Time now);
  bool all_gone() const { return goodbyes_ + deaths_ == topology_.size() - 1 && at_rest(); }
  /// Nobody runs anything on other threads of this rank.
  bool at_rest() const;
  void make_worker();
  void let_go_on();
  bool sleep_until(Time until, Lock& lock);
  Time next_alarm() const;
  void give_way(Lock& lock);
  void block_guest(Waiter& waiter, Nanoseconds timeout_ns, Lock& lock);
  bool keep_time(Time deadline);
  bool pause(Time idle_since, Time deadline, Lock& lock);
  void end_timeouts(Time t);

  // engine_ticking.cpp
  void start_ticker();
  void stop_ticker();
  void ticking();
  TickPace::Saw tick_once(std::uint64_t& last_polls);
  bool nobody_computes() const;
  void rest_ticker();
  void doze_ticker();
  /// Somebody begins to compute, or to wait for a time.
  void rouse_ticker() {
    if (ticker_state_.load() != TickerState::ticks) [[unlikely]]
      start_ticks();
  }
  void start_ticks();

  void send_to_all(MessageType type, std::uint8_t flags);
  void say_goodbye(Lock& lock);

  Topology topology_;
  transport::Transport& transport_;
  Store& store_;
  EngineSettings settings_;
  HeadLink link_;
  BlobPool blobs_;

  ProgressMutex mutex_;
  EndOfTime end_;
  TaskFrame main_frame_;
  Puller puller_;
  Room room_;
  Census census_;
  Offload offload_;  ///< after those it works for
  std::unique_ptr<Head> head_;
  std::unique_ptr<RemoteHead> remote_head_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<ActorCaller> actor_caller_;
  std::unique_ptr<ActorHost> actor_host_;
  std::optional<QuietRounds> quiet_;  ///< on the head
  std::optional<Drain> drain_;        ///< on the head
  Stopped stopped_;
  int ranks_saved_ = 0;       ///< that have saved their actors at the end
  bool driver_left_ = false;  ///< it has returned or thrown, and no wait of it is to be ended any more
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<GangRunner> gangs_;  ///< with a worker
  FiberPool fibers_;                   ///< after what their tasks use
  Executor executor_;                  ///< of the main thread
  std::deque<Job*> posted_;
  std::unique_ptr<Crew> crew_;  ///< with a worker
  struct Timeout {
    Time at;
    Waiter* waiter;
  };
  std::vector<Timeout> timeouts_;  ///< of suspended pieces
  std::uint32_t unflushed_ = 0;    ///< submissions since the last flush
  std::uint32_t unpolled_ = 0;     ///< submissions since the last poll
  std::uint32_t held_wakes_ = 0;   ///< in a row
  bool time_is_read_ = false;      ///< since the poll began: one look at the clock serves all its messages
  bool somebody_sleeps_ = false;   ///< in transport_.sleep()
  bool over_ = false;              ///< the head said so
  int driving_ = 0;                ///< the main thread is in drive()
  bool given_up_ = false;
  std::vector<bool> gone_;  ///< by rank: dead, or said goodbye
  int goodbyes_ = 0;
  int deaths_ = 0;
  bool must_leave_ = false;         ///< a task here is to be stopped by force
  std::vector<Rank> lost_;          ///< ranks whose death has just become known
  std::vector<Waiter*> held_back_;  ///< tasks that submitted faster than the messages leave

  std::optional<Watchman> watchman_;  ///< where ranks are processes

  std::atomic<std::uint64_t> polls_{0};  ///< by the main thread
  std::atomic<bool> idle_{false};        ///< the main thread sleeps
  std::atomic<bool> stop_{false};
  std::atomic<std::int64_t> overdue_at_{kNeverEnds.ns};  ///< the driver must have come back by then
  enum class TickerState : std::uint8_t { ticks, dozes, rests };
  std::atomic<TickerState> ticker_state_{TickerState::ticks};
  TickTimer tick_timer_;
  Relief relief_;
  std::thread ticker_;
};

}  // namespace rankine::runtime
