// SPDX-License-Identifier: Apache-2.0
// The life of single tasks: placed, finished, freed; dependencies; prefetch.
#include "harness.hpp"

using namespace rankine;
using namespace rankine::scheduler;

TEST_CASE("a task starts on the worker, its result is delivered and freed when released") {
  Harness h;
  const ClassId c = h.intern();
  h.submit(1, c);
  CHECK(h.of<Start>().empty());
  h.join(1);
  const Start start = h.only<Start>();
  CHECK(start.worker == Rank{1});
  CHECK(start.first == ObjectId{1});
  CHECK(start.payload == Payload{1001});
  CHECK(start.attempt == 1);
  CHECK_FALSE(start.range);
  h.finish(1, 1);
  CHECK(h.only<Deliver>().rank == Rank{0});
  CHECK(h.only<FreePayload>().payload == Payload{1001});
  CHECK(h.state(1) == ObjectState::sealed);
  h.handle(Released{ObjectId{1}, Rank{0}});
  CHECK(h.only<FreeValue>().value.payload == Payload{1'000'001});
  CHECK(h.state(1) == ObjectState::unknown);
  CHECK(h.scheduler.counts().live_objects == 0);
}

TEST_CASE("a task waits for its dependencies and keeps them alive") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.submit(1, c);
  h.submit(2, c, {ObjectId{1}});
  CHECK(h.scheduler.explain(ObjectId{2}).state == Explanation::State::waiting);
  h.handle(Released{ObjectId{1}, Rank{0}});
  h.finish(1, 1);
  CHECK(h.only<Start>().first == ObjectId{2});
  CHECK(h.of<FreeValue>().empty());
  h.finish(2, 1);
  CHECK(h.only<FreeValue>().value.payload == Payload{1'000'001});
}

TEST_CASE("a start says whether other tasks wait for its end") {
  Harness h;
  const ClassId c = h.intern();
  h.submit(1, c);
  h.submit(2, c, {ObjectId{1}});
  h.join(1);
  CHECK(h.only<Start>().awaited);
  h.finish(1, 1);
  CHECK(h.only<Start>().first == ObjectId{2});
  CHECK_FALSE(h.only<Start>().awaited);  // the driver is told as soon as the rest of the queue has run
}

TEST_CASE("a failed dependency fails the task with the first cause, through a chain of a hundred thousand") {
  Harness h;
  const ClassId c = h.intern();
  std::string broken;
  const auto quiet = [&](const Event& event) {
    h.commands.clear();
    h.scheduler.handle(event, h.now, h.commands);
    h.tickets.note(h.commands);
  };
  constexpr std::uint64_t kLength = 100'000;
  for (std::uint64_t id = 1; id <= kLength; ++id) {
    const ObjectId before{id - 1};
    Submitted event;
    event.first = ObjectId{id};
    event.submitter = kHead;
    event.task_class = c;
    if (id > 1) event.dependencies = {&before, 1};
    quiet(event);
  }
  Resources has;
  has.cpus = Amount(1);
  quiet(WorkerJoined{Rank{1}, NodeId{0}, has});
  h.finish(1, 1, 1, 1, true);
  CHECK(h.failure(1) == FailureKind::threw);
  CHECK(h.failure(kLength) == FailureKind::dependency);
  CHECK(h.scheduler.object(ObjectId{kLength}).cause == ObjectId{1});
  for (std::uint64_t id = 1; id < kLength; ++id) quiet(Released{ObjectId{id}, kHead});
  CHECK(h.failure(1) == FailureKind::threw);  // the root lives as long as what names it
  h.handle(Released{ObjectId{kLength}, kHead});
  CHECK(h.scheduler.counts().live_objects == 0);
}

TEST_CASE("of tasks of a millisecond a busy worker has the next one; of long or unknown ones it has not") {
  for (const auto& [duration, ahead] :
       {std::pair{kMillisecond, std::size_t{1}}, std::pair{kSecond, std::size_t{0}}}) {
    Harness h;
    const ClassId c = h.intern();
    h.join(1);
    h.submit(1, c);
    h.submit(2, c);
    CHECK(h.of<Start>().empty());  // how long it takes is not known
    h.finish(1, 1, 1, 1, false, duration);
    CHECK(h.of<Start>().size() == 1);
    h.submit(3, c);
    CHECK(h.of<Start>().size() == ahead);
    h.submit(4, c);
    CHECK(h.of<Start>().empty());  // one is enough
  }
}
