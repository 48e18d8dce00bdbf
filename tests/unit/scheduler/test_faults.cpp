// SPDX-License-Identifier: Apache-2.0
// Lost workers, lost nodes, cancellation, timeouts, stale messages, requests that nobody can satisfy.
#include "harness.hpp"

using namespace rankine;
using namespace rankine::scheduler;

TEST_CASE("the started task of a lost worker uses a retry, queued ones do not; a stale outcome is freed") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.submit(1, c);
  h.finish(1, 1, 1, 1, false, kMicrosecond);
  h.submit(2, c);
  h.submit(3, c);
  h.handle(WorkerLost{Rank{1}, false});
  h.join(2);
  const auto starts = h.of<Start>();
  REQUIRE(starts.size() == 2);
  CHECK(starts[0].first == ObjectId{2});
  CHECK(starts[0].attempt == 2);
  CHECK(starts[1].first == ObjectId{3});
  CHECK(starts[1].attempt == 1);
  h.finish(2, 1);  // of the dead rank
  CHECK(h.only<FreeValue>().value.payload == Payload{1'000'002});
  CHECK(h.state(2) == ObjectState::pending);
}

TEST_CASE("without retries the death is told; three deaths make a poison") {
  Harness h;
  h.submit(1, h.intern(1, 0));
  h.submit(2, h.intern(1, 9));
  for (int rank = 1; rank <= 4; ++rank) {
    h.join(rank);
    h.handle(WorkerLost{Rank{rank}, false});
  }
  CHECK(h.failure(1) == FailureKind::worker_died);
  CHECK(h.scheduler.object(ObjectId{1}).text == "the rank that ran it died: 1");
  CHECK(h.failure(2) == FailureKind::poison);
  CHECK(h.scheduler.object(ObjectId{2}).text == "the ranks that ran it died: 2, 3, 4");
}

TEST_CASE("a task that took two ranks along does not get rank 0 when nobody else is left") {
  Limits limits;
  limits.reserve = true;
  Harness h(limits);
  h.join(1);
  h.submit(1, h.intern(1, 9));
  h.handle(WorkerLost{Rank{1}, false});
  CHECK(h.state(1) == ObjectState::pending);  // one death may be the rank's own
  h.join(2);
  REQUIRE(h.of<Start>().size() == 1);
  h.handle(WorkerLost{Rank{2}, false});
  CHECK(h.failure(1) == FailureKind::poison);
  CHECK(h.scheduler.object(ObjectId{1}).text == "the ranks that ran it died: 1, 2");
}

TEST_CASE(
    "a task that is known to have crashed its rank does not get rank 0; the others there are no suspects") {
  Limits limits;
  limits.reserve = true;
  Harness h(limits);
  h.join(1, 2);
  h.submit(1, h.intern(1, 9));
  h.submit(2, h.intern(1, 9));
  REQUIRE(h.of<Start>().size() == 1);
  h.handle(WorkerLost{Rank{1}, false, TaskId{1}});
  CHECK(h.failure(1) == FailureKind::poison);
  CHECK(h.scheduler.object(ObjectId{1}).text == "the rank that ran it died: 1");
  CHECK(h.state(2) == ObjectState::pending);
  h.join(0, 2);
  CHECK(h.of<Start>().size() == 1);
}

TEST_CASE("of a map only the element that crashed its rank is to blame") {
  Limits limits;
  limits.reserve = true;
  limits.expected_workers = 1;
  Harness h(limits);
  h.join(1);
  h.submit_range(10, 5, h.intern(1, 9));
  h.handle(WorkerLost{Rank{1}, false, TaskId{10}});
  for (std::uint64_t id = 10; id < 15; ++id) {
    CAPTURE(id);
    CHECK(h.state(id) == (id == 10 ? ObjectState::failed : ObjectState::pending));
  }
}

TEST_CASE("a request that no rank can satisfy fails with what the largest has") {
  Harness h;
  h.submit(1, h.intern(8));
  CHECK(h.state(1) == ObjectState::pending);
  h.join(1, 2);
  CHECK(h.failure(1) == FailureKind::unsatisfiable);
  CHECK(h.scheduler.object(ObjectId{1}).text == "it asks for 8 cpus; the largest rank (1) has 2 cpus");
}

TEST_CASE(
    "cancel: pending at once, queued by recall, running by interrupt, an outcome that comes after is "
    "dropped") {
  Harness h;
  const ClassId c = h.intern();
  h.submit(9, c);
  h.handle(CancelRequested{ObjectId{9}, 1, false});
  CHECK(h.failure(9) == FailureKind::cancelled);
  h.join(1);
  h.submit(1, c);
  h.finish(1, 1, 1, 1, false, kMicrosecond);
  h.submit(2, c);
  h.submit(3, c);
  h.handle(CancelRequested{ObjectId{3}, 1, false});
  CHECK(h.only<Recall>().first == ObjectId{3});
  h.handle(Recalled{ObjectId{3}, 1, Rank{1}, 1});
  CHECK(h.failure(3) == FailureKind::cancelled);
  h.handle(CancelRequested{ObjectId{2}, 1, false});
  CHECK_FALSE(h.only<Interrupt>().force);
  h.finish(2, 1);
  CHECK(h.failure(2) == FailureKind::cancelled);
}

