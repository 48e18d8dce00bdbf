// SPDX-License-Identifier: Apache-2.0
// Events of gangs: submitted, member ready, member finished; cancellation and the loss of members. A gang
// ends or is tried again only after each member has left or is lost, so that no worker is in two attempts at
// once. How it gets its workers is in gang_room.cpp. Time limits are not applied to gangs.
#include <algorithm>

#include "scheduler/state.hpp"

#include <rankine/core/check.hpp>

namespace rankine::scheduler {

void State::on(const GangSubmitted& event) {
  if (known_already(event.gang, Kind::gang, event)) return;
  const Index index = new_collective(event.gang, Kind::gang, event);
  const Index record = gangs.allocate();
  gangs[record] = Gang{};
  gangs[record].group = index;
  gangs[record].ranks = std::max(event.ranks, 1u);
  gangs[record].lane = intern_lane(class_of(groups[index]).options, Kind::gang);
  groups[index].extra = record;
  await_room(index, event.dependencies, event.pins);
}

/// The group of the gang in this attempt, or kNone: the message is stale.
Index State::find_gang(ObjectId id, std::uint16_t attempt) const {
  const IdTable::Place place = ids.find(id);
  if (place.group == kNone || groups[place.group].kind != Kind::gang) return kNone;
  return gangs[groups[place.group].extra].attempt == attempt ? place.group : kNone;
}

/// Of a placed gang; nullptr: the rank is no member, or has left.
GangMember* State::find_member(Gang& gang, Rank rank) {
  if (gang.state < GangState::preparing) return nullptr;
  const auto at =
      std::lower_bound(gang.members.begin(), gang.members.end(), rank,
                       [](const GangMember& member, Rank wanted) { return member.rank < wanted; });
  const bool found = at != gang.members.end() && at->rank == rank && at->state != GangMember::State::out;
  return found ? &*at : nullptr;
}

/// Looks the pair up in the transition table; an impossible one ends the process with the history.
bool State::allowed(const Gang& gang, GangEvent event) {
  const ObjectId id = groups[gang.group].first;
  history.note(id, gang.state, event);
  const Verdict said = verdict(gang.state, event);
  if (said == Verdict::impossible) {
    fail_check("gang " + std::to_string(number(id)) + " cannot meet '" + to_text(event) + "' while " +
               to_text(gang.state) + "; last transitions:" + history.text());
  }
  return said == Verdict::allowed;
}

void State::on(const GangMemberReady& event) {
  const Index index = find_gang(event.gang, event.attempt);
  if (index == kNone) return;
  Gang& gang = gangs[groups[index].extra];
  GangMember* member = find_member(gang, event.worker);
  if (member == nullptr || !allowed(gang, GangEvent::member_ready)) return;
  if (member->state != GangMember::State::preparing) return;
  member->state = GangMember::State::ready;
  if (++gang.ready < gang.ranks) return;
  gang.state = GangState::running;
  for (const GangMember& each : gang.members) emit(RunGang{each.rank, event.gang, gang.attempt});
}

void State::on(const GangMemberFinished& event) {
  const Index index = find_gang(event.gang, event.attempt);
  GangMember* member = index == kNone ? nullptr : find_member(gangs[groups[index].extra], event.worker);
  if (member == nullptr) return free_stale(event.outcome.value);
  Gang& gang = gangs[groups[index].extra];
  if (!allowed(gang, GangEvent::member_finished)) return free_stale(event.outcome.value);
  member->state = GangMember::State::out;
  ++gang.out;
  if (event.outcome.failed) {
    if (gang.failed) {
      free_stale(event.outcome.value);
    } else {
      gang.error = event.outcome.value;
    }
    gang.failed = true;
    break_gang(gang);  // the others may wait for this one in a collective operation
  } else if (member == gang.members.data()) {
    gang.value = event.outcome.value;
  } else {
    free_stale(event.outcome.value);
  }
  vacate(event.worker, lanes[gang.lane].request.shape, true);
  if (gang.out == gang.ranks) conclude(index);
}

/// Asks those that have not left to leave.
void State::break_gang(Gang& gang) {
  if (gang.state == GangState::broken) return;
  gang.state = GangState::broken;
  for (const GangMember& member : gang.members) {
    if (member.state != GangMember::State::out && nodes.live(member.rank))
      emit(BreakGang{member.rank, groups[gang.group].first, gang.attempt});
  }
}

void State::cancel_gang(Index index, bool force) {
  Gang& gang = gangs[groups[index].extra];
  if (!allowed(gang, GangEvent::cancelled)) return;
  if (gang.state < GangState::preparing) return cancel(index, 0, 1, force);
  mark_cancelled(index, 0, 1);
  break_gang(gang);
  if (!force) return;
  for (const GangMember& member : gang.members) {
    if (member.state == GangMember::State::out) continue;
    nodes.worker(member.rank).kill_asked = true;
    emit(Interrupt{member.rank, groups[index].first, 1, gang.attempt, true});
  }
}

void State::lose_member(Index index, Rank rank) {
  Gang& gang = gangs[groups[index].extra];
  allowed(gang, GangEvent::member_lost);
  find_member(gang, rank)->state = GangMember::State::out;
  ++gang.out;
  if (!gang.lost) ++gang.death_count;
  gang.lost = true;
  deaths.push_back({rank, gang.deaths});
  gang.deaths = static_cast<Index>(deaths.size() - 1);
  break_gang(gang);
  vacate(rank, lanes[gang.lane].request.shape, true);
  if (gang.out == gang.ranks) conclude(index);
}

/// All members are out: cancelled if that was asked; the value of member 0 if all returned; else tried again,
/// or failed. A loss explains the errors that the other members throw because of it.
void State::conclude(Index index) {
  Gang& gang = gangs[groups[index].extra];
  const TaskClass& options = class_of(groups[index]).options;
  const bool cancelled = (groups[index].result.marks & kCancelAsked) != 0;
  gang.state = GangState::ended;
  gang.members.clear();
  --totals.assigned;
  if (!gang.lost && !gang.failed && !cancelled) return seal(index, 0, std::exchange(gang.value, {}));
  free_stale(std::exchange(gang.value, {}));
  const Value error = std::exchange(gang.error, {});
  const bool poison = gang.lost && gang.death_count >= limits.poison_deaths;
  const bool again =
      (gang.lost || options.retry_exceptions) && !poison && gang.attempt <= options.max_retries;
  if (!cancelled && !again && !gang.lost)
    return fail(index, 0, {.kind = FailureKind::threw, .cause = {}, .text = {}}, error);
  free_stale(error);
  if (cancelled) return fail(index, 0, {FailureKind::cancelled, {}, std::string(kCancelledText)});
  if (again) return retry_gang(index);
  fail(index, 0, {poison ? FailureKind::poison : FailureKind::worker_died, {}, death_text(gang.deaths)});
}

/// Before what else waits for room.
void State::retry_gang(Index index) {
  Gang& gang = gangs[groups[index].extra];
  gang.state = GangState::room;
  ++gang.attempt;
  ++totals.retried;
  return_piece(new_piece(index, 0, 1));
}

}  // namespace rankine::scheduler
