// SPDX-License-Identifier: Apache-2.0
// Why something is where it is, told with names and times; and locality, which explains where something went.
#include "harness.hpp"

using namespace rankine;
using namespace rankine::scheduler;

namespace {

using Said = Explanation::State;

Explanation explain(const Harness& h, std::uint64_t id) {
  return h.scheduler.explain(ObjectId{id}, Time{3 * kSecond});
}

}  // namespace

TEST_CASE("waiting, queued and running are told with what, where and how long") {
  Harness h;
  h.join(1);
  const ClassId c = h.intern();
  h.submit(1, c);
  h.submit(2, c, {ObjectId{1}});
  CHECK(explain(h, 1).sentence == "it runs on rank 1 for 3 s");
  CHECK(explain(h, 1).age == 3 * kSecond);
  CHECK(explain(h, 2).sentence == "it waits for 1 arguments (1) for 3 s");
  CHECK(explain(h, 2).missing == std::vector<ObjectId>{ObjectId{1}});
  h.now = Time{kSecond};
  h.handle(WorkerLost{Rank{1}, false});
  h.join(2);
  CHECK(explain(h, 1).sentence == "it runs on rank 2 for 2 s, attempt 2");
  h.handle(Promised{ObjectId{5}, Rank{2}});
  CHECK(explain(h, 5).sentence ==
        "it is the result of an actor's call that rank 2 made, and has not ended for 2 s");
  CHECK(explain(h, 99).state == Said::unknown);
}

TEST_CASE("what is ready says what it asks for, with alternatives, and for whom room is kept") {
  Harness h;
  TaskClass options;
  options.request.gpus = Amount(1);
  Resources two;
  two.cpus = Amount(2);
  options.alternatives = {two};
  h.join(1, 2);
  h.join(2, 2);
  h.submit(1, h.intern(2));
  h.submit(2, h.intern(1));
  h.submit_gang(3, 2, h.intern(2));
  h.submit(4, h.scheduler.intern(options));
  const Explanation gang = explain(h, 3);
  CHECK(gang.state == Said::ready);
  CHECK(gang.kept.size() == 2);
  CHECK(gang.with_room == 0);
  const Explanation task = explain(h, 4);
  CHECK(task.asks == "1 gpus or 2 cpus");
  CHECK(task.capable == 2);
  CHECK(task.sentence ==
        "it is ready and asks for 1 gpus or 2 cpus for 3 s; 2 of 2 workers could hold it; 2 workers are kept "
        "for "
        "the gang or actor 3, which comes first");
}

TEST_CASE("actors and gangs tell where they are and in which life") {
  Harness h;
  h.join(1);
  h.spawn(1, h.intern(), 1);
  CHECK(explain(h, 1).state == Said::assigned);
  h.handle(ActorReady{ObjectId{1}, Rank{1}, 1});
  CHECK(explain(h, 1).sentence == "the actor lives on rank 1 for 3 s");
  h.handle(ActorKilled{ObjectId{1}, true});
  CHECK(explain(h, 1).sentence == "the actor starts on rank 1 for 3 s, in its life number 2");
  h.submit_gang(2, 1, h.intern());
  CHECK(explain(h, 2).sentence ==
        "the gang is ready and asks for 1 ranks with 1 cpus each for 3 s; 1 of 1 workers could hold a "
        "member, all "
        "are busy");
  h.handle(ActorKilled{ObjectId{1}, false});
  CHECK(explain(h, 1).sentence == "the actor is dead");
  CHECK(explain(h, 2).sentence ==
        "the gang is preparing on 1 ranks for 3 s, of which 0 were ready and 0 have left");
}

TEST_CASE(
    "a task goes to the node of its large arguments if somebody there has room, else it does not wait") {
  Harness h;
  const ClassId c = h.intern();
  for (int rank = 1; rank <= 4; ++rank) h.join(rank, 1, rank / 3);
  const auto put = [&](std::uint64_t id, std::uint64_t bytes, int node) {
    h.handle(Put{ObjectId{id}, kHead, Value{Payload{id}, bytes, NodeId{node}}, {}});
  };
  put(1, 1 << 20, 0);
  put(2, 3 << 20, 1);
  put(3, 1 << 10, 1);
  const auto node_of_start = [&] { return index(h.only<Start>().worker) / 3; };
  h.submit(10, c, {ObjectId{1}});
  CHECK(node_of_start() == 0);
  h.submit(11, c, {ObjectId{1}, ObjectId{2}});
  CHECK(node_of_start() == 1);
  h.submit(12, c, {ObjectId{1}});
  CHECK(node_of_start() == 0);
  h.submit(13, c, {ObjectId{1}});
  CHECK(node_of_start() == 1);  // nobody of node 0 is free
  const int last = index(h.only<Start>().worker);
  h.finish(10, 1);
  h.finish(10, 2);
  h.submit(14, c, {ObjectId{3}});  // a small value does not attract
  CHECK(node_of_start() == 0);
  h.finish(13, last);
  h.submit(15, c, {ObjectId{2}});
  CHECK(h.only<Start>().worker == Rank{last});
}
