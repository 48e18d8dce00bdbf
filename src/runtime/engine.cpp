// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine.hpp"

#include <algorithm>
#include <exception>
#include <limits>
#include <optional>
#include <utility>

#include <sched.h>

#include <rankine/core/check.hpp>
#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

extern "C" int omp_in_parallel() __attribute__((weak));

namespace rankine {

namespace {
thread_local detail::Context* thread_context = nullptr;
}

namespace detail {

Context* context_or_null() {
  return thread_context;
}

Context& current_context() {
  if (thread_context == nullptr) {
    throw Error(
        "rankine: this thread runs neither the driver nor a task, so it cannot submit, put, get or draw "
        "random "
        "numbers. Remedy: do it on the thread that runs the driver or the task and hand the values over");
  }
  return *thread_context;
}

}  // namespace detail

Statistics statistics() {
  return detail::current_context().statistics();
}

namespace runtime {

namespace {

constexpr Time kNever{std::numeric_limits<std::int64_t>::max()};
constexpr Nanoseconds kTick = kMillisecond;
/// How long an idle rank polls before it sleeps, if there is a CPU for it.
constexpr Nanoseconds kSpin = 50 * kMicrosecond;
/// The same where more ranks are awake than there are CPUs.
constexpr Nanoseconds kShortSpin = 2 * kMicrosecond;
/// After this the poller lets others run first: whom it waits for may be on the same core.
constexpr Nanoseconds kYieldAfter = 5 * kMicrosecond;
/// A sleeping rank looks around now and then whatever happens.
constexpr Nanoseconds kSleepMax = kSecond;
/// A rank that has work looks at its mail, and sends its results, this often.
constexpr Nanoseconds kBatch = 20 * kMicrosecond;
constexpr std::uint32_t kFlushEvery = 16;
constexpr std::uint32_t kPollEvery = 64;
constexpr int kIdleTicksBeforeParking = 20;
/// After a failed driver: how long running tasks may take to notice before the job is torn down.
constexpr Nanoseconds kGoodbyeGrace = 2 * kSecond;

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

ContextScope::ContextScope(detail::Context& context) : previous_(std::exchange(thread_context, &context)) {}
ContextScope::~ContextScope() {
  thread_context = previous_;
}

Engine::Engine(const Topology& topology, transport::Transport& transport, Store& store,
               const EngineSettings& settings)
    : topology_(topology),
      transport_(transport),
      store_(store),
      settings_(settings),
      link_(transport, *this) {
  const bool is_head = topology_.rank == kHead;
  if (is_head) {
    head_ = std::make_unique<Head>(topology_, transport_, store_, blobs_);
  } else {
    remote_head_ = std::make_unique<RemoteHead>(link_);
  }
  HeadPort& port = is_head ? static_cast<HeadPort&>(*head_) : *remote_head_;
  client_ = std::make_unique<Client>(
      static_cast<Waiting&>(*this), port, store_, blobs_,
      Client::Settings{settings_.inline_bytes, settings_.seed, topology_.host, topology_.rank});
  if (!is_head || topology_.size() == 1) {
    WorkerLimits limits;
    limits.inline_bytes = settings_.inline_bytes;
    limits.stack_bytes = settings_.stack_bytes;
    limits.fibers_max = default_fibers_max();
    worker_ = std::make_unique<Worker>(topology_, link_, store_, blobs_, *client_, limits);
  }
  if (is_head) {
    head_->connect(*client_);
    const int first = topology_.size() == 1 ? 0 : 1;
    for (int r = first; r < topology_.size(); ++r) {
      head_->worker_joined(Rank{r}, settings_.workers[static_cast<std::size_t>(r)]);
    }
  }
  settings_.awake->ranks.fetch_add(1);
  ticker_ = std::thread([this] { ticking(); });
}

Engine::~Engine() {
  stop_ = true;
  {
    const std::lock_guard lock(park_mutex_);
    park_.notify_all();
  }
  ticker_.join();
  settings_.awake->ranks.fetch_sub(1);
  worker_.reset();  // closes the fibers, whose tasks may hold handles
  client_.reset();
}

// ---- the two programs ----

int Engine::run_driver(const std::function<int()>& driver) {
  const ContextScope scope(*client_);
  std::exception_ptr failure;
  int code = 0;
  try {
    code = driver();
  } catch (...) {
    failure = std::current_exception();
  }
  std::unique_lock lock(mutex_);
  if (failure != nullptr) client_->cancel_all();
  drive([this] { return head_->all_ended(); }, failure != nullptr ? kGoodbyeGrace : -1, lock);
  given_up_ = failure != nullptr;
  send_to_all(MessageType::shutdown, given_up_);
  drive([this] { return orderly(); }, given_up_ ? kGoodbyeGrace : -1, lock);
  over_ = true;
  lock.unlock();
  if (failure != nullptr) std::rethrow_exception(failure);
  return code;
}

bool Engine::run_worker() {
  const ContextScope scope(*client_);
  std::unique_lock lock(mutex_);
  drive([this] { return over_; }, -1, lock);
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

void Engine::say_goodbye(std::unique_lock<std::mutex>&) {
  Header header;
  header.type = MessageType::goodbye;
  MessageWriter(transport_.append(kHead, sizeof header)).record(header);
  transport_.flush();
  while (transport_.queued_bytes() > 0) poll();
}

Statistics Engine::statistics() {
  const std::lock_guard lock(mutex_);
  if (head_ == nullptr) throw Error("rankine: statistics are kept on rank 0: ask for them in the driver");
  const scheduler::Counts c = head_->counts();
  return {c.submitted, c.waiting,   c.ready,   c.assigned,     c.finished,
          c.failed,    c.cancelled, c.retried, c.live_objects, c.workers};
}

// ---- progress ----

void Engine::deliver(Rank source, std::span<const std::byte> message) {
  Header header;
  check(message.size() >= sizeof header, "a message is at least a header");
  std::memcpy(&header, message.data(), sizeof header);
  MessageReader reader(message);
  switch (header.type) {
    case MessageType::dependency:
      reader.record<Header>();
      return worker_->on_dependency(reader);
    case MessageType::start: {
      const auto start = reader.record<StartMessage>();
      return worker_->on_start(start, reader);
    }
    case MessageType::recall:
      return worker_->on_recall(reader.record<NoteMessage>());
    case MessageType::interrupt:
      return worker_->on_interrupt(reader.record<NoteMessage>());
    case MessageType::deliver: {
      const auto deliver_message = reader.record<DeliverMessage>();
      return client_->on_deliver(deliver_message, reader);
    }
    case MessageType::free_block:
      return store_.release(reader.record<FreeBlockMessage>().location);
    case MessageType::shutdown:
      over_ = true;
      given_up_ = header.flags != 0;
      return;
    case MessageType::goodbye:
      ++goodbyes_;
      return;
    default:
      check(head_ != nullptr, "only rank 0 gets messages for the head");
      if (!std::exchange(time_is_read_, true)) head_->set_time(now());
      head_->on_message(source, header, message);
  }
}

std::size_t Engine::poll() {
  time_is_read_ = false;
  const std::size_t came = transport_.poll(*this);
  transport_.flush();
  unflushed_ = 0;
  unpolled_ = 0;
  return came;
}

template <class Done>
void Engine::drive(Done done, Nanoseconds timeout_ns, std::unique_lock<std::mutex>& lock) {
  const Time deadline = timeout_ns < 0 ? kNever : now() + timeout_ns;
  std::optional<Time> idle_since;
  while (!done()) {
    polls_.fetch_add(1, std::memory_order_relaxed);
    const bool mail = poll() > 0;
    if (done()) break;
    const bool worked = run_pieces(lock);
    if (keep_time(deadline)) break;
    if (mail || worked) {
      idle_since.reset();
    } else if (!idle_since) {
      idle_since = now();
    } else if (pause(*idle_since, deadline, lock)) {
      idle_since.reset();
    }
  }
  transport_.flush();
}

/// Runs what is queued here, for some microseconds at most, so that results leave in batches but soon.
bool Engine::run_pieces(std::unique_lock<std::mutex>& lock) {
  if (worker_ == nullptr || !worker_->has_work()) return false;
  const Time start = now();
  Time t = start;
  do {
    worker_->step(lock, frame_, t);
    t = worker_->last_switch();
  } while (worker_->has_work() && worker_->last_switch() - start < kBatch);
  return true;
}

/// Looks at the clock if anybody wants it; true when the deadline has come.
bool Engine::keep_time(Time deadline) {
  const Time timer = head_ != nullptr ? head_->timer() : kNever;
  if (deadline == kNever && timer == kNever && timeouts_.empty()) return false;
  const Time t = now();
  if (timer <= t) head_->tick();
  end_timeouts(t);
  return t >= deadline;
}

/// Spins for a moment; sleeps if nothing came for long enough, and returns true then.
bool Engine::pause(Time idle_since, Time deadline, std::unique_lock<std::mutex>& lock) {
  const bool crowded = settings_.awake->ranks.load(std::memory_order_relaxed) > settings_.node_cpus;
  const Time t = now();
  if (t - idle_since < (crowded ? kShortSpin : kSpin)) {
    if (t - idle_since < kYieldAfter) {
      relax();
    } else {
      sched_yield();
    }
    return false;
  }
  Time until = std::min(deadline, t + kSleepMax);
  if (head_ != nullptr) until = std::min(until, head_->timer());
  for (const Timeout& timeout : timeouts_) until = std::min(until, timeout.at);
  if (until <= t) return false;
  settings_.awake->ranks.fetch_sub(1, std::memory_order_relaxed);
  idle_ = true;
  lock.unlock();
  transport_.sleep(until - t);
  lock.lock();
  idle_ = false;
  settings_.awake->ranks.fetch_add(1, std::memory_order_relaxed);
  unpark_ticker();
  return true;
}

void Engine::sent() {
  ++unpolled_;
  if (++unflushed_ >= kFlushEvery) {
    transport_.flush();
    unflushed_ = 0;
  }
  if (unpolled_ >= kPollEvery) poll();
}

void Engine::promote(ObjectId awaited) {
  if (worker_ != nullptr) worker_->promote(awaited);
}

// ---- waiting ----

void Engine::block(Waiter& waiter, Nanoseconds timeout_ns, std::unique_lock<std::mutex>& lock) {
  if (omp_in_parallel != nullptr && omp_in_parallel() != 0) {
    throw Error(
        "rankine: a task cannot wait inside an OpenMP parallel region. Remedy: get the values before the "
        "region");
  }
  Piece* piece = frame_->piece;
  if (piece == nullptr) {
    drive([&waiter] { return waiter.remaining == 0; }, timeout_ns, lock);
    return;
  }
  if (timeout_ns == 0) {
    poll();
    return;
  }
  waiter.piece = piece;
  if (timeout_ns > 0) timeouts_.push_back({now() + timeout_ns, &waiter});
  while (waiter.remaining > 0 && !waiter.woken) worker_->suspend(*piece, lock);
  std::erase_if(timeouts_, [&waiter](const Timeout& t) { return t.waiter == &waiter; });
}

void Engine::wake(Waiter& waiter) {
  if (waiter.piece == nullptr || waiter.woken) return;
  waiter.woken = true;
  worker_->wake(waiter.piece);
}

void Engine::end_timeouts(Time t) {
  std::erase_if(timeouts_, [&](const Timeout& timeout) {
    if (timeout.at > t) return false;
    wake(*timeout.waiter);
    return true;
  });
}

// ---- the ticking thread ----

void Engine::unpark_ticker() {
  if (!parked_.load()) return;
  const std::lock_guard lock(park_mutex_);
  parked_ = false;
  park_.notify_one();
}

/// While user code runs, mail is answered every millisecond; while the rank sleeps, so does this thread.
void Engine::ticking() {
  std::uint64_t last_polls = 0;
  int idle_ticks = 0;
  while (!stop_) {
    std::unique_lock park(park_mutex_);
    if (idle_ticks >= kIdleTicksBeforeParking) {
      parked_ = true;
      park_.wait(park, [this] { return !parked_ || stop_; });
      idle_ticks = 0;
    }
    park_.wait_for(park, std::chrono::nanoseconds(kTick), [this] { return stop_.load(); });
    park.unlock();
    idle_ticks = idle_ ? idle_ticks + 1 : 0;
    if (!idle_) tick_once(last_polls);
  }
}

void Engine::tick_once(std::uint64_t& last_polls) {
  const std::uint64_t polls = polls_.load(std::memory_order_relaxed);
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  if (head_ != nullptr) head_->set_time(now());  // for what the driver submits between two looks at its mail
  if (std::exchange(last_polls, polls) != polls) return;
  if (worker_ != nullptr) worker_->announce_long_work(now());
  if (head_ != nullptr && head_->timer() <= now()) head_->tick();
  if (poll() > 0) transport_.ring();  // the main thread may have gone to sleep meanwhile
}

}  // namespace runtime
}  // namespace rankine
