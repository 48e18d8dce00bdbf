// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

#include <sched.h>

#include <rankine/core/check.hpp>
#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

#include "runtime/gang_runner.hpp"
#include "runtime/openmp.hpp"

namespace rankine {

Statistics statistics() {
  return detail::current_context().statistics();
}

namespace runtime {

namespace {

/// How long an idle rank polls before it sleeps.
constexpr Nanoseconds kSpin = 50 * kMicrosecond;
/// After this the poller lets others run first: whom it waits for may be on the same core. Where more ranks
/// are awake than there are CPUs it does so at once; sleeping costs more there (a core that fell asleep takes
/// 80 us to come back on a virtual machine) than polls that others interrupt.
constexpr Nanoseconds kYieldAfter = 5 * kMicrosecond;
/// Looks at the mail between two at the clock and at everything else.
constexpr int kLooksAPause = 16;
/// A rank that has work looks at its mail, and sends its results, this often.
constexpr Nanoseconds kBatch = 20 * kMicrosecond;
/// Who wants the lock has it by then, unless it has to be woken first and takes long to.
constexpr int kYieldsToOthers = 8;
constexpr std::uint32_t kFlushEvery = 16;
constexpr std::uint32_t kPollEvery = 64;
/// So often at most is what was sent left to those that are awake.
constexpr std::uint32_t kWakesHeldMax = 10;
/// A thread of its own that waits looks around now and then.
constexpr Nanoseconds kGuestSleepMax = kSecond;
/// Shorter pieces are left to one thread; from the second length on somebody looks at the mail meanwhile.
constexpr Nanoseconds kShortPiece = 20 * kMicrosecond;
constexpr Nanoseconds kLongPiece = kMillisecond;
/// More than this on its way from a rank holds its tasks back that submit.
constexpr std::size_t kQueuedBytesMax = std::size_t{64} << 20;
/// A disk that takes longer than this at the end is given up.
constexpr Nanoseconds kJournalFlushMax = 60 * kSecond;
/// After a failed driver: how long running tasks may take to notice before the job is torn down.
constexpr Nanoseconds kGoodbyeGrace = 2 * kSecond;

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

HeadSettings head_settings(const EngineSettings& settings) {
  HeadSettings head = settings.head;
  if (head.pending_bytes_max == 0) {
    head.pending_bytes_max = static_cast<std::uint64_t>(settings.workers.front().memory_gib.value() *
                                                        static_cast<double>(std::uint64_t{1} << 28));
  }
  return head;
}

std::string no_force(const HeadSettings& head) {
  return head.can_kill ? "" : "a running task is ended by killing its rank, and there is none to spare";
}

}  // namespace

Engine::Engine(const Topology& topology, transport::Transport& transport, Store& store,
               const EngineSettings& settings)
    : topology_(topology),
      transport_(transport),
      store_(store),
      settings_(settings),
      link_(transport, *this),
      puller_(topology_, transport_, store_, *this, offload_),
      room_(topology_, transport_, store_, *this, offload_),
      census_(topology_, transport_, store_, *this),
      offload_([&transport] { transport.ring(); }),
      fibers_(settings.stack_bytes, default_fibers_max()),
      executor_(fibers_),
      gone_(static_cast<std::size_t>(topology.size()), false) {
  const bool is_head = topology_.rank == kHead;
  end_.cut_at = settings_.end.plan.cut.ns;
  if (is_head) {
    drain_.emplace(settings_.end.plan, "before the wall time");
    head_ = std::make_unique<Head>(topology_, transport_, store_, puller_, blobs_, head_settings(settings_));
  } else {
    remote_head_ = std::make_unique<RemoteHead>(link_);
  }
  HeadPort& port = is_head ? static_cast<HeadPort&>(*head_) : *remote_head_;
  client_ = std::make_unique<Client>(
      static_cast<Waiting&>(*this), port, store_, puller_, room_, blobs_,
      Client::Settings{settings_.inline_bytes, settings_.seed, topology_.host, topology_.rank,
                       settings_.no_gangs, no_force(settings_.head), !settings_.run_directory.empty(),
                       settings_.journal.all && !settings_.run_directory.empty()},
      end_);
  actor_caller_ = std::make_unique<ActorCaller>(topology_, static_cast<Waiting&>(*this), transport_, link_,
                                                store_, blobs_, *client_);
  actor_host_ = std::make_unique<ActorHost>(topology_, static_cast<Waiting&>(*this),
                                            static_cast<JobQueue&>(*this), transport_, link_, store_, room_,
                                            blobs_, *client_, *actor_caller_, settings_.inline_bytes);
  actor_caller_->connect(*actor_host_);
  client_->connect(*actor_caller_);
  if (is_head) {
    quiet_.emplace(topology_.size() - 1,
                   [this](std::uint8_t round) { send_to_all(MessageType::quiet_query, round); });
  }
  if (!is_head || topology_.size() == 1) {
    make_worker();
  }
  if (is_head) {
    head_->connect(*client_);
    head_->on_enlist([this] { enlist_head(); });
    client_->connect(static_cast<StateKeeper&>(*head_));
    const int first = topology_.size() == 1 ? 0 : 1;
    for (int r = first; r < topology_.size(); ++r) {
      head_->worker_joined(Rank{r}, settings_.workers[static_cast<std::size_t>(r)]);
    }
  }
  if (settings_.sentinel != nullptr) {
    watchman_.emplace(topology_, transport_, *settings_.sentinel, settings_.lost_after);
  }
  settings_.awake->ranks.fetch_add(1);
  start_ticker();
}

void Engine::make_worker() {
  WorkerLimits limits;
  limits.inline_bytes = settings_.inline_bytes;
  limits.resources = settings_.workers[static_cast<std::size_t>(index(topology_.rank))];
  limits.gpus = settings_.gpus;
  worker_ = std::make_unique<Worker>(topology_, link_, store_, room_, blobs_, limits);
  worker_->connect(*client_);
  const std::int64_t slots = std::max<std::int64_t>(1, limits.resources.cpus.fixed() / Amount::kUnit);
  crew_ = std::make_unique<Crew>(static_cast<CrewWork&>(*this), static_cast<std::size_t>(slots - 1),
                                 settings_.stack_bytes);
  gangs_ = std::make_unique<GangRunner>(
      static_cast<GangHost&>(*this), topology_, link_, store_, *client_, room_, blobs_, *worker_,
      GangRunner::Settings{
          limits.inline_bytes, {settings_.awake, settings_.node_cpus}, settings_.gang_comms});
}

Engine::~Engine() {
  stop_ticker();
  if (crew_ != nullptr) crew_->stop();
  gangs_.reset();
  settings_.awake->ranks.fetch_sub(1);
  const ContextScope scope(*client_, main_frame_);
  fibers_.close();  // unwinds suspended tasks, which may hold handles
  worker_.reset();
  actor_host_->close();
  actor_caller_->close();
  client_.reset();
}

// ---- the two programs ----

int Engine::run_driver(const std::function<int()>& driver) {
  const ContextScope scope(*client_, main_frame_);
  main_frame_.interrupted = &end_.cut;
  std::exception_ptr failure;
  bool told = false;  // that its time is over
  int code = 0;
  try {
    open_journal();
    code = driver();
  } catch (const Drained&) {
    told = true;
  } catch (...) {
    failure = std::current_exception();
  }
  Lock lock(mutex_);
  if (Tracer* tracer = head_->tracer()) tracer->driver_left(now());
  overdue_at_ = kNeverEnds.ns;
  if (failure != nullptr) head_->cancel_everything();
  const auto all_done = [this] { return head_->all_ended() && all_quiet(); };
  if (!told) drive([&] { return all_done() || end_.cut; }, failure != nullptr ? kGoodbyeGrace : -1, lock);
  driver_left_ = true;
  if (failure == nullptr && (told || !all_done())) end_drained(lock);
  given_up_ = failure != nullptr;
  end_trace();
  close_journal(lock, code != kDriverFailed);
  send_to_all(MessageType::shutdown, given_up_);
  const Nanoseconds patience = given_up_ ? kGoodbyeGrace : stopped_.early ? until_leave() : -1;
  drive([this] { return all_gone(); }, patience, lock);
  over_ = true;
  lock.unlock();
  if (failure != nullptr) std::rethrow_exception(failure);
  return code;
}

void Engine::open_journal() {
  if (settings_.run_directory.empty()) return;
  LedgerSettings journal = settings_.journal;
  journal.path = settings_.run_directory + "/journal";
  journal.inline_bytes = settings_.inline_bytes;
  journal.ranks = static_cast<std::uint32_t>(topology_.size());
  const Lock lock(mutex_);
  head_->keep_journal(journal);
  if (!settings_.trace) return;
  trace::Begin begin;
  begin.program = journal.program;
  begin.ranks = journal.ranks;
  begin.nodes = static_cast<std::uint32_t>(topology_.nodes());
  begin.piece_max = piece_elements_max(transport_.message_bytes_max());
  begin.unix_ns = std::chrono::system_clock::now().time_since_epoch().count();
  head_->keep_trace(settings_.run_directory + "/trace", begin, settings_.workers);
}

void Engine::end_trace() {
  if (Tracer* tracer = head_->tracer()) {
    tracer->note(store_.counters(), now());
    tracer->end(now());
  }
}

/// What has finished is made safe. The disk is waited for without the lock: mail is answered meanwhile.
void Engine::close_journal(Lock& lock, bool done) {
  const Nanoseconds patience = given_up_ ? kGoodbyeGrace : stopped_.early ? until_leave() / 2 : -1;
  drive([this] { return head_->journal_is_settled(); }, patience, lock);
  head_->end_journal(done && !given_up_ && !stopped_.early);
  lock.unlock();
  head_->flush_journal(patience < 0 ? kJournalFlushMax : patience);
  lock.lock();
}

/// No call of an actor is under way on any rank.
bool Engine::all_quiet() {
  return !head_->had_actors() || quiet_->settled(actor_caller_->under_way(), actor_caller_->calls_made());
}

bool Engine::run_worker() {
  const ContextScope scope(*client_, main_frame_);
  Lock lock(mutex_);
  drive([this] { return over_ && at_rest(); }, -1, lock);
  say_goodbye(lock);
  return !given_up_;
}

void Engine::send_to_all(MessageType type, std::uint8_t flags) {
  for (int r = 1; r < topology_.size(); ++r) {
    Header header;
    header.type = type;
    header.flags = flags;
    MessageWriter(transport_.append(Rank{r}, sizeof header)).record(header);
  }
  transport_.flush();
}

void Engine::say_goodbye(Lock&) {
  Header header;
  header.type = MessageType::goodbye;
  MessageWriter(transport_.append(kHead, sizeof header)).record(header);
  transport_.flush();
  while (transport_.queued_bytes() > 0) poll();
}

Statistics Engine::statistics() {
  if (head_ == nullptr) throw Error("rankine: statistics are kept on rank 0: ask for them in the driver");
  const StoreCounters s = census_.take();
  const std::lock_guard lock(mutex_);
  const scheduler::Counts c = head_->counts();
  using enum Counter;
  return {c.submitted,
          c.waiting,
          c.ready,
          c.assigned,
          c.finished,
          c.failed,
          c.cancelled,
          c.retried,
          c.live_objects,
          c.workers,
          {s[capacity_bytes], s[used_bytes], s[disk_bytes], s[spilled_objects], s[spilled_bytes],
           s[restored_objects], s[pulls], s[pulled_bytes], s[replicas], s[evicted_replicas]},
          head_->resumed()};
}

scheduler::Counts Engine::counts() {
  const std::lock_guard lock(mutex_);
  return head_->counts();
}

// ---- progress ----

std::size_t Engine::poll() {
  return poll_holding(false);
}

std::size_t Engine::poll_holding(bool wakes) {
  transport_.hold_wakes(wakes);
  time_is_read_ = false;
  const std::size_t came = transport_.poll(*this) + offload_.settle();
  if (head_ != nullptr) head_->settle_journal();
  if (must_leave_) [[unlikely]]
    leave();
  for (const Rank rank : transport_.take_unreachable()) {
    if (watchman_ && !over_) watchman_->on_unreachable(rank);
  }
  if (watchman_ && watchman_->due()) [[unlikely]]
    look_out(now());
  if (!lost_.empty()) [[unlikely]]
    bury_lost();
  transport_.flush();
  if (!held_back_.empty()) [[unlikely]]
    let_go_on();
  unflushed_ = 0;
  unpolled_ = 0;
  return came;
}

template <class Done>
void Engine::drive(Done done, Nanoseconds timeout_ns, Lock& lock) {
  const Time deadline = timeout_ns < 0 ? kNeverEnds : now() + timeout_ns;
  std::optional<Time> idle_since;
  ++driving_;
  while (!done()) {
    polls_.fetch_add(1, std::memory_order_relaxed);
    const bool more_soon = has_jobs() && (worker_ == nullptr || worker_->typical_piece() < kShortPiece);
    const bool holds = more_soon && may_hold_wakes();
    transport_.hold_wakes(holds);
    transport_.flush();  // whom it is for need not wait until the mail here was looked at
    const bool mail = poll_holding(holds) > 0;
    if (done()) break;
    const bool worked = run_jobs(lock);
    if (keep_time(deadline)) break;
    give_way(lock);
    if (mail || worked) {
      idle_since.reset();
    } else if (!idle_since) {
      idle_since = now();
    } else if (pause(*idle_since, deadline, lock)) {
      idle_since.reset();
    }
  }
  --driving_;
  transport_.flush();
  rouse_ticker();
}

void Engine::drive_until(const std::function<bool()>& done, Nanoseconds timeout_ns, Lock& lock) {
  drive(done, timeout_ns, lock);
}

bool Engine::computing() {
  return !main_looks() || (crew_ != nullptr && crew_->busy());
}

/// Runs what is queued here, for some microseconds at most, so that results leave in batches but soon.
bool Engine::run_jobs(Lock& lock) {
  if (!has_jobs()) return false;
  const Time start = now();
  Time t = start;
  do {
    run_job(lock, t);
    t = executor_.last_switch();
  } while (has_jobs() && t - start < kBatch);
  return true;
}

/// What was woken first, then posted jobs, then pieces.
void Engine::run_job(Lock& lock, Time now) {
  if (executor_.has_ready()) {
    before_job();
    return executor_.go_on(lock, now);
  }
  Job* job = nullptr;
  if (!posted_.empty()) {
    job = posted_.front();
    posted_.pop_front();
  } else {
    job = &worker_->next();
  }
  before_job();
  executor_.start(*job, lock, now);
}

/// Another thread of this rank wants the lock: who polls in a loop must let it in.
void Engine::give_way(Lock& lock) {
  if (!mutex_.wanted()) return;
  lock.unlock();
  for (int i = 0; i < kYieldsToOthers && mutex_.wanted(); ++i) sched_yield();
  lock.lock();
}

/// Looks at the clock if anybody wants it; true when the deadline has come.
bool Engine::keep_time(Time deadline) {
  const Time timer = head_ != nullptr ? head_->timer() : kNeverEnds;
  const bool ends = drain_ && (drain_->alarm() != kNeverEnds || head_->only_late_left());
  if (deadline == kNeverEnds && timer == kNeverEnds && timeouts_.empty() && !ends) return false;
  const Time t = now();
  if (timer <= t) head_->tick();
  if (ends) keep_end_of_time(t);
  end_timeouts(t);
  return t >= deadline;
}

/// When a timer of the head or a waiter's time is over.
Time Engine::next_alarm() const {
  Time at = head_ != nullptr ? head_->timer() : kNeverEnds;
  if (drain_ && !driver_left_) at = std::min(at, drain_->alarm());
  for (const Timeout& timeout : timeouts_) at = std::min(at, timeout.at);
  return at;
}

/// Spins for a moment, and for as long as another node reads from here; sleeps if nothing came for long
/// enough, and returns true then.
bool Engine::pause(Time idle_since, Time deadline, Lock& lock) {
  const bool crowded = settings_.awake->ranks.load(std::memory_order_relaxed) > settings_.node_cpus;
  const Time t = now();
  if (t - idle_since < kSpin || puller_.lends_elsewhere()) {
    if (!crowded && t - idle_since < kYieldAfter) {
      for (int i = 0; i < kLooksAPause && !transport_.has_mail() && !mutex_.wanted(); ++i) relax();
    } else {
      sched_yield();
    }
    return false;
  }
  const Time until = std::min({deadline, t + kSleepMax, next_alarm()});
  if (until <= t) return false;
  idle_ = true;
  const bool slept = sleep_until(until, lock);
  idle_ = false;
  return slept;
}

/// One thread at a time sleeps for the mail; if another one does it is woken, and this returns false.
bool Engine::sleep_until(Time until, Lock& lock) {
  if (somebody_sleeps_) {
    transport_.ring();
    lock.unlock();
    sched_yield();
    lock.lock();
    return false;
  }
  somebody_sleeps_ = true;
  const Nanoseconds rest = until - now();
  settings_.awake->ranks.fetch_sub(1, std::memory_order_relaxed);
  lock.unlock();
  if (rest > 0) transport_.sleep(rest);
  lock.lock();
  settings_.awake->ranks.fetch_add(1, std::memory_order_relaxed);
  somebody_sleeps_ = false;
  return true;
}

// ---- several threads ----

void Engine::post(Job& job) {
  posted_.push_back(&job);
  if (idle_) transport_.ring();
}

void Engine::look_at_mail() {
  const bool mail = poll() > 0;
  keep_time(kNeverEnds);
  if (idle_ && (mail || has_jobs())) transport_.ring();
}

Job* Engine::take_job(bool pieces) {
  if (!posted_.empty()) {
    Job* job = posted_.front();
    posted_.pop_front();
    return job;
  }
  if (!pieces || !worker_->has_startable()) return nullptr;
  if (main_looks() && worker_->typical_piece() < kShortPiece) return nullptr;
  return &worker_->next();
}

void Engine::resume(Job& job) {
  job.executor->wake(job);
  if (job.executor != &executor_) {
    crew_->notice(*job.executor);
  } else if (idle_) {
    transport_.ring();
  }
}

/// Posted jobs wait for the next tick: mostly whoever posted them waits for them before, and runs them
/// itself.
void Engine::before_job() {
  rouse_ticker();
  if (crew_ == nullptr || worker_->typical_piece() < kShortPiece) [[likely]]
    return;
  if (worker_->has_startable() || worker_->typical_piece() >= kLongPiece) crew_->relieve(false);
}

bool Engine::at_rest() const {
  return worker_ == nullptr || (!crew_->busy() && gangs_->idle());
}

bool Engine::orderly() {
  const std::lock_guard lock(mutex_);
  return all_gone();
}

void Engine::sent() {
  rouse_ticker();
  const TaskFrame* frame = thread_frame_or_null();         // none on the ticking thread
  if (frame != nullptr && frame->guest) return publish();  // nobody else may send for a while
  ++unpolled_;
  if (++unflushed_ >= kFlushEvery) {
    transport_.hold_wakes(may_hold_wakes());
    transport_.flush();
    unflushed_ = 0;
  }
  if (unpolled_ >= kPollEvery) poll_holding(may_hold_wakes());
}

/// Where a rank that was woken would take the CPU of one that has more for it, it is woken for much at once.
bool Engine::may_hold_wakes() {
  if (settings_.awake->ranks.load(std::memory_order_relaxed) < settings_.node_cpus ||
      ++held_wakes_ >= kWakesHeldMax)
    held_wakes_ = 0;
  return held_wakes_ > 0;
}

void Engine::promote(ObjectId awaited) {
  if (worker_ != nullptr) worker_->promote(awaited);
}

/// The driver waits while too much is pending at the head, and makes progress meanwhile: what is pending ends
/// without it. A task waits only for its messages to leave. The head never waits for a task before it takes
/// messages in (its driver polls while it waits here), so that ends too; and a task is not held back by what
/// is pending, because what is pending may be itself, or need what it is about to submit.
bool Engine::hold_back(std::uint32_t count, std::size_t bytes, Lock& lock) {
  if (head_ != nullptr) {
    if (ticker_state_.load() != TickerState::ticks) [[unlikely]]
      head_->set_time(now());  // the ticking thread has not, for a while
    const TaskFrame& frame = thread_frame();
    if (frame.job != nullptr || frame.guest || head_->has_room(count, bytes)) [[likely]]
      return true;
    drive([&] { return head_->has_room(count, bytes) || end_.cut; }, -1, lock);
    return head_->has_room(count, bytes);
  }
  if (transport_.queued_bytes() <= kQueuedBytesMax) [[likely]]
    return true;
  Waiter waiter;
  held_back_.push_back(&waiter);
  block(waiter, -1, lock);
  return true;
}

void Engine::let_go_on() {
  if (transport_.queued_bytes() > kQueuedBytesMax / 2) return;
  for (Waiter* waiter : std::exchange(held_back_, {})) {
    waiter->remaining = 0;
    wake(*waiter);
  }
}

// ---- waiting ----

void Engine::block(Waiter& waiter, Nanoseconds timeout_ns, Lock& lock) {
  if (in_openmp_parallel()) {
    throw Error(
        "rankine: a task cannot wait inside an OpenMP parallel region. Remedy: get the values before the "
        "region");
  }
  const TaskFrame& frame = thread_frame();
  if (frame.guest) return block_guest(waiter, timeout_ns, lock);
  Job* job = frame.job;
  if (job == nullptr) {
    const std::atomic<bool>* interrupted = waiter.interruptible ? frame.interrupted : nullptr;
    const auto ended = [&] { return waiter.remaining == 0 || (interrupted != nullptr && *interrupted); };
    Tracer* const tracer = head_ != nullptr && frame.id == kDriver ? head_->tracer() : nullptr;
    if (tracer == nullptr || ended()) [[likely]]
      return drive(ended, timeout_ns, lock);
    const Time began = now();
    drive(ended, timeout_ns, lock);
    if (waiter.remaining == 0) tracer->waited(waiter.awaited, waiter.awaited_count, began, now());
    return;
  }
  if (timeout_ns == 0) {
    poll();
    return;
  }
  if (waiter.interruptible && job->interrupted) return;
  waiter.job = job;
  job->waiting = waiter.interruptible ? &waiter : nullptr;
  if (timeout_ns > 0) timeouts_.push_back({now() + timeout_ns, &waiter});
  while (waiter.remaining > 0 && !waiter.woken) job->executor->suspend(*job, lock);
  job->waiting = nullptr;
  std::erase_if(timeouts_, [&waiter](const Timeout& t) { return t.waiter == &waiter; });
}

/// What a thread of its own sent, or brought about on the head, is seen at once.
void Engine::publish() {
  transport_.flush();
  if (head_ != nullptr || transport_.queued_bytes() > 0) transport_.ring();
}

/// On a thread of its own: the rank's other threads make progress.
void Engine::block_guest(Waiter& waiter, Nanoseconds timeout_ns, Lock& lock) {
  if (poll() > 0) transport_.ring();  // the main thread may sleep
  const Time deadline = timeout_ns < 0 ? kNeverEnds : now() + timeout_ns;
  std::condition_variable_any bell;
  waiter.bell = &bell;
  const std::atomic<bool>* interrupted = waiter.interruptible ? thread_frame().interrupted : nullptr;
  while (waiter.remaining > 0 && (interrupted == nullptr || !*interrupted)) {
    const Time t = now();
    if (t >= deadline) break;
    bell.wait_for(lock, std::chrono::nanoseconds(std::min(deadline - t, kGuestSleepMax)));
  }
  waiter.bell = nullptr;
}

void Engine::wake(Waiter& waiter) {
  if (waiter.notify != nullptr) return waiter.notify(waiter);
  if (waiter.bell != nullptr) waiter.bell->notify_one();
  if (waiter.job == nullptr || waiter.job->executor == &executor_) {
    if (idle_) transport_.ring();  // another thread found it
  }
  if (waiter.job == nullptr || waiter.woken) return;
  waiter.woken = true;
  if (waiter.job->may_go_on()) resume(*waiter.job);
}

void Engine::end_timeouts(Time t) {
  std::erase_if(timeouts_, [&](const Timeout& timeout) {
    if (timeout.at > t) return false;
    wake(*timeout.waiter);
    return true;
  });
}

}  // namespace runtime
}  // namespace rankine
