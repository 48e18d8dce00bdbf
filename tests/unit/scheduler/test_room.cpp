// SPDX-License-Identifier: Apache-2.0
// Room: large requests behind a stream of small ones, alternatives, affinity to what is not there,
// priorities, the order in which a worker with several cpus starts what it has.
#include <deque>
#include <set>

#include "harness.hpp"

using namespace rankine;
using namespace rankine::scheduler;

namespace {

Resources cpus(double amount) {
  Resources resources;
  resources.cpus = Amount(amount);
  return resources;
}

Resources gpus(double amount) {
  Resources resources;
  resources.gpus = Amount(amount);
  return resources;
}

Limits after(Nanoseconds wait) {
  Limits limits;
  limits.room_after = wait;
  limits.ahead = 0;  // what starts here runs at once
  return limits;
}

/// One-cpu tasks that always wait, each running for some time; tells what started.
struct Stream {
  Harness& h;
  ClassId task_class;
  std::deque<Start> running{};
  std::uint64_t next = 1000;
  std::set<std::uint64_t> started{};

  void take_starts() {
    for (const Start& start : h.of<Start>()) {
      started.insert(number(start.first));
      if (start.task_class == task_class) running.push_back(start);
    }
  }
  void submit() {
    h.submit(next++, task_class);
    take_starts();
  }
  /// The oldest ends; another one comes.
  void step(Nanoseconds time) {
    h.now = h.now + time;
    const Start oldest = running.front();
    running.pop_front();
    h.finish(number(oldest.first), index(oldest.worker), oldest.attempt, 1, false, time);
    take_starts();
    submit();
  }
};

}  // namespace

TEST_CASE("a large request behind a stream of small ones gets its room after a bounded wait") {
  Harness h(after(10 * kMillisecond));
  h.join(1, 4);
  h.join(2, 2);
  const ClassId large = h.intern(4);
  Stream stream{h, h.intern(1)};
  for (int i = 0; i < 12; ++i) stream.submit();
  h.submit(1, large);
  int steps = 0;
  for (; steps < 100 && !stream.started.contains(1); ++steps) stream.step(kMillisecond);
  CHECK(steps > 9);  // it waits for the bound, while others use the worker
  CHECK(steps < 30);
  CHECK(h.scheduler.explain(ObjectId{1}).worker == Rank{1});
  const std::size_t before = stream.started.size();
  for (int i = 0; i < 5; ++i) stream.step(kMillisecond);
  CHECK(stream.started.size() > before);  // the other worker went on, and goes on
}

TEST_CASE("an actor behind a stream of tasks gets its room, also when it starts again") {
  Harness h(after(5 * kMillisecond));
  h.join(1, 3);
  Stream stream{h, h.intern(1)};
  for (int i = 0; i < 6; ++i) stream.submit();
  h.spawn(1, h.intern(3), 1);
  const auto placed = [&] { return h.scheduler.object(ObjectId{1}).worker != kNoRank; };
  int steps = 0;
  for (; steps < 60 && !placed() && !stream.running.empty(); ++steps) stream.step(kMillisecond);
  CHECK(placed());
  h.handle(ActorReady{ObjectId{1}, Rank{1}, 1});
  h.handle(ActorKilled{ObjectId{1}, true});
  CHECK(placed());
}

TEST_CASE("what is kept for a request that vanishes is free again") {
  Harness h(after(5 * kMillisecond));
  h.join(1, 4);
  Stream stream{h, h.intern(1)};
  for (int i = 0; i < 8; ++i) stream.submit();
  h.submit(1, h.intern(4));
  for (int i = 0; i < 7; ++i) stream.step(kMillisecond);
  CHECK(stream.running.size() < 4);  // it drains
  h.handle(CancelRequested{ObjectId{1}, 1, false});
  stream.take_starts();
  CHECK(stream.running.size() >= 4);
}

TEST_CASE("the more important takes the place in front") {
  Harness h;
  TaskClass urgent;
  urgent.request.cpus = Amount(1);
  urgent.priority = 1;
  h.join(1);
  h.join(2);
  const ClassId c = h.intern();
  h.submit(1, c);
  h.submit_gang(2, 2, c);  // keeps the other one free
  h.submit(3, c);
  CHECK(h.of<Start>().empty());
  h.submit(4, h.scheduler.intern(urgent));
  CHECK(h.only<Start>().first == ObjectId{4});
}

