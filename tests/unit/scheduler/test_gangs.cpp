// SPDX-License-Identifier: Apache-2.0
// Gangs: all or nothing, no starvation, strategies, lost members, errors, cancellation.
#include <set>

#include "harness.hpp"

using namespace rankine;
using namespace rankine::scheduler;

namespace {

std::set<int> members(const Harness& h) {
  std::set<int> ranks;
  for (const PrepareGang& prepare : h.of<PrepareGang>()) ranks.insert(index(prepare.worker));
  return ranks;
}

}  // namespace

TEST_CASE("where workers were lost, rank 0 is asked to help before a request fails for good") {
  Limits limits;
  limits.expected_workers = 3;
  limits.reserve = true;
  Harness h(limits);
  for (int rank = 1; rank <= 3; ++rank) h.join(rank);
  h.submit_gang(1, 4, h.intern());
  CHECK(h.failure(1) == FailureKind::unsatisfiable);  // nobody was lost: it never was possible
  CHECK(h.of<Enlist>().empty());
  h.submit_gang(2, 3, h.intern());
  REQUIRE(members(h) == std::set<int>{1, 2, 3});
  h.handle(WorkerLost{Rank{1}, false});
  h.member_finished(2, 2);
  h.member_finished(2, 3);
  CHECK(h.of<Enlist>().size() == 1);
  CHECK(h.state(2) == ObjectState::pending);
  h.handle(Tick{});
  CHECK(h.of<Enlist>().empty());  // once is enough
  h.join(0);
  CHECK(members(h) == std::set<int>{0, 2, 3});
  h.submit_gang(4, 4, h.intern());
  CHECK(h.failure(4) == FailureKind::unsatisfiable);
}

TEST_CASE("a gang runs when all members are ready and ends with the value of member 0 when all are out") {
  Harness h;
  h.join(1);
  h.join(2);
  h.submit_gang(1, 2, h.intern());
  REQUIRE(members(h) == std::set<int>{1, 2});
  CHECK(h.of<PrepareGang>()[1].member == 1);
  CHECK(h.of<PrepareGang>()[1].size == 2);
  h.member_ready(1, 2);
  h.member_ready(1, 2);
  CHECK(h.of<RunGang>().empty());
  h.member_ready(1, 1);
  CHECK(h.of<RunGang>().size() == 2);
  h.member_finished(1, 1);
  CHECK(h.state(1) == ObjectState::pending);
  h.member_finished(1, 2);
  CHECK(h.only<FreeValue>().value.payload == Payload{2'000'002});
  CHECK(h.state(1) == ObjectState::sealed);
  CHECK(h.scheduler.object(ObjectId{1}).value.payload == Payload{2'000'001});
}

TEST_CASE("a gang keeps workers free as they get room; tasks go on elsewhere and after it") {
  Harness h;
  const ClassId c = h.intern(1);
  for (int rank = 1; rank <= 3; ++rank) h.join(rank, 2);
  for (std::uint64_t id = 1; id <= 6; ++id) h.submit(id, c);
  const ClassId gang = h.intern_gang(Strategy::pack, 2);
  h.submit_gang(10, 2, gang);
  CHECK(members(h).empty());
  std::set<int> stays;
  for (std::uint64_t id = 11; id <= 30; ++id) h.submit(id, c);  // a stream that would always fill the gaps
  // Tasks end one by one; whatever starts anew starts on the one worker that the gang left alone.
  for (std::uint64_t id = 1; id <= 6 && members(h).empty(); ++id) {
    for (int rank = 1; rank <= 3; ++rank) h.finish(id, rank, 1, 1, false, kSecond);
    for (const Start& start : h.of<Start>()) stays.insert(index(start.worker));
  }
  CHECK(stays.size() <= 1);
  CHECK(h.scheduler.explain(ObjectId{10}).state == Explanation::State::running);
}

TEST_CASE("a small gang does not overtake a large one, a more important one does") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.join(2);
  h.submit(1, c);
  h.submit_gang(2, 2, c);
  h.submit_gang(3, 1, h.intern_gang(Strategy::spread));
  CHECK(h.of<PrepareGang>().empty());
  TaskClass urgent;
  urgent.request.cpus = Amount(1);
  urgent.priority = 9;
  h.submit_gang(4, 1, h.scheduler.intern(urgent));
  CHECK(h.only<PrepareGang>().gang == ObjectId{4});
}

