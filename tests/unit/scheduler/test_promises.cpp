// SPDX-License-Identifier: Apache-2.0
// Promised objects: ends by their owner, by its loss, by nobody's interest. Loans: they keep a group alive
// whatever way round lending and returning arrive.
#include "harness.hpp"

using namespace rankine;
using namespace rankine::scheduler;

namespace {

const Value kValue{Payload{71}, 8, kNoNode};

void promise(Harness& h, std::uint64_t id, int owner) {
  h.handle(Promised{ObjectId{id}, Rank{owner}});
}
void fulfil(Harness& h, std::uint64_t id, int owner, bool failed = false, std::vector<ObjectId> inside = {}) {
  h.handle(Fulfilled{ObjectId{id}, Rank{owner}, kValue, failed, inside});
}
void lend(Harness& h, std::uint64_t id, int to, int from = -1) {
  h.handle(Lent{ObjectId{id}, Rank{to}, Rank{from}});
}
void give_back(Harness& h, std::uint64_t id, int by, int from = -1) {
  h.handle(LoanReturned{ObjectId{id}, Rank{by}, Rank{from}});
}

}  // namespace

TEST_CASE("a promise is waited for as any object is, and its owner is not told what it said itself") {
  Harness h;
  h.join(1);
  h.join(2);
  promise(h, 1, 2);
  CHECK(h.state(1) == ObjectState::pending);
  h.handle(Held{ObjectId{1}, Rank{1}});
  h.handle(Wanted{ObjectId{1}, 1, Rank{1}});
  h.submit(2, h.intern(), {ObjectId{1}});
  CHECK(h.of<Start>().empty());
  fulfil(h, 1, 2);
  CHECK(h.only<Deliver>().rank == Rank{1});
  CHECK(h.only<Start>().first == ObjectId{2});
  CHECK(h.scheduler.object(ObjectId{1}).value.payload == Payload{71});
  CHECK(h.scheduler.counts().submitted == 1);
  h.handle(Wanted{ObjectId{1}, 1, Rank{2}});
  CHECK(h.only<Deliver>().rank == Rank{2});
  fulfil(h, 1, 2);
  CHECK(h.only<FreeValue>().value.payload == Payload{71});
  promise(h, 1, 1);
  CHECK(h.state(1) == ObjectState::sealed);
  h.handle(Released{ObjectId{1}, Rank{1}});
  h.handle(Released{ObjectId{1}, Rank{2}});
  CHECK(h.state(1) == ObjectState::sealed);  // task 2 runs
  for (const int rank : {1, 2}) h.finish(2, rank);
  CHECK(h.state(1) == ObjectState::unknown);
}

TEST_CASE("a promise that fails carries the error; refs inside its value live with it") {
  Harness h;
  h.join(1);
  promise(h, 1, 1);
  fulfil(h, 1, 1, true);
  CHECK(h.failure(1) == FailureKind::threw);
  CHECK(h.scheduler.object(ObjectId{1}).value.payload == Payload{71});
  h.handle(Put{ObjectId{2}, Rank{1}, Value{Payload{5}, 8, kNoNode}, {}});
  promise(h, 3, 1);
  h.handle(Held{ObjectId{3}, kHead});
  fulfil(h, 3, 1, false, {ObjectId{2}});
  h.handle(Released{ObjectId{2}, Rank{1}});
  CHECK(h.state(2) == ObjectState::sealed);
  h.handle(Released{ObjectId{3}, Rank{1}});
  h.handle(Released{ObjectId{3}, kHead});
  CHECK(h.of<FreeValue>().size() == 2);
}

TEST_CASE("a promise of a lost owner fails as lost, for tasks and ranks that wait for it") {
  Harness h;
  h.join(1);
  h.join(2);
  promise(h, 1, 2);
  promise(h, 2, 1);
  h.handle(Held{ObjectId{1}, Rank{1}});
  h.handle(Wanted{ObjectId{1}, 1, Rank{1}});
  h.submit(3, h.intern(), {ObjectId{1}});
  h.handle(WorkerLost{Rank{2}, false});
  CHECK(h.failure(1) == FailureKind::lost);
  CHECK(h.scheduler.object(ObjectId{1}).text == "rank 2, which called the actor for it, died");
  CHECK(h.failure(3) == FailureKind::dependency);
  CHECK(h.of<Deliver>().size() == 2);
  CHECK(h.state(2) == ObjectState::pending);
  fulfil(h, 1, 2);
  CHECK(h.only<FreeValue>().value.payload == Payload{71});
  promise(h, 4, 2);  // of the life that is over
  CHECK(h.state(4) == ObjectState::unknown);
}

