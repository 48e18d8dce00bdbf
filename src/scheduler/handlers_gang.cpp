// SPDX-License-Identifier: Apache-2.0
// Events of gangs: submitted, member ready, member finished; cancellation and the loss of members. A gang
// ends or is tried again only after each member has left or is lost, so that no worker is in two attempts at
// once. How it gets its workers is in room.cpp.
#include <algorithm>
#include <cstdio>

#include "scheduler/state.hpp"

#include <rankine/core/check.hpp>

namespace rankine::scheduler {

void State::on(const GangSubmitted& event) {
  const std::uint32_t ranks = std::max(event.ranks, 1u);
  const std::uint32_t count = event.all ? ranks : 1;
  if (known_already(event.gang, count, Kind::gang, event)) return;
  const Index index = new_collective(event.gang, count, Kind::gang, event);
  const Index record = gangs.allocate();
  gangs[record] = Gang{};
  gangs[record].group = index;
  gangs[record].ranks = ranks;
  gangs[record].all = event.all;
  gangs[record].lane = intern_lane(class_of(groups[index]).options, Kind::gang);
  own_rare(groups[index]).extra = record;
  await_room(index, event.dependencies, event.pins);
}

/// The group of the gang in this attempt, or kNone: the message is stale.
Index State::find_gang(ObjectId id, std::uint16_t attempt) const {
  const IdTable::Place place = ids.find(id);
  if (place.group == kNone || groups[place.group].kind != Kind::gang) return kNone;
  return gangs[rare(groups[place.group]).extra].attempt == attempt ? place.group : kNone;
}

std::vector<Rank> State::gang_members(TaskId id) const {
  std::vector<Rank> ranks;
  const IdTable::Place place = ids.find(id);
  if (place.group == kNone || groups[place.group].kind != Kind::gang) return ranks;
  const Gang& gang = gangs[rare(groups[place.group]).extra];
  if (gang.state < GangState::preparing) return ranks;
  for (const GangMember& member : gang.members) ranks.push_back(member.rank);
  return ranks;
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
  Gang& gang = gangs[rare(groups[index]).extra];
  GangMember* member = find_member(gang, event.worker);
  if (member == nullptr || !allowed(gang, GangEvent::member_ready)) return;
  if (member->state != GangMember::State::preparing) return;
  member->state = GangMember::State::ready;
  if (++gang.ready < gang.ranks) return;
  gang.state = GangState::running;
  const Nanoseconds timeout = class_of(groups[index]).options.timeout;
  if (timeout > 0) push_timer({now + timeout, rare(groups[index]).extra, gang.serial, Kind::gang, false});
  for (const GangMember& each : gang.members) emit(RunGang{each.rank, event.gang, gang.attempt});
}

void State::on(const GangMemberFinished& event) {
  const Index index = find_gang(event.gang, event.attempt);
  GangMember* member = index == kNone ? nullptr : find_member(gangs[rare(groups[index]).extra], event.worker);
  if (member == nullptr) return free_stale(event.outcome.value);
  Gang& gang = gangs[rare(groups[index]).extra];
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
    break_gang(gang, limits.break_grace);  // the others may wait for this one in a collective operation
  } else {
    keep_value(gang, static_cast<std::uint32_t>(member - gang.members.data()), event);
  }
  vacate(event.worker, gang.shape, true);
  if (gang.out == gang.ranks) conclude(index);
}

/// Values are sealed when all members are out; until then the gang keeps what lies inside them alive.
void State::keep_value(Gang& gang, std::uint32_t member, const GangMemberFinished& event) {
  if (member >= gang.values.size()) return free_stale(event.outcome.value);
  gang.values[member] = event.outcome.value;
  for (const ObjectId inner : event.inside) pin_into(gang.group, inner, gang.inside);
}

/// Asks those that have not left to leave; who has not after the grace time is killed with its rank, so that
/// the gang comes to an end.
void State::break_gang(Gang& gang, Nanoseconds grace) {
  if (gang.state == GangState::broken) return;
  gang.state = GangState::broken;
  bool some = false;
  for (const GangMember& member : gang.members) {
    if (member.state == GangMember::State::out || !nodes.live(member.rank)) continue;
    some = true;
    emit(BreakGang{member.rank, groups[gang.group].first, gang.attempt});
  }
  if (some && grace > 0)
    push_timer({now + grace, rare(groups[gang.group]).extra, gang.serial, Kind::gang, true});
}

void State::kill_members(Gang& gang) {
  for (const GangMember& member : gang.members) {
    if (member.state == GangMember::State::out || !nodes.live(member.rank)) continue;
    nodes.worker(member.rank).kill_asked = true;
    emit(Interrupt{member.rank, groups[gang.group].first, 1, gang.attempt, true});
  }
}

void State::gang_over_time(const Timer& timer) {
  Gang& gang = gangs[timer.record];
  if (!allowed(gang, GangEvent::timed_out)) return;
  if (timer.forced) return kill_members(gang);
  if (gang.state == GangState::broken)  // for another reason, which may have left it all the time it wants
    return keep_timer({now + limits.interrupt_grace, timer.record, timer.serial, Kind::gang, true});
  gang.timed_out = true;
  break_gang(gang, limits.interrupt_grace);
}