TEST_CASE("alternatives: in their order, what fits now; given back as taken") {
  Harness h;
  TaskClass options;
  options.request = gpus(1);
  options.alternatives = {cpus(4), cpus(2)};
  const ClassId c = h.scheduler.intern(options);
  Resources both = cpus(4);
  both.gpus = Amount(1);
  h.handle(WorkerJoined{Rank{1}, NodeId{0}, both});
  h.submit(1, c);
  CHECK(h.only<Start>().choice == 0);
  h.submit(2, c);
  CHECK(h.only<Start>().choice == 1);
  h.submit(3, c);
  CHECK(h.of<Start>().empty());
  h.finish(1, 1);
  CHECK(h.only<Start>().choice == 0);
  h.finish(2, 1);
  h.submit(4, h.intern(3));
  CHECK(h.of<Start>().size() == 1);
  h.submit(5, c);
  CHECK(h.of<Start>().empty());
  h.finish(4, 1);
  CHECK(h.only<Start>().choice == 1);
  h.finish(5, 1);
  h.submit(6, h.intern(2));
  h.submit(7, c);
  CHECK(h.only<Start>().choice == 2);
}

TEST_CASE("alternatives of actors and gangs; a gang has one of them for all of its members") {
  Harness h;
  TaskClass options;
  options.request = gpus(1);
  options.alternatives = {cpus(1)};
  const ClassId c = h.scheduler.intern(options);
  Resources both = cpus(1);
  both.gpus = Amount(1);
  h.handle(WorkerJoined{Rank{1}, NodeId{0}, both});
  h.join(2, 1);
  h.spawn(1, c);
  CHECK(h.only<StartActor>().choice == 0);
  h.submit_gang(2, 2, c);
  REQUIRE(h.of<PrepareGang>().size() == 2);
  CHECK(h.of<PrepareGang>()[0].choice == 1);
  h.submit(3, h.intern(1));
  CHECK(h.of<Start>().empty());
  h.member_finished(2, 1);
  h.member_finished(2, 2);
  h.handle(ActorKilled{ObjectId{1}, false});
  h.submit(4, h.intern(1));
  h.submit(5, h.scheduler.intern(options));
  CHECK(h.only<Start>().choice == 0);
}

TEST_CASE("never only if no alternative can ever be; then all are told") {
  Harness h;
  TaskClass options;
  options.request = gpus(1);
  options.alternatives = {cpus(9), cpus(2)};
  h.join(1, 4);
  h.submit(1, h.scheduler.intern(options));
  CHECK(h.only<Start>().choice == 2);
  options.alternatives.pop_back();
  const ClassId never = h.scheduler.intern(options);
  const std::string text = "it asks for 1 gpus or 9 cpus; the largest rank (1) has 4 cpus";
  h.submit(2, never);
  CHECK(h.failure(2) == FailureKind::unsatisfiable);
  CHECK(h.scheduler.object(ObjectId{2}).text == text);
  h.spawn(3, never);
  CHECK(h.scheduler.object(ObjectId{3}).text == text);
  h.submit_gang(4, 1, never);
  CHECK(h.scheduler.object(ObjectId{4}).text ==
        "a gang of 1 ranks asks for 1 gpus or 9 cpus on each; 0 ranks could hold a member, the largest rank "
        "(1) "
        "has 4 cpus");
}

TEST_CASE("affinity to a rank or a node that is not there fails at once; soft affinity goes elsewhere") {
  Limits limits;
  limits.expected_workers = 2;
  Harness h(limits);
  TaskClass options;
  options.request = cpus(1);
  options.rank = Rank{7};
  const ClassId to_rank = h.scheduler.intern(options);
  h.join(1, 4);
  h.submit(1, to_rank);
  CHECK(h.state(1) == ObjectState::pending);  // not all have joined
  h.join(2, 2);
  CHECK(h.failure(1) == FailureKind::unsatisfiable);
  CHECK(h.scheduler.object(ObjectId{1}).text ==
        "it asks for 1 cpus on rank 7; the largest rank (1) has 4 cpus");
  h.spawn(2, to_rank);
  CHECK(h.failure(2) == FailureKind::unsatisfiable);
  h.submit_gang(3, 1, to_rank);
  CHECK(h.failure(3) == FailureKind::unsatisfiable);
  options.soft_affinity = true;
  h.submit(4, h.scheduler.intern(options));
  CHECK(h.of<Start>().size() == 1);
  options.rank = kNoRank;
  options.soft_affinity = false;
  options.node = NodeId{5};
  h.submit(5, h.scheduler.intern(options));
  CHECK(h.scheduler.object(ObjectId{5}).text ==
        "it asks for 1 cpus on node 5; the largest rank (1) has 4 cpus");
}

