// SPDX-License-Identifier: Apache-2.0
// Tickets: what a worker says of a piece is believed only with the ticket of the Start that sent it.
#include <limits>

#include "harness.hpp"
#include "scheduler/state.hpp"

using namespace rankine;
using namespace rankine::scheduler;

namespace {

/// One element ends with the value 5; nothing is filled in, so the scheduler sees this very ticket.
const Commands& end(Harness& h, std::uint64_t id, int worker, const Ticket& ticket,
                    std::uint16_t attempt = 1) {
  const Outcome outcome{{Payload{5}, 8, kNoNode}, false};
  h.tickets = {};
  return h.handle(Finished{ObjectId{id}, 1, Rank{worker}, attempt, kMillisecond, {&outcome, 1}, {}, ticket});
}

}  // namespace

TEST_CASE("a ticket is of one use of a record: that of the task before is stale") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.submit(1, c);
  const Ticket first = h.only<Start>().ticket;
  end(h, 1, 1, first);
  CHECK(h.state(1) == ObjectState::sealed);
  h.submit(2, c);
  const Ticket second = h.only<Start>().ticket;
  REQUIRE(second.piece == first.piece);  // the record is used again
  CHECK(second.serial != first.serial);
  end(h, 2, 1, first);
  CHECK(h.state(2) == ObjectState::pending);
  CHECK(h.only<FreeValue>().value.payload == Payload{5});
  end(h, 1, 1, first);  // once more
  CHECK(h.only<FreeValue>().value.payload == Payload{5});
  end(h, 2, 1, second);
  CHECK(h.state(2) == ObjectState::sealed);
}

TEST_CASE("a ticket with another worker, attempt or task than its own is stale") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1, 2);
  h.join(2);
  h.submit(1, c);
  const Start one = h.only<Start>();
  h.submit(2, c);
  const Start two = h.only<Start>();
  const int other = one.worker == Rank{1} ? 2 : 1;
  end(h, 1, other, one.ticket);
  end(h, 1, index(one.worker), one.ticket, 2);
  end(h, 1, index(two.worker), two.ticket);
  end(h, 2, index(one.worker), one.ticket);
  end(h, 77, index(one.worker), one.ticket);
  CHECK(h.state(1) == ObjectState::pending);
  CHECK(h.state(2) == ObjectState::pending);
  end(h, 1, index(one.worker), one.ticket);
  end(h, 2, index(two.worker), two.ticket);
  CHECK(h.state(1) == ObjectState::sealed);
  CHECK(h.state(2) == ObjectState::sealed);
}

TEST_CASE("a ticket of records that do not exist is stale, and so is none at all") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.submit(1, c);
  const Ticket right = h.only<Start>().ticket;
  constexpr std::uint32_t kFar = std::numeric_limits<std::uint32_t>::max();
  for (const std::uint32_t piece : {right.piece + 1, 1u << 20, kFar}) {
    end(h, 1, 1, {right.serial, piece, right.group});
    CHECK(h.state(1) == ObjectState::pending);
  }
  end(h, 1, 1, {right.serial + 1, right.piece, right.group});
  end(h, 1, 1, {});
  end(h, 1, 1, {0, right.piece, right.group});
  CHECK(h.state(1) == ObjectState::pending);
  end(h, 1, 1, {right.serial, right.piece, kFar});  // this number is a hint only
  CHECK(h.state(1) == ObjectState::sealed);
  end(h, 1, 1, {0, right.piece, right.group});  // a record that is free has no serial
  CHECK(h.only<FreeValue>().value.payload == Payload{5});
}

TEST_CASE("without their ticket other words of a piece change nothing either") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.submit(1, c);
  const Ticket right = h.only<Start>().ticket;
  h.tickets = {};
  const std::string before = h.scheduler.explain(ObjectId{1}).sentence;
  h.handle(Started{ObjectId{1}, Rank{1}, 1, {}});
  CHECK(h.scheduler.explain(ObjectId{1}).sentence == before);
  h.handle(Blocked{ObjectId{1}, Rank{1}, 1, {}});
  h.submit(2, c);  // the cpu is still taken
  CHECK(h.of<Start>().empty());
  h.handle(Recalled{ObjectId{1}, 1, Rank{1}, 1, {}});
  CHECK(h.of<Start>().empty());
  h.handle(Blocked{ObjectId{1}, Rank{1}, 1, right});
  CHECK(h.only<Start>().first == ObjectId{2});
  h.handle(Unblocked{ObjectId{1}, Rank{1}, 1, {}});
  CHECK(h.scheduler.running() == 1);
  h.handle(Unblocked{ObjectId{1}, Rank{1}, 1, right});
  CHECK(h.scheduler.running() == 2);
}

TEST_CASE("a piece keeps its ticket while its tail is taken back; the tail gets one of its own") {
  Harness h;
  const ClassId c = h.intern();
  h.join(1);
  h.submit(1, c);
  h.finish(1, 1, 1, 1, false, kMicrosecond);
  h.submit_range(2, 100, c);
  const Start start = h.of<Start>().front();
  REQUIRE(start.count > 2);
  h.join(2);
  h.handle(Recalled{offset(start.first, 1), start.count - 1, start.worker, 1, start.ticket});
  for (const Start& again : h.of<Start>()) CHECK(again.ticket.serial != start.ticket.serial);
  end(h, number(start.first), index(start.worker), start.ticket);
  CHECK(h.scheduler.object(start.first).state == ObjectState::sealed);
}

TEST_CASE("the serials of tickets go round without 0, which is none") {
  State state{Limits{}};
  Commands commands;
  state.out = &commands;
  state.next_serial = std::numeric_limits<std::uint32_t>::max();
  CHECK(state.new_serial() == std::numeric_limits<std::uint32_t>::max());
  CHECK(state.new_serial() == 1);
}
