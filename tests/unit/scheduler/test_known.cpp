// SPDX-License-Identifier: Apache-2.0
// Values that an earlier run left: their elements are sealed by the submission and never start.
#include <algorithm>
#include <set>

#include "harness.hpp"

using namespace rankine;
using namespace rankine::scheduler;

namespace {

std::vector<Known> values_for(std::initializer_list<std::uint32_t> elements) {
  std::vector<Known> known;
  for (const std::uint32_t element : elements)
    known.push_back({element, {Payload{5000 + element}, 8, kNoNode}});
  return known;
}

void submit_known(Harness& h, std::uint32_t count, ClassId task_class, const std::vector<Known>& known,
                  std::vector<ObjectId> dependencies = {}, std::uint64_t id = 1) {
  Submitted event;
  event.first = ObjectId{id};
  event.count = count;
  event.range = count > 1;
  event.task_class = task_class;
  event.payload = Payload{1000 + id};
  event.dependencies = dependencies;
  event.known = known;
  h.handle(event);
}

/// Finishes whatever is started until nothing is; the elements that ran.
std::set<std::uint64_t> run_all(Harness& h) {
  std::set<std::uint64_t> ran;
  for (auto starts = h.of<Start>(); !starts.empty();) {
    const Start start = starts.back();
    starts.pop_back();
    for (std::uint32_t i = 0; i < start.count; ++i) REQUIRE(ran.insert(number(start.first) + i).second);
    h.finish(number(start.first), index(start.worker), start.attempt, start.count);
    for (const Start& more : h.of<Start>()) starts.push_back(more);
  }
  return ran;
}

}  // namespace

TEST_CASE("known elements of a range are sealed and the others run") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  submit_known(h, 10, c, values_for({0, 3, 4, 9}));
  const auto delivered = h.of<Deliver>();
  std::set<std::uint64_t> told;
  for (const Deliver& d : delivered) {
    for (std::uint32_t i = 0; i < d.count; ++i) told.insert(number(d.first) + i);
  }
  CHECK(told == std::set<std::uint64_t>{1, 4, 5, 10});
  CHECK(h.scheduler.object(ObjectId{4}).value.payload == Payload{5003});
  CHECK(h.of<Start>().front().first == ObjectId{2});  // the lowest first
  CHECK(run_all(h) == std::set<std::uint64_t>{2, 3, 6, 7, 8, 9});
  CHECK(h.scheduler.pending() == 0);
  CHECK(h.scheduler.counts().finished == 10);
}

TEST_CASE("a submission that is known as a whole needs no worker") {
  Harness h;
  const ClassId c = h.intern();
  submit_known(h, 3, c, values_for({0, 1, 2}));
  submit_known(h, 1, c, values_for({0}), {}, 10);
  CHECK(h.of<Start>().empty());
  CHECK(h.of<FreePayload>().size() == 1);
  CHECK(h.state(2) == ObjectState::sealed);
  CHECK(h.state(10) == ObjectState::sealed);
  CHECK(h.scheduler.pending() == 0);
  h.handle(Released{ObjectId{10}, kHead});
  CHECK(h.only<FreeValue>().value.payload == Payload{5000});
}

TEST_CASE("known values do not wait for arguments, and a dependant of them starts") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.submit(50, c);
  const Start first = h.only<Start>();
  submit_known(h, 3, c, values_for({1}), {ObjectId{50}});
  CHECK(h.state(2) == ObjectState::sealed);
  CHECK(h.state(1) == ObjectState::pending);
  h.submit(60, c, {ObjectId{2}});
  SECTION("the argument comes") {
    h.finish(50, 1, first.attempt);
    CHECK(run_all(h) == std::set<std::uint64_t>{1, 3, 60});
  }
  SECTION("the argument fails: what is known stays") {
    h.finish(50, 1, first.attempt, 1, true);
    CHECK(run_all(h) == std::set<std::uint64_t>{60});
    CHECK(h.state(1) == ObjectState::failed);
    CHECK(h.state(2) == ObjectState::sealed);
    CHECK(h.state(3) == ObjectState::failed);
  }
  SECTION("all of it is known: the argument may end as it likes") {
    submit_known(h, 2, c, values_for({0, 1}), {ObjectId{50}}, 70);
    h.handle(Released{ObjectId{70}, kHead});
    h.finish(50, 1, first.attempt, 1, true);
    run_all(h);
  }
  CHECK(h.scheduler.pending() == 0);
}

TEST_CASE("values for a submission that exists already, or whose submitter is lost, are freed") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  submit_known(h, 4, c, values_for({2}));
  submit_known(h, 4, c, values_for({2, 3}));
  CHECK(h.of<FreeValue>().size() == 2);
  CHECK(run_all(h).size() <= 4);
  h.handle(WorkerLost{Rank{1}, false});
  Submitted event;
  event.first = ObjectId{100};
  event.submitter = Rank{1};
  event.task_class = c;
  event.payload = Payload{1};
  const auto known = values_for({0});
  event.known = known;
  h.handle(event);
  CHECK(h.of<FreeValue>().size() == 1);
  CHECK(h.of<FreePayload>().size() == 1);
}

TEST_CASE("a known range may be cancelled and lose its worker like any other") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  submit_known(h, 8, c, values_for({1, 5}));
  h.handle(CancelRequested{ObjectId{1}, 8, false});
  h.handle(WorkerLost{Rank{1}, false});
  CHECK(h.scheduler.pending() == 0);
  CHECK(h.state(2) == ObjectState::sealed);
  CHECK(h.failure(3) == FailureKind::cancelled);
}

TEST_CASE("results of stale, cancelled or late work would not be taken") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.submit_range(1, 3, c);
  const Start start = h.of<Start>().front();
  const auto would_take = [&](int worker, ObjectId first, std::uint32_t count, std::uint16_t attempt) {
    return h.scheduler.would_take({first, count, Rank{worker}, attempt, 0, {}, {}, start.ticket});
  };
  CHECK(would_take(1, start.first, start.count, 1));
  CHECK_FALSE(would_take(1, start.first, start.count, 2));
  CHECK_FALSE(would_take(2, start.first, start.count, 1));
  CHECK_FALSE(would_take(1, ObjectId{77}, 1, 1));
  CHECK_FALSE(would_take(1, start.first, start.count + 1, 1));
  h.handle(CancelRequested{start.first, 1, false});
  CHECK_FALSE(would_take(1, start.first, start.count, 1));
}

TEST_CASE("an actor may begin from an earlier run's checkpoint") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  ActorSpawned event;
  event.actor = ObjectId{1};
  event.submitter = kHead;
  event.task_class = c;
  event.payload = Payload{1001};
  event.checkpoint = {Payload{77}, 8, kNoNode};
  h.handle(event);
  CHECK(h.only<StartActor>().checkpoint.payload == Payload{77});
  event.checkpoint = {Payload{78}, 8, kNoNode};
  h.handle(event);  // a retried parent
  CHECK(h.of<FreeValue>().front().value.payload == Payload{78});
}
