// SPDX-License-Identifier: Apache-2.0
// Room for who needs more than is free at once: gangs, all or nothing, and tasks and actors whose request
// others overtook for too long. One of them at a time stands in front: it takes its share of as many workers
// as it asks for, overdrawing those that are busy, so that nothing else is placed there and they drain; a
// worker that gets room first takes over from one that has not. What of those workers it does not ask for,
// and all others, go on serving the rest. No other of the same or a lower priority comes to the front before
// it is served, so none starves; who has a higher priority takes its place. It takes nothing of what running
// gangs and actors keep, because those may wait for tasks.
#include <algorithm>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

// ---- who stands in front ----

/// The place in front is empty, or was given up for this lane, which is more important.
bool State::front_yields(const Lane& lane) {
  if (front.lane == kNone) return true;
  if (lane.priority <= lanes[front.lane].priority) return false;
  release_front();
  return true;
}

/// This lane is more important, and would have room without what is kept.
bool State::front_keeps_from(const Lane& lane) const {
  if (lane.priority <= lanes[front.lane].priority) return false;
  for (const Rank rank : front.workers) {
    const Worker& worker = nodes.worker(rank);
    if (worker.queued.size > 0 || !gang_may_use(lane.request, worker)) continue;
    Supply free = worker.free;
    free.give(nodes.demand(front.shape));
    for (std::uint32_t choice = 0; choice < lane.request.choices(); ++choice) {
      if (free.fits(nodes.demand(lane.request.shape_of(choice)))) return true;
    }
  }
  return false;
}

/// Comes to the front, which is empty, and keeps the workers which are the nearest to having room, in the
/// first shape that has prospects. `never`: no worker can ever hold it.
Placement::Verdict State::keep_room(LaneId id, Index group, std::uint32_t ranks) {
  const PlacementRequest& request = lanes[id].request;
  const auto prospect = [](const GangPlacement& at) {
    if (at.verdict == Placement::Verdict::placed) return 3;
    return !at.workers.empty() ? 2 : at.behind_gangs ? 1 : 0;
  };
  GangPlacement best = place_gang(request, request.shape, ranks, nodes);
  std::uint32_t chosen = 0;
  bool never = best.verdict == Placement::Verdict::never;
  for (std::uint32_t choice = 1; choice < request.choices() && prospect(best) < 3; ++choice) {
    GangPlacement other = place_gang(request, request.shape_of(choice), ranks, nodes);
    never = never && other.verdict == Placement::Verdict::never;
    if (prospect(other) <= prospect(best)) continue;
    best = std::move(other);
    chosen = choice;
  }
  if (never) return Placement::Verdict::never;
  if (prospect(best) == 0) return Placement::Verdict::not_now;
  front = {id, group, request.shape_of(chosen), static_cast<std::uint8_t>(chosen), ranks, 0, now, {}};
  for (const Rank rank : best.workers) reserve_on(nodes.worker(rank));
  return Placement::Verdict::not_now;
}

bool State::has_its_room(LaneId id, Index group) const {
  return front.lane == id && front.group == group && front.workers.size() == front.ranks &&
         front.secured == front.ranks;
}

/// Nobody stands in front any more. The caller places who did, or tells the workers (release_front).
Front State::take_front() {
  for (const Rank rank : front.workers) {
    Worker& worker = nodes.worker(rank);
    worker.reserve_position = kNone;
    nodes.give(worker, front.shape);
  }
  return std::exchange(front, {});
}

/// Its workers are free for others again.
void State::release_front() {
  const Front kept = take_front();
  if (kept.group != kNone && groups[kept.group].kind == Kind::gang)
    gangs[rare(groups[kept.group]).extra].tried = 0;
  for (const Rank rank : kept.workers) refresh(nodes.worker(rank));
}

// ---- the workers that are kept ----

void State::reserve_on(Worker& worker) {
  worker.reserve_position = static_cast<Index>(front.workers.size());
  front.workers.push_back(worker.rank);
  nodes.take(worker, front.shape);
  update_room(worker);
  for (Index at = worker.queued.head; at != kNone; at = pieces[at].next) {
    if ((pieces[at].flags & kRecalling) == 0) send_recall(at, pieces[at].element, pieces[at].count);
  }
  if (nodes.covers(worker, front.shape)) swap_kept(worker.reserve_position, front.secured++);
}

void State::swap_kept(std::uint32_t a, std::uint32_t b) {
  std::swap(front.workers[a], front.workers[b]);
  nodes.worker(front.workers[a]).reserve_position = a;
  nodes.worker(front.workers[b]).reserve_position = b;
}

/// To be called while workers are kept, when the free resources of a worker changed.
void State::room_changed(Worker& worker) {
  if (worker.reserve_position == kNone) return take_over(worker);
  const bool was = worker.reserve_position < front.secured;
  const bool is = nodes.covers(worker, front.shape);
  if (is && !was) swap_kept(worker.reserve_position, front.secured++);
  if (was && !is) swap_kept(worker.reserve_position, --front.secured);
}

