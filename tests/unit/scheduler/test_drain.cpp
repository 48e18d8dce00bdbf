// SPDX-License-Identifier: Apache-2.0
// The end of the run's time: draining, and tasks that would not end in time.
#include "harness.hpp"

using namespace rankine;
using namespace rankine::scheduler;

TEST_CASE("a drained scheduler starts nothing: tasks, ranges, actors, gangs, retries, dependants") {
  Harness h;
  h.join(1);
  h.join(2);
  const ClassId c = h.intern();
  h.submit(1, c);
  const int first = index(h.only<Start>().worker);
  h.submit(2, c);
  const int second = index(h.only<Start>().worker);
  h.submit(3, c, {ObjectId{1}});
  CHECK(h.scheduler.running() == 2);
  h.handle(DrainRequested{});
  h.handle(DrainRequested{});  // once is enough
  h.submit(10, c);
  CHECK(h.of<Start>().empty());
  h.submit_range(20, 1000, c);
  CHECK(h.of<Start>().empty());
  h.spawn(2000, c);
  CHECK(h.of<StartActor>().empty());
  h.submit_gang(2001, 1, c);
  CHECK(h.of<PrepareGang>().empty());
  h.finish(1, first);
  CHECK(h.of<Start>().empty());  // 3 is ready now
  h.handle(WorkerLost{Rank{second}, false});
  CHECK(h.of<Start>().empty());  // 2 would be tried again
  h.join(3);
  CHECK(h.of<Start>().empty());
  CHECK(h.scheduler.running() == 0);
  CHECK(h.scheduler.pending() == 1 + 1 + 1 + 1000 + 1 + 1);
  h.handle(EverythingCancelled{});
  CHECK(h.scheduler.pending() == 0);
}

TEST_CASE("an actor that was alive is not restarted while the run drains") {
  Harness h;
  h.join(1);
  h.spawn(1, h.intern(), 3);
  h.handle(ActorReady{ObjectId{1}, Rank{1}, 1});
  h.handle(DrainRequested{});
  h.handle(WorkerLost{Rank{1}, false});
  h.join(2);
  h.submit(5, h.intern());
  CHECK(h.of<StartActor>().empty());
}

TEST_CASE("room that was kept for a gang is given up when the run drains") {
  Harness h;
  h.join(1);
  h.join(2);
  const ClassId c = h.intern();
  h.submit(1, c);
  const int busy = index(h.only<Start>().worker);
  h.submit_gang(2, 2, c);
  h.handle(DrainRequested{});
  h.finish(1, busy);
  CHECK(h.of<PrepareGang>().empty());
  CHECK(h.scheduler.running() == 0);
}

TEST_CASE("the part of a range that does not fit into the time is left, whole and countable") {
  Limits limits;
  limits.deadline = Time{10 * kSecond};
  Harness h(limits);
  h.join(1);
  const ClassId c = h.intern();
  h.submit_range(1, 10, c);
  for (std::uint64_t id = 1; id <= 10 && h.now.ns < 9 * kSecond; ++id) {
    h.now = h.now + 3 * kSecond;
    h.finish(id, 1, 1, 1, false, 3 * kSecond);
  }
  // After nine seconds three are done; the fourth would end at twelve.
  CHECK(h.scheduler.counts().finished == 3);
  CHECK(h.scheduler.counts().ready == 7);
  CHECK(h.of<Start>().empty());
  CHECK(h.scheduler.only_late_left());
  CHECK(h.scheduler.explain(ObjectId{5}).sentence.find("take about 3 s, but only 1 s") != std::string::npos);
}

TEST_CASE("work of unknown duration is started to the end, and without a deadline so is all") {
  Limits limits;
  limits.deadline = Time{kSecond};
  Harness h(limits);
  h.join(1);
  h.now = Time{kSecond - 1};
  h.submit(1, h.intern());
  CHECK(h.of<Start>().size() == 1);
  Harness endless;
  endless.join(1);
  const ClassId c = endless.intern();
  endless.submit(1, c);
  endless.finish(1, 1, 1, 1, false, 1000 * kSecond);
  endless.submit(2, c);
  CHECK(endless.of<Start>().size() == 1);
}
