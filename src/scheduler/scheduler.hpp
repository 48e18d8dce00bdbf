// SPDX-License-Identifier: Apache-2.0
// The scheduler: a pure state machine. handle(event, now, commands) has no MPI, thread, clock, file or random
// device in it, so the same code runs behind real ranks, under a fake cluster of 100,000 ranks in a test, and
// in simulation.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "scheduler/commands.hpp"
#include "scheduler/events.hpp"
#include "scheduler/types.hpp"

namespace rankine::scheduler {

/// Settings; the defaults are what DESIGN says.
struct Limits {
  Nanoseconds prefetch = 200 * kMicrosecond;  ///< estimated work sent ahead to one worker
  Nanoseconds ahead = 4 * kMillisecond;  ///< where more than that runs, but less than this: one piece more
  /// With many workers the pieces of a map get longer: so much for each of them, that rank 0, which needs a
  /// quarter of that for a piece, can serve them all.
  Nanoseconds piece_for_each = 4 * kMicrosecond;
  Nanoseconds wake_cost =
      20 * kMicrosecond;  ///< less work than this goes behind a busy worker, waking nobody
  std::uint64_t local_bytes =
      64u << 10;  ///< so many bytes of arguments on a node make a task prefer that node
  Nanoseconds room_after =
      50 * kMillisecond;           ///< a request that was overtaken for so long gets a worker drained for it
  std::uint32_t piece_max = 4096;  ///< elements of a range sent as one piece at most
  std::uint32_t expected_workers = 1;         ///< "unsatisfiable" is not said before so many have joined
  bool reserve = false;                       ///< rank 0 joins when it is asked to (Enlist)
  std::uint32_t poison_deaths = 3;            ///< a task whose ranks died so often is the culprit
  Nanoseconds interrupt_grace = 5 * kSecond;  ///< between a polite Interrupt for a timeout and a forced one
  Nanoseconds break_grace = 30 * kSecond;     ///< between BreakGang and a forced Interrupt of who is still in
  /// No task is started whose class is known to take longer than until then.
  Time deadline{std::numeric_limits<std::int64_t>::max()};
  std::uint64_t lineage_bytes =
      64u << 20;  ///< budget for keeping finished tasks that can remake a lost object
};

/// Numbers of tasks (elements of ranges count one by one) and objects.
struct Counts {
  std::uint64_t submitted = 0;
  std::uint64_t waiting = 0;   ///< for dependencies
  std::uint64_t ready = 0;     ///< for a worker
  std::uint64_t assigned = 0;  ///< sent to a worker, running or next in its queue
  std::uint64_t finished = 0;
  std::uint64_t failed = 0;  ///< ended by an error of any kind but cancellation
  std::uint64_t cancelled = 0;
  std::uint64_t retried = 0;  ///< attempts beyond the first
  std::uint64_t live_objects = 0;
  std::uint64_t workers = 0;
  std::uint64_t memory_bytes = 0;  ///< of the scheduler's tables
};

/// Why a task, an actor or a gang is where it is, as data and as a sentence.
struct Explanation {
  enum class State : std::uint8_t { unknown, waiting, ready, assigned, running, ended };
  State state = State::unknown;
  Rank worker = kNoRank;  ///< assigned, running: where (of a gang: its first member); waiting: for whom
  Nanoseconds age = 0;    ///< since it was sent there, else since it was submitted
  std::vector<ObjectId> missing;  ///< waiting: dependencies that have not ended
  std::string asks;               ///< ready: its request with all alternatives
  std::uint32_t capable = 0;      ///< ready: workers that could hold one of them if they were empty
  std::vector<Rank> kept;         ///< ready: workers that are kept for it, and
  std::uint32_t with_room = 0;    ///< so many of them, the first, have its room already
  std::string sentence;
};

struct State;  ///< the tables: state.hpp

class Scheduler {
 public:
  explicit Scheduler(const Limits& limits = {});
  ~Scheduler();
  Scheduler(Scheduler&&) noexcept;
  Scheduler& operator=(Scheduler&&) noexcept;

  /// Equal classes give equal ids. Class 0 is made by the first call.
  ClassId intern(const TaskClass& task_class);
  const TaskClass& task_class(ClassId id) const;

  /// Appends to `commands` what the shell must do now. Never throws for any sequence of events that ranks,
  /// dead or alive, can cause: stale ones (another attempt, a lost worker, an ended task) change nothing. A
  /// pair (state, event) that the transition table does not know is a bug and ends the process with the
  /// task's history.
  void handle(const Event& event, Time now, Commands& commands);
  /// The same for those that every task causes, without a copy into an Event.
  void handle(const Submitted& event, Time now, Commands& commands);
  void handle(const Finished& event, Time now, Commands& commands);
  void handle(const Released& event, Time now, Commands& commands);

  /// This event will be handled soon, after a few others: the processor fetches what it will touch. It
  /// changes nothing, and an event that never comes does no harm.
  void foresee(const Event& event) const;
  /// The same of something that a worker will say of a piece.
  void foresee(const Ticket& ticket, Rank worker) const;
  /// It is the next one but one or so, and was foreseen a while ago: what its records lead to.
  void foresee_closer(const Event& event) const;

  /// The run is over and nothing more is handled: appends FreePayload and FreeValue for what is still kept
  /// (detached actors, values that nobody gave back).
  void give_up(Commands& commands);

  ObjectView object(ObjectId id) const;
  /// Whether Finished of these elements would be taken for what the tasks returned: not if it is stale, or
  /// comes from work that was asked to stop.
  bool would_take(const Finished& event) const;
  Counts counts() const;
  /// Tasks that have not ended.
  std::uint64_t pending() const;
  /// Tasks, constructors of actors and gangs that were sent to workers and do not wait for others there.
  std::uint64_t running() const;
  /// Something is ready, but takes too long for the time that is left, and nothing else can be started.
  bool only_late_left() const;
  /// The ranks of a gang that was placed, in the order of its members; empty: it is not placed now.
  std::vector<Rank> gang_members(TaskId gang) const;
  /// As it is at `at`, or at the last event if that is later.
  Explanation explain(TaskId id, Time at = {}) const;

  /// Walks all tables and returns the first broken invariant as text, or an empty string.
  std::string broken_invariant() const;

 private:
  std::unique_ptr<State> state_;
};

/// Key of element i of a range (random numbers, journal).
constexpr TaskKey element_key(TaskKey range, std::uint32_t i) {
  return TaskKey{hash_mix(static_cast<std::uint64_t>(range), std::uint64_t{i} + 1)};
}

}  // namespace rankine::scheduler