TEST_CASE("a promise that nobody refers to is forgotten, and its value is freed when it comes") {
  Harness h;
  h.join(1);
  promise(h, 1, 1);
  h.handle(Wanted{ObjectId{1}, 1, kHead});
  h.submit(2, h.intern(), {ObjectId{1}});
  h.handle(Released{ObjectId{1}, Rank{1}});
  CHECK(h.state(1) == ObjectState::pending);  // the task waits for it
  h.handle(CancelRequested{ObjectId{2}, 1, false});
  CHECK(h.state(1) == ObjectState::unknown);
  CHECK(h.of<Deliver>().size() == 2);  // whoever wanted it is told, too
  fulfil(h, 1, 1);
  CHECK(h.only<FreeValue>().value.payload == Payload{71});
  h.handle(Released{ObjectId{2}, kHead});
  CHECK(h.scheduler.counts().live_objects == 0);
}

TEST_CASE("a promise made again by a retried task on another rank is that rank's") {
  Harness h;
  h.join(1);
  h.join(2);
  promise(h, 1, 1);
  h.handle(Held{ObjectId{1}, kHead});
  promise(h, 1, 2);
  h.handle(WorkerLost{Rank{1}, false});
  CHECK(h.state(1) == ObjectState::pending);
  fulfil(h, 1, 2);
  CHECK(h.state(1) == ObjectState::sealed);
  h.handle(Released{ObjectId{1}, kHead});
  CHECK(h.state(1) == ObjectState::sealed);
  h.handle(Released{ObjectId{1}, Rank{2}});
  CHECK(h.state(1) == ObjectState::unknown);
}

TEST_CASE("what is lent lives until it is returned, however lending, holding and returning arrive") {
  Harness h;
  h.join(1);
  h.join(2);
  h.handle(Put{ObjectId{1}, Rank{1}, kValue, {}});
  lend(h, 1, 2);
  h.handle(Released{ObjectId{1}, Rank{1}});
  CHECK(h.state(1) == ObjectState::sealed);
  h.handle(Held{ObjectId{1}, Rank{2}});
  give_back(h, 1, 2);
  CHECK(h.state(1) == ObjectState::sealed);
  lend(h, 1, 1);
  lend(h, 1, 1);
  give_back(h, 1, 1);
  h.handle(Released{ObjectId{1}, Rank{2}});
  CHECK(h.state(1) == ObjectState::sealed);  // one loan is out
  give_back(h, 1, 1);
  CHECK(h.state(1) == ObjectState::unknown);
  // The return overtakes the loan.
  h.handle(Put{ObjectId{2}, Rank{1}, kValue, {}});
  h.handle(Held{ObjectId{2}, Rank{2}});
  give_back(h, 2, 2);
  h.handle(Released{ObjectId{2}, Rank{2}});
  lend(h, 2, 2);
  CHECK(h.state(2) == ObjectState::sealed);
  h.handle(Released{ObjectId{2}, Rank{1}});
  CHECK(h.state(2) == ObjectState::unknown);
}

TEST_CASE("loans to a lost rank end with it; a loan that died with its lender is not waited for") {
  Harness h;
  for (int rank = 1; rank <= 3; ++rank) h.join(rank);
  h.handle(Put{ObjectId{1}, Rank{1}, kValue, {}});
  lend(h, 1, 2, 1);
  h.handle(Released{ObjectId{1}, Rank{1}});
  h.handle(WorkerLost{Rank{2}, false});
  CHECK(h.state(1) == ObjectState::unknown);
  h.handle(Put{ObjectId{2}, Rank{1}, kValue, {}});
  lend(h, 2, 2, 1);
  h.handle(Released{ObjectId{2}, Rank{1}});
  CHECK(h.state(2) == ObjectState::unknown);
  // Rank 3 returns what rank 1 lent; the Lent never comes. A later loan of another rank must not be eaten by
  // it.
  h.handle(Put{ObjectId{3}, kHead, kValue, {}});
  h.handle(Held{ObjectId{3}, Rank{3}});
  give_back(h, 3, 3, 1);
  h.handle(WorkerLost{Rank{1}, false});
  give_back(h, 3, 3, 1);
  lend(h, 3, 3, 0);
  h.handle(Released{ObjectId{3}, Rank{3}});
  h.handle(Released{ObjectId{3}, kHead});
  CHECK(h.state(3) == ObjectState::sealed);
  give_back(h, 3, 3, 0);
  CHECK(h.state(3) == ObjectState::unknown);
}
