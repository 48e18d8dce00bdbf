// SPDX-License-Identifier: Apache-2.0
// Ranges, prefetch, recall, blocked tasks, references.
#include "harness.hpp"

using namespace rankine;
using namespace rankine::scheduler;

TEST_CASE("a range starts with one element a worker, then in pieces of guided size") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.join(2);
  h.submit_range(1, 1000, c);
  CHECK(h.of<Start>().size() == 2);
  for (const Start& start : h.of<Start>()) {
    CHECK(start.count == 1);
    CHECK(start.range);
  }
  h.finish(1, 2, 1, 1, false, kMicrosecond);
  const auto starts = h.of<Start>();
  REQUIRE_FALSE(starts.empty());
  CHECK(starts[0].element == 2);
  CHECK(starts[0].count == 200);  // prefetch / 1 us; a fair share would be 998 / 4
}

TEST_CASE("long tasks get nothing sent ahead, short ones do, bounded by the estimated time") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.submit(1, c);
  h.finish(1, 1, 1, 1, false, kSecond);
  h.submit(2, c);
  h.submit(3, c);
  CHECK(h.of<Start>().empty());
  Harness s;
  const ClassId d = s.intern();
  s.join(1);
  s.submit(1, d);
  s.finish(1, 1, 1, 1, false, 50 * kMicrosecond);
  int sent = 0;
  for (std::uint64_t id = 2; id < 20; ++id) {
    s.submit(id, d);
    sent += static_cast<int>(s.of<Start>().size());
  }
  CHECK(sent == 4);
}

TEST_CASE("work queued behind a long task is recalled for a worker that has time") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.submit(1, c);
  h.finish(1, 1, 1, 1, false, 10 * kMicrosecond);
  for (std::uint64_t id = 2; id <= 5; ++id) h.submit(id, c);
  h.handle(Started{ObjectId{2}, Rank{1}, 1});
  h.join(2);
  const auto recalls = h.of<Recall>();
  REQUIRE(recalls.size() == 2);
  CHECK(recalls[0].first == ObjectId{5});
  h.handle(Recalled{ObjectId{5}, 1, Rank{1}, 1});
  CHECK(h.only<Start>().worker == Rank{2});
  CHECK(h.only<Start>().attempt == 1);
}

TEST_CASE("a blocked task lends its resources and takes them back") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.submit(1, c);
  h.submit(2, c, {}, 1);
  CHECK(h.of<Start>().empty());
  h.handle(Blocked{ObjectId{1}, Rank{1}, 1});
  CHECK(h.only<Start>().first == ObjectId{2});
  h.handle(Unblocked{ObjectId{1}, Rank{1}, 1});
  h.submit(3, c);
  h.finish(2, 1);
  CHECK(h.only<Deliver>().rank == Rank{1});
  CHECK(h.of<Start>().empty());
  h.finish(1, 1);
  CHECK(h.only<Start>().first == ObjectId{3});
}

TEST_CASE("priorities: larger first, in order of arrival within equal ones") {
  Harness h;
  TaskClass urgent;
  urgent.request.cpus = Amount(1);
  urgent.priority = 1;
  const ClassId c = h.intern();
  h.submit(1, c);
  h.submit(2, c);
  h.submit(3, h.scheduler.intern(urgent));
  h.join(1, 3);
  std::vector<ObjectId> order;
  for (const Start& start : h.of<Start>()) order.push_back(start.first);
  CHECK(order == std::vector<ObjectId>{ObjectId{3}, ObjectId{1}, ObjectId{2}});
}

TEST_CASE(
    "a value lives while something that contains it lives; a chain of 100,000 is freed without recursion") {
  Harness h;
  for (std::uint64_t id = 1; id <= 100'000; ++id) {
    const ObjectId before{id - 1};
    h.commands.clear();
    Put put{ObjectId{id}, kHead, Value{Payload{id}, 8, kNoNode}, {}};
    if (id > 1) put.inside = {&before, 1};
    h.scheduler.handle(put, h.now, h.commands);
  }
  for (std::uint64_t id = 1; id < 100'000; ++id) {
    h.commands.clear();
    h.scheduler.handle(Released{ObjectId{id}, kHead}, h.now, h.commands);
    REQUIRE(h.commands.empty());
  }
  h.handle(Released{ObjectId{100'000}, kHead});
  CHECK(h.of<FreeValue>().size() == 100'000);
}

TEST_CASE("a rank that waits is told at the end; an unknown object is answered at once") {
  Harness h;
  h.join(1);
  h.submit_range(1, 4, h.intern());
  h.handle(Held{ObjectId{2}, Rank{7}});
  h.handle(Wanted{ObjectId{1}, 4, Rank{7}});
  CHECK(h.of<Deliver>().empty());
  h.finish(1, 1);
  CHECK(h.of<Deliver>().size() == 2);
  h.handle(Wanted{ObjectId{999}, 1, Rank{7}});
  CHECK(h.only<Deliver>().first == ObjectId{999});
  CHECK(h.state(999) == ObjectState::unknown);
}