/// The worker has room now; it replaces a kept one that has not.
void State::take_over(Worker& worker) {
  const PlacementRequest& request = lanes[front.lane].request;
  if (front.secured == front.ranks || !gang_may_use(request, worker) || !nodes.fits(worker, front.shape))
    return;
  std::uint32_t at = front.secured;
  if (front.ranks > 1 && request.strategy != Strategy::pack) {  // the choice of nodes stays
    while (at < front.ranks && nodes.worker(front.workers[at]).node != worker.node) ++at;
    if (at == front.ranks) return;
  }
  Worker& replaced = nodes.worker(front.workers[at]);
  replaced.reserve_position = kNone;
  worker.reserve_position = at;
  front.workers[at] = worker.rank;
  nodes.take(worker, front.shape);
  update_room(worker);
  swap_kept(at, front.secured++);
  nodes.give(replaced, front.shape);
  refresh(replaced);
}

// ---- tasks and actors ----

/// The lane's head found no room. True: it was placed in the room that was kept for it, or the next try will
/// succeed.
bool State::place_in_kept_room(LaneId id) {
  Lane& lane = lanes[id];
  if (lane.kind == Kind::gang) return false;
  if (front.lane != kNone && (front.lane != id || front.group != kNone)) {
    if (front_keeps_from(lane)) {
      release_front();
      return true;
    }
    // One that can only wait for gangs to end keeps nothing.
    if (!front.workers.empty() || !overtaken_too_long(lane)) return false;
    release_front();
  }
  if (front.lane == kNone) {
    lane.stuck_since = now.ns;  // not again before long
    keep_room(id, kNone, 1);
  }
  if (!has_its_room(id, kNone)) return false;
  const Front kept = take_front();
  if (lane.kind == Kind::task) {
    dispatch(lane.head, kept.workers.front(), false, kept.choice);
  } else {
    start_actor(lane.head, kept.workers.front(), kept.choice);
  }
  return true;
}

// ---- gangs ----

/// True: something changed, the lane has another head.
bool State::place_gang_head(Index index, LaneId id) {
  Gang& gang = gangs[rare(groups[index]).extra];
  if (front.group != index || front.workers.empty()) {
    if (gang.tried == supply_changes) return false;
    if (front.group == index) {
      take_front();
    } else if (!front_yields(lanes[id])) {
      return false;
    }
    gang.tried = supply_changes;
    const bool never = keep_room(id, index, gang.ranks) == Placement::Verdict::never;
    if (never && never_is_final()) {
      fail_no_room(index, lanes[id].request);
      return true;
    }
  }
  if (!has_its_room(id, index)) return false;
  launch(index);
  return true;
}

void State::launch(Index index) {
  const Group& group = groups[index];
  Gang& gang = gangs[rare(group).extra];
  allowed(gang, GangEvent::placed);
  Front kept = take_front();
  leave_for_record(index);
  gang.state = GangState::preparing;
  gang.shape = kept.shape;
  gang.ready = gang.out = 0;
  gang.tried = 0;
  gang.lost = gang.failed = gang.timed_out = gang.cancelled = false;
  gang.serial = new_serial();
  gang.since = now;
  gang.values.assign(group.count, {});
  gang.error = {};
  std::sort(kept.workers.begin(), kept.workers.end());
  for (std::uint32_t i = 0; i < gang.ranks; ++i) {
    Worker& worker = nodes.worker(kept.workers[i]);
    gang.members.push_back({.rank = worker.rank, .state = GangMember::State::preparing});
    nodes.take(worker, gang.shape);
    nodes.note_place(worker, gang.shape, true);
    ++worker.actors;
    update_room(worker);
    emit(PrepareGang{worker.rank, group.first, gang.attempt, i, gang.ranks, group.task_class, group.key,
                     group.payload, gang.all, kept.choice});
  }
}

void State::fail_no_room(Index index, const PlacementRequest& request) {
  const Gang& gang = gangs[rare(groups[index]).extra];
  std::uint32_t capable = 0;
  for (std::uint32_t choice = 0; choice < request.choices(); ++choice)
    capable = std::max(capable, place_gang(request, request.shape_of(choice), gang.ranks, nodes).capable);
  std::string text =
      "a gang of " + std::to_string(gang.ranks) + " ranks asks for " + describe(request) + " on each";
  if (request.strategy == Strategy::strict_pack) text += ", all on one node";
  text += "; " + std::to_string(capable) +
          (request.strategy == Strategy::strict_pack ? " ranks of a node" : " ranks") +
          " could hold a member, " + nodes.describe_largest();
  fail_unfinished(index, {.kind = FailureKind::unsatisfiable, .cause = {}, .text = std::move(text)});
}

}  // namespace rankine::scheduler
