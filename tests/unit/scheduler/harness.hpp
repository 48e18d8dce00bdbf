// SPDX-License-Identifier: Apache-2.0
// A scheduler with short ways to feed it events; after each event the invariants are walked.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "catch.hpp"
#include "scheduler/scheduler.hpp"
#include "tickets.hpp"

namespace rankine::scheduler {

class Harness {
 public:
  explicit Harness(const Limits& limits = {}) : scheduler(limits) {}

  /// What is said of a piece comes with the ticket of its Start, unless the test gives another.
  const Commands& handle(Event event) {
    tickets.fill(event);
    commands.clear();
    scheduler.foresee(event);
    scheduler.foresee_closer(event);
    scheduler.handle(event, now, commands);
    tickets.note(commands);
    const std::string broken = scheduler.broken_invariant();
    if (!broken.empty()) FAIL("after event " << events << ": " << broken);
    ++events;
    return commands;
  }

  /// Commands of one kind that the last event gave.
  template <class C>
  std::vector<C> of() const {
    std::vector<C> found;
    for (const Command& command : commands) {
      if (const C* match = std::get_if<C>(&command)) found.push_back(*match);
    }
    return found;
  }
  template <class C>
  C only() const {
    const auto found = of<C>();
    if (found.size() != 1) FAIL("expected one command of the kind, got " << found.size());
    return found.front();
  }

  ClassId intern(double cpus = 1, std::int32_t max_retries = 3) {
    TaskClass options;
    options.request.cpus = Amount(cpus);
    options.max_retries = max_retries;
    return scheduler.intern(options);
  }

  void join(int rank, double cpus = 1, int node = 0) {
    Resources has;
    has.cpus = Amount(cpus);
    handle(WorkerJoined{Rank{rank}, NodeId{node}, has});
  }

  void submit(std::uint64_t id, ClassId task_class, std::vector<ObjectId> dependencies = {},
              int submitter = 0, std::vector<ObjectId> pins = {}) {
    Submitted event;
    event.first = ObjectId{id};
    event.submitter = Rank{submitter};
    event.task_class = task_class;
    event.payload = Payload{1000 + id};
    event.dependencies = dependencies;
    event.pins = pins;
    handle(event);
  }
  void submit_range(std::uint64_t id, std::uint32_t count, ClassId task_class, int submitter = 0) {
    Submitted event;
    event.first = ObjectId{id};
    event.count = count;
    event.range = true;
    event.submitter = Rank{submitter};
    event.task_class = task_class;
    event.payload = Payload{1000 + id};
    handle(event);
  }

  /// The piece ends with values 1,000,000 + id; failed elements carry their value as the packed error.
  void finish(std::uint64_t id, int worker, std::uint16_t attempt = 1, std::uint32_t count = 1,
              bool failed = false, Nanoseconds busy = kMillisecond, NodeId node = kNoNode,
              std::vector<Inside> inside = {}) {
    std::vector<Outcome> outcomes(count);
    for (std::uint32_t i = 0; i < count; ++i) outcomes[i] = {{Payload{1'000'000 + id + i}, 8, node}, failed};
    Finished event;
    event.first = ObjectId{id};
    event.count = count;
    event.worker = Rank{worker};
    event.attempt = attempt;
    event.busy = busy * count;
    event.outcomes = outcomes;
    event.inside = inside;
    handle(event);
  }

  ClassId intern_gang(Strategy strategy, double cpus = 1, std::int32_t max_retries = 3) {
    TaskClass options;
    options.request.cpus = Amount(cpus);
    options.max_retries = max_retries;
    options.strategy = strategy;
    return scheduler.intern(options);
  }
  void submit_gang(std::uint64_t id, std::uint32_t ranks, ClassId task_class,
                   std::vector<ObjectId> dependencies = {}, bool all = false) {
    GangSubmitted event;
    event.gang = ObjectId{id};
    event.ranks = ranks;
    event.submitter = kHead;
    event.task_class = task_class;
    event.payload = Payload{1000 + id};
    event.dependencies = dependencies;
    event.all = all;
    handle(event);
  }
  void member_ready(std::uint64_t id, int worker, std::uint16_t attempt = 1) {
    handle(GangMemberReady{ObjectId{id}, Rank{worker}, attempt});
  }
  /// The value, or the packed error, is 2,000,000 + worker.
  void member_finished(std::uint64_t id, int worker, std::uint16_t attempt = 1, bool failed = false,
                       NodeId node = kNoNode, std::vector<ObjectId> inside = {}) {
    const Value value{Payload{2'000'000 + static_cast<std::uint64_t>(worker)}, 8, node};
    handle(GangMemberFinished{ObjectId{id}, Rank{worker}, attempt, {value, failed}, inside});
  }
  void tick(Nanoseconds at) {
    now = Time{at};
    handle(Tick{});
  }
  void spawn(std::uint64_t id, ClassId task_class, std::int32_t max_restarts = 0,
             std::vector<ObjectId> dependencies = {}) {
    ActorSpawned event;
    event.actor = ObjectId{id};
    event.submitter = kHead;
    event.task_class = task_class;
    event.max_restarts = max_restarts;
    event.payload = Payload{1000 + id};
    event.dependencies = dependencies;
    handle(event);
  }

  ObjectState state(std::uint64_t id) const { return scheduler.object(ObjectId{id}).state; }
  FailureKind failure(std::uint64_t id) const { return scheduler.object(ObjectId{id}).failure; }

  Scheduler scheduler;
  Tickets tickets;
  Commands commands;
  Time now;
  int events = 0;
};

}  // namespace rankine::scheduler