TEST_CASE("a forced cancel ends with the worker and costs no retry of the cancelled task") {
  Harness h;
  h.join(1);
  h.submit(1, h.intern());
  h.handle(CancelRequested{ObjectId{1}, 1, true});
  CHECK(h.only<Interrupt>().force);
  h.handle(WorkerLost{Rank{1}, false});
  CHECK(h.failure(1) == FailureKind::cancelled);
  CHECK(h.scheduler.counts().retried == 0);
}

TEST_CASE("a timeout interrupts, after the grace by force, and ends as timed out") {
  Harness h;
  TaskClass options;
  options.request.cpus = Amount(1);
  options.timeout = kSecond;
  h.join(1);
  h.submit(1, h.scheduler.intern(options));
  CHECK(h.only<SetTimer>().at == Time{kSecond});
  h.now = Time{kSecond};
  h.handle(Tick{});
  CHECK_FALSE(h.only<Interrupt>().force);
  h.now = h.only<SetTimer>().at;
  h.handle(Tick{});
  CHECK(h.only<Interrupt>().force);
  h.handle(WorkerLost{Rank{1}, false});
  CHECK(h.failure(1) == FailureKind::timed_out);
}

TEST_CASE("a lost node: inline values stay, others are made again, put ones are lost") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1, 1, 1);
  h.submit(1, c);
  h.finish(1, 1, 1, 1, false, kMillisecond, NodeId{1});
  h.submit(2, c);
  h.finish(2, 1);
  h.handle(Put{ObjectId{3}, kHead, Value{Payload{5}, 8, NodeId{1}}, {}});
  h.handle(WorkerLost{Rank{1}, true});
  CHECK(h.state(1) == ObjectState::pending);
  CHECK(h.state(2) == ObjectState::sealed);
  CHECK(h.failure(3) == FailureKind::lost);
  h.join(2, 1, 2);
  CHECK(h.only<Start>().first == ObjectId{1});
}

TEST_CASE("a retried parent adopts its child: the second payload is freed, the result delivered") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1, 4);
  h.submit(5, c, {}, 1);
  h.finish(5, 1);
  h.handle(Held{ObjectId{5}, Rank{2}});
  h.handle(WorkerLost{Rank{1}, false});
  h.join(3, 4);
  Submitted again;
  again.first = ObjectId{5};
  again.submitter = Rank{3};
  again.task_class = c;
  again.payload = Payload{77};
  h.handle(again);
  CHECK(h.only<FreePayload>().payload == Payload{77});
  CHECK(h.only<Deliver>().rank == Rank{3});
  CHECK(h.of<Start>().empty());
}

TEST_CASE("a value that is lost again and again is made again max_retries times, then lost for good") {
  Harness h;
  h.submit(1, h.intern(1, 2));
  for (int rank = 1; rank <= 3; ++rank) {
    h.join(rank, 1, rank);
    CHECK(h.only<Start>().first == ObjectId{1});
    h.finish(1, rank, 1, 1, false, kMillisecond, NodeId{rank});
    h.handle(WorkerLost{Rank{rank}, true});
  }
  CHECK(h.failure(1) == FailureKind::lost);
}

TEST_CASE("timers of tasks that ended long before their time do not fill the memory") {
  Harness h;
  TaskClass options;
  options.request.cpus = Amount(1);
  options.timeout = 3600 * kSecond;
  const ClassId c = h.scheduler.intern(options);
  h.join(1);
  const auto run = [&](std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t id = first; id < first + count; ++id) {
      h.submit(id, c);
      h.finish(id, 1);
      h.handle(Released{ObjectId{id}, kHead});
    }
    return h.scheduler.counts().memory_bytes;
  };
  const std::uint64_t before = run(1, 200);
  CHECK(run(201, 2000) == before);
}

TEST_CASE("histories of deaths go with what died; of what is tried again they stay whole") {
  Limits limits;
  limits.poison_deaths = 1000;
  Harness h(limits);
  const ClassId c = h.intern(1, 1000);
  h.join(1);
  const auto lose_one = [&](std::uint64_t id) {
    h.submit(id, c);
    h.handle(WorkerLost{Rank{1}, false});
    h.handle(CancelRequested{ObjectId{id}, 1, false});
    h.handle(Released{ObjectId{id}, kHead});
    h.join(1);
  };
  for (std::uint64_t id = 1; id <= 200; ++id) lose_one(id);
  const std::uint64_t before = h.scheduler.counts().memory_bytes;
  for (std::uint64_t id = 201; id <= 2000; ++id) lose_one(id);
  CHECK(h.scheduler.counts().memory_bytes == before);
  // One that goes on keeps its own history, whatever was thrown away around it.
  TaskClass few;
  few.request.cpus = Amount(1);
  few.max_retries = 2;
  h.join(2);
  h.handle(WorkerLost{Rank{1}, false});
  h.submit(3000, h.scheduler.intern(few));
  h.handle(WorkerLost{Rank{2}, false});
  for (std::uint64_t id = 3001; id <= 3300; ++id) {
    h.submit(id, c);
    h.handle(CancelRequested{ObjectId{id}, 1, false});
    h.handle(Released{ObjectId{id}, kHead});
  }
  h.join(3);
  h.handle(WorkerLost{Rank{3}, false});
  h.join(4);
  h.handle(WorkerLost{Rank{4}, false});
  CHECK(h.scheduler.object(ObjectId{3000}).text == "the ranks that ran it died: 2, 3, 4");
}