TEST_CASE("while a gang runs, one that waits for it leaves the other workers to tasks") {
  Harness h;
  const ClassId c = h.intern();
  for (int rank = 1; rank <= 3; ++rank) h.join(rank);
  h.submit_gang(1, 2, c);
  const std::set<int> first = members(h);
  h.submit_gang(2, 3, c);
  h.submit(3, c);  // perhaps one that gang 1 waits for
  REQUIRE(h.of<Start>().size() == 1);
  const int other = index(h.only<Start>().worker);
  h.finish(3, other);
  CHECK(h.of<PrepareGang>().empty());
  for (const int rank : first) h.member_finished(1, rank);
  CHECK(members(h).size() == 3);
}

TEST_CASE("strategies: pack fills a node, spread takes one of each, strict_pack waits for one node") {
  Harness h;
  for (int rank = 1; rank <= 6; ++rank) h.join(rank, 1, (rank - 1) / 2);
  h.submit_gang(1, 2, h.intern_gang(Strategy::pack));
  const std::set<int> packed = members(h);
  CHECK((*packed.begin() - 1) / 2 == (*packed.rbegin() - 1) / 2);
  for (const int rank : packed) h.member_finished(1, rank);
  h.submit_gang(2, 3, h.intern_gang(Strategy::spread));
  std::set<int> nodes;
  for (const int rank : members(h)) nodes.insert((rank - 1) / 2);
  CHECK(nodes.size() == 3);
  const std::set<int> spread = members(h);
  h.submit_gang(3, 2, h.intern_gang(Strategy::strict_pack));
  CHECK(h.of<PrepareGang>().empty());  // three are free, on three nodes
  h.member_finished(2, *spread.begin());
  const int node = (*spread.begin() - 1) / 2;
  CHECK(members(h) == std::set<int>{2 * node + 1, 2 * node + 2});
}

TEST_CASE("a gang that never can have room fails with what there is") {
  Harness h;
  h.join(1, 2, 0);
  h.join(2, 2, 1);
  h.submit_gang(1, 3, h.intern(1));
  CHECK(h.failure(1) == FailureKind::unsatisfiable);
  CHECK(h.scheduler.object(ObjectId{1}).text ==
        "a gang of 3 ranks asks for 1 cpus on each; 2 ranks could hold a member, the largest rank (1) has 2 "
        "cpus");
  h.submit_gang(2, 2, h.intern_gang(Strategy::strict_pack, 1));
  CHECK(h.failure(2) == FailureKind::unsatisfiable);
  h.submit_gang(3, 1, h.intern(8));
  CHECK(h.failure(3) == FailureKind::unsatisfiable);
}

TEST_CASE("a lost member breaks the gang; it is tried again when the others have left, else told") {
  Harness h;
  for (int rank = 1; rank <= 3; ++rank) h.join(rank);
  h.submit_gang(1, 2, h.intern_gang(Strategy::pack, 1, 1));
  std::set<int> first = members(h);
  const int dies = *first.begin();
  const int stays = *first.rbegin();
  h.handle(WorkerLost{Rank{dies}, false});
  CHECK(h.only<BreakGang>().worker == Rank{stays});
  CHECK(h.of<PrepareGang>().empty());
  h.member_finished(1, stays, 1, true);  // it threw GangBroken: the loss is the cause
  CHECK(h.state(1) == ObjectState::pending);
  REQUIRE(members(h).size() == 2);
  CHECK(h.of<PrepareGang>()[0].attempt == 2);
  h.member_finished(1, stays, 1, true);  // of the first attempt
  CHECK(h.only<FreeValue>().value.payload == Payload{2'000'000 + static_cast<std::uint64_t>(stays)});
  h.join(dies);
  for (const int rank : {1, 2, 3}) {
    if (rank != dies) h.handle(WorkerLost{Rank{rank}, false});
  }
  CHECK(h.failure(1) == FailureKind::worker_died);
}

TEST_CASE("a member that throws sends the others home, and its error is the gang's") {
  Harness h;
  h.join(1);
  h.join(2);
  h.submit_gang(1, 2, h.intern());
  h.member_ready(1, 1);
  h.member_ready(1, 2);
  h.member_finished(1, 2, 1, true);
  CHECK(h.only<BreakGang>().worker == Rank{1});
  h.member_finished(1, 1, 1, true);
  CHECK(h.failure(1) == FailureKind::threw);
  CHECK(h.scheduler.object(ObjectId{1}).value.payload == Payload{2'000'002});
}