TEST_CASE("nothing overtakes the queue of a worker, and no queue holds up cpus that are left") {
  Harness h;
  const ClassId one = h.intern(1);
  const ClassId two = h.intern(2);
  h.join(1, 3);
  h.submit(1, two);
  h.finish(1, 1, 1, 1, false, kMicrosecond);  // its time is known to be short
  h.submit(2, two);
  h.submit(3, two);
  CHECK(h.of<Start>().empty());  // behind the first it would keep others from the third cpu
  h.submit(4, one);
  CHECK(h.only<Start>().first == ObjectId{4});
  h.finish(2, 1, 1, 1, false, kMicrosecond);
  CHECK(h.only<Start>().first == ObjectId{3});
  h.submit(5, two);
  REQUIRE(h.only<Start>().first == ObjectId{5});  // all cpus are taken: it is queued
  CHECK(h.scheduler.explain(ObjectId{5}).state == Explanation::State::assigned);
  h.finish(4, 1, 1, 1, false, kMicrosecond);
  CHECK(h.only<Recall>().first == ObjectId{5});  // one cpu is left that it does not fit into
  h.handle(Recalled{ObjectId{5}, 1, Rank{1}, 1});
  h.submit(6, one);
  CHECK(h.only<Start>().first == ObjectId{6});
}

TEST_CASE("a piece that began before its turn counts as running once that is known") {
  Harness h;
  const ClassId c = h.intern(1);
  h.join(1, 1);
  h.submit(1, c);
  h.finish(1, 1, 1, 1, false, kMicrosecond);
  h.submit(2, c);
  h.submit(3, c);
  CHECK(h.scheduler.explain(ObjectId{3}).state == Explanation::State::assigned);
  h.handle(Started{ObjectId{3}, Rank{1}, 1});
  CHECK(h.scheduler.explain(ObjectId{3}).state == Explanation::State::running);
}

TEST_CASE("a queued piece whose tail was being asked back when room was kept is asked back, too") {
  Limits limits;
  limits.room_after = kSecond;
  Harness h(limits);
  h.join(1, 2);
  const ClassId small = h.intern(1);
  h.submit(1, small);
  h.finish(1, 1, 1, 1, false, 90 * kMicrosecond);  // two of them are a piece
  std::deque<Start> pieces;
  const auto finish_first = [&] {
    const Start ends = pieces.front();
    pieces.pop_front();
    h.finish(number(ends.first), 1, ends.attempt, ends.count, false, 90 * kMicrosecond);
    for (const Start& start : h.of<Start>()) pieces.push_back(start);
  };
  h.submit_range(100, 4, small);
  for (const Start& start : h.of<Start>()) pieces.push_back(start);
  h.submit(200, h.intern(2));
  h.submit_range(300, 100, small);
  for (const Start& start : h.of<Start>()) pieces.push_back(start);
  while (pieces.front().first < ObjectId{300}) finish_first();

  // Two pieces run, the others are queued. The large request has been overtaken for a second when one ends.
  REQUIRE(pieces.size() == 4);
  const Start queued = pieces.back();
  REQUIRE(queued.count == 2);
  const ObjectId tail = offset(queued.first, 1);
  h.handle(CancelRequested{tail, 1, false});
  REQUIRE(h.only<Recall>().first == tail);
  h.now = h.now + 2 * kSecond;
  finish_first();
  REQUIRE(h.of<Start>().empty());  // room is kept

  h.handle(Recalled{tail, 1, Rank{1}, queued.attempt});
  const auto rest = h.only<Recall>();
  CHECK(rest.first == queued.first);
  CHECK(rest.count == 1);
}