void State::cancel_gang(Index index, bool force) {
  Gang& gang = gangs[rare(groups[index]).extra];
  if (!allowed(gang, GangEvent::cancelled)) return;
  if (gang.state < GangState::preparing) return cancel(index, 0, groups[index].count, force);
  gang.cancelled = true;
  break_gang(gang, 0);  // without force nobody is killed for it
  if (force) kill_members(gang);
}

void State::lose_member(Index index, Rank rank, TaskId culprit) {
  Gang& gang = gangs[rare(groups[index]).extra];
  allowed(gang, GangEvent::member_lost);
  find_member(gang, rank)->state = GangMember::State::out;
  ++gang.out;
  const bool named = culprit != TaskId{} && ids.find(culprit).group == index;
  gang.crashed = gang.crashed || named;
  // A rank that was killed on purpose, or that another task crashed, does not make this gang a suspect.
  const bool suspect = culprit != TaskId{} ? named : !nodes.worker(rank).kill_asked;
  if (!gang.lost && suspect) ++gang.death_count;
  gang.lost = true;
  gang.deaths = note_death(rank, gang.deaths);
  break_gang(gang, limits.break_grace);
  vacate(rank, gang.shape, true);
  if (gang.out == gang.ranks) conclude(index);
}

/// All members are out: cancelled if that was asked; their values if all returned; else tried again, or
/// failed. A timeout, and after it a loss, explains the errors that the other members throw because of it.
void State::conclude(Index index) {
  Gang& gang = gangs[rare(groups[index]).extra];
  const TaskClass& options = class_of(groups[index]).options;
  gang.state = GangState::ended;
  gang.serial = 0;
  gang.members.clear();
  if (!gang.lost && !gang.failed && !gang.cancelled) return seal_values(index);
  drop_attempt_values(gang);
  const Value error = std::exchange(gang.error, {});
  // What is known to crash does not get rank 0, whose death would end the run.
  const std::uint32_t others = nodes.live_count() - (nodes.live(kHead) ? 1 : 0);
  const bool needs_head = limits.reserve && others < gang.ranks;
  const bool poison = gang.lost && (gang.death_count >= limits.poison_deaths || (gang.crashed && needs_head));
  const bool retries = options.retry_exceptions || (gang.lost && !gang.timed_out);
  const bool again = retries && !poison && gang.attempt <= options.max_retries;
  if (!gang.cancelled && !again && !gang.timed_out && !gang.lost)
    return fail_pending(index, {.kind = FailureKind::threw, .cause = {}, .text = {}}, error);
  free_stale(error);
  if (gang.cancelled) return fail_pending(index, {FailureKind::cancelled, {}, std::string(kCancelledText)});
  if (again) return retry_gang(index);
  if (gang.timed_out) {
    char text[128];
    std::snprintf(text, sizeof text, "attempt %d on %u ranks took longer than its timeout of %g s",
                  int{gang.attempt}, gang.ranks, static_cast<double>(options.timeout) * 1e-9);
    return fail_pending(index, {FailureKind::timed_out, {}, text});
  }
  fail_pending(index, {poison ? FailureKind::poison : FailureKind::worker_died, {}, death_text(gang.deaths)});
}

void State::seal_values(Index index) {
  Group& group = groups[index];
  Gang& gang = gangs[rare(group).extra];
  const std::vector<Value> values = std::exchange(gang.values, {});
  totals.assigned -= group.count - group.ended;
  while (gang.inside != kNone) {
    const Index link = gang.inside;
    gang.inside = links[link].next;
    links[link].next = rare(group).inside;
    own_rare(group).inside = link;
  }
  for (std::uint32_t i = 0; i < group.count; ++i) {
    if (pending(group, i)) {
      seal(index, i, values[i]);
    } else {
      free_stale(values[i]);  // it has its value from an earlier run
    }
  }
}

void State::drop_attempt_values(Gang& gang) {
  for (const Value& value : std::exchange(gang.values, {})) free_stale(value);
  unpin_all(gang.inside);
}

/// One failure for all elements that have not ended; the packed error is kept with the first of them.
void State::fail_pending(Index index, const Failure& failure, Value error) {
  Group& group = groups[index];
  totals.assigned -= group.count - group.ended;
  bool first = true;
  for (std::uint32_t i = 0; i < group.count; ++i) {
    if (!pending(group, i)) continue;
    if (first) gangs[rare(group).extra].error_at = i;
    fail(index, i, failure, std::exchange(first, false) ? error : Value{});
  }
}

/// Before what else waits for room.
void State::retry_gang(Index index) {
  Gang& gang = gangs[rare(groups[index]).extra];
  gang.state = GangState::room;
  ++gang.attempt;
  ++totals.retried;
  return_pending(index);
}

/// A value of an earlier run was lost. A gang that is under way, or waits, makes it too.
void State::gang_remakes(Gang& gang) {
  allowed(gang, GangEvent::remade);
  if (gang.state != GangState::ended) return;
  gang.state = GangState::room;
  gang.attempt = 1;
  gang.deaths = kNone;
  gang.death_count = 0;
}

}  // namespace rankine::scheduler