TEST_CASE("cancelling a gang: at once while it waits, when all have left while it runs") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.join(2);
  h.submit(1, c);
  h.submit_gang(2, 2, c);
  h.submit(3, c);
  CHECK(h.of<Start>().empty());  // the other worker is kept for the gang
  h.handle(CancelRequested{ObjectId{2}, 1, false});
  CHECK(h.failure(2) == FailureKind::cancelled);
  CHECK(h.only<Start>().first == ObjectId{3});
  h.finish(1, 1);
  h.finish(1, 2);
  h.finish(3, 1);
  h.finish(3, 2);
  h.submit_gang(4, 2, c);
  h.handle(CancelRequested{ObjectId{4}, 1, false});
  CHECK(h.of<BreakGang>().size() == 2);
  h.member_finished(4, 1, 1, true);
  h.member_finished(4, 2);
  CHECK(h.failure(4) == FailureKind::cancelled);
  h.submit_gang(5, 2, c);
  h.handle(CancelRequested{ObjectId{5}, 1, true});
  CHECK(h.of<Interrupt>().size() == 2);
}

TEST_CASE("a gang waits for its dependencies, and fails with them") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.join(2);
  h.submit(1, c);
  h.submit_gang(2, 2, c, {ObjectId{1}});
  CHECK(h.of<PrepareGang>().empty());
  for (const int rank : {1, 2}) h.finish(1, rank, 1, 1, true);
  CHECK(h.failure(2) == FailureKind::dependency);
}

TEST_CASE("a gang does not wait behind actors for ever: workers that they fill are not reserved") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.join(2);
  h.spawn(1, c);
  h.submit_gang(2, 2, c);
  h.submit(3, c);
  CHECK(h.of<Start>().size() == 1);  // nothing is kept free for a gang that has no prospect of room
  h.handle(ActorKilled{ObjectId{1}, false});
  h.finish(3, 1);
  h.finish(3, 2);
  CHECK(h.scheduler.explain(ObjectId{2}).state == Explanation::State::running);
}

TEST_CASE("a gang of all values: an object for each member, sealed together; refs inside live with them") {
  Harness h;
  for (int rank = 1; rank <= 3; ++rank) h.join(rank);
  h.submit_gang(1, 3, h.intern(), {}, true);
  CHECK(h.of<PrepareGang>()[0].all);
  CHECK(h.scheduler.gang_members(ObjectId{1}) == std::vector<Rank>{Rank{1}, Rank{2}, Rank{3}});
  h.handle(Put{ObjectId{9}, Rank{2}, Value{Payload{9}, 8, kNoNode}, {}});
  h.member_finished(1, 2, 1, false, kNoNode, {ObjectId{9}});
  h.handle(Released{ObjectId{9}, Rank{2}});
  CHECK(h.state(9) == ObjectState::sealed);
  h.member_finished(1, 1);
  CHECK(h.state(1) == ObjectState::pending);
  h.member_finished(1, 3);
  CHECK(h.only<Deliver>().count == 3);
  for (std::uint64_t i = 0; i < 3; ++i)
    CHECK(h.scheduler.object(ObjectId{1 + i}).value.payload == Payload{2'000'001 + i});
  CHECK(h.scheduler.gang_members(ObjectId{1}).empty());
  h.handle(Released{ObjectId{1}, kHead});
  CHECK(h.of<FreeValue>().size() == 4);
  CHECK(h.scheduler.counts().live_objects == 0);
}

TEST_CASE("a gang of all values fails as one: every element tells the error, which is freed once") {
  Harness h;
  for (int rank = 1; rank <= 3; ++rank) h.join(rank);
  h.submit_gang(1, 3, h.intern_gang(Strategy::pack, 1, 0), {}, true);
  h.submit(10, h.intern(), {ObjectId{3}});
  h.member_finished(1, 1);
  h.member_finished(1, 2, 1, true);
  h.member_finished(1, 3, 1, true);
  for (std::uint64_t id = 1; id <= 3; ++id) {
    CHECK(h.failure(id) == FailureKind::threw);
    CHECK(h.scheduler.object(ObjectId{id}).value.payload == Payload{2'000'002});
  }
  CHECK(h.scheduler.object(ObjectId{10}).cause == ObjectId{3});
  CHECK(h.of<FreeValue>().size() == 2);
  h.handle(Released{ObjectId{1}, kHead});
  h.handle(Released{ObjectId{10}, kHead});
  CHECK(h.of<FreeValue>().size() == 1);
  CHECK(h.scheduler.counts().live_objects == 0);
}

TEST_CASE("a lost attempt lets go of what lay inside its values; the next one's stay") {
  Harness h;
  for (int rank = 1; rank <= 2; ++rank) h.join(rank);
  h.submit_gang(1, 2, h.intern(), {}, true);
  h.join(3);
  h.handle(Put{ObjectId{9}, Rank{1}, Value{Payload{9}, 8, kNoNode}, {}});
  h.member_finished(1, 1, 1, false, kNoNode, {ObjectId{9}});
  h.handle(Released{ObjectId{9}, Rank{1}});
  h.handle(WorkerLost{Rank{2}, false});
  CHECK(h.state(9) == ObjectState::unknown);
  CHECK(h.of<FreeValue>().size() == 2);
  CHECK(h.state(1) == ObjectState::pending);
}

TEST_CASE("lost values of a gang are made again by one run, in which the others keep theirs") {
  Harness h;
  for (int rank = 1; rank <= 4; ++rank) h.join(rank, 1, rank);
  h.submit_gang(1, 3, h.intern(), {}, true);
  const std::vector<Rank> first = h.scheduler.gang_members(ObjectId{1});
  for (const Rank rank : first) h.member_finished(1, index(rank), 1, false, NodeId{index(rank)});
  h.handle(WorkerLost{first[2], true});
  CHECK(h.state(3) == ObjectState::pending);
  CHECK(h.state(1) == ObjectState::sealed);
  CHECK(members(h).size() == 3);
  h.handle(ObjectVanished{ObjectId{2}});  // another one, while it runs
  CHECK(h.state(2) == ObjectState::pending);
  CHECK(h.of<PrepareGang>().empty());
  for (const Rank rank : h.scheduler.gang_members(ObjectId{1})) h.member_finished(1, index(rank));
  for (std::uint64_t id = 1; id <= 3; ++id) CHECK(h.state(id) == ObjectState::sealed);
  CHECK(h.scheduler.object(ObjectId{1}).value.node == NodeId{index(first[0])});
  CHECK(h.scheduler.object(ObjectId{3}).value.node == kNoNode);
}

TEST_CASE("a gang over its time is broken, and who does not leave is killed") {
  Limits limits;
  limits.interrupt_grace = 100;
  Harness h(limits);
  TaskClass options;
  options.request.cpus = Amount(1);
  options.timeout = 1000;
  h.join(1);
  h.join(2);
  h.submit_gang(1, 2, h.scheduler.intern(options));
  h.now = Time{500};
  h.member_ready(1, 1);
  h.member_ready(1, 2);
  CHECK(h.only<SetTimer>().at.ns == 1500);
  h.tick(1500);
  CHECK(h.of<BreakGang>().size() == 2);
  h.member_finished(1, 1, 1, true);
  h.tick(1600);
  CHECK(h.only<Interrupt>().worker == Rank{2});
  CHECK(h.only<Interrupt>().force);
  h.handle(WorkerLost{Rank{2}, false});
  CHECK(h.failure(1) == FailureKind::timed_out);
  CHECK(h.scheduler.object(ObjectId{1}).text ==
        "attempt 1 on 2 ranks took longer than its timeout of 1e-06 s");
}

TEST_CASE("members that do not leave a broken gang are killed after a grace time; in time, nobody is") {
  Limits limits;
  limits.break_grace = 100;
  Harness h(limits);
  for (int rank = 1; rank <= 3; ++rank) h.join(rank);
  h.submit_gang(1, 3, h.intern_gang(Strategy::pack, 1, 0));
  h.handle(WorkerLost{Rank{3}, false});
  h.member_finished(1, 1, 1, true);
  h.tick(100);
  CHECK(h.only<Interrupt>().worker == Rank{2});
  h.handle(WorkerLost{Rank{2}, false});
  CHECK(h.failure(1) == FailureKind::worker_died);
  h.join(2);
  h.submit_gang(2, 2, h.intern_gang(Strategy::pack, 1, 0));
  h.member_finished(2, 1, 1, true);
  h.member_finished(2, 2, 1, true);
  CHECK(h.failure(2) == FailureKind::threw);
  h.tick(1000);
  CHECK(h.of<Interrupt>().empty());
}
