// SPDX-License-Identifier: Apache-2.0
// Room for gangs, all or nothing. One gang at a time stands in front: it takes its share of as many workers
// as it has ranks, overdrawing those that are busy, so that nothing else is placed there and they drain; a
// worker that gets room first takes over from one that has not. No gang of the same or a lower priority
// overtakes the one in front, so none starves; tasks go on on what it does not take. It takes nothing on
// workers that running gangs occupy, because those may wait for tasks.
#include <algorithm>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

/// True: something changed, the lane has another head.
bool State::place_gang_head(Index index, const Lane& lane) {
  if (front_gang != kNone && front_gang != index) {
    if (lane.priority <= lane_of(groups[front_gang]).priority) return false;
    release_front();
  }
  Gang& gang = gangs[groups[index].extra];
  if (gang.members.empty()) {
    if (gang.tried == supply_changes) return false;
    if (!reserve(index, lane.request)) return groups[index].ended == groups[index].count;
  }
  if (gang.secured < gang.ranks) return false;
  launch(index);
  return true;
}

/// True: the gang is in front and has its workers, though not all have room yet.
bool State::reserve(Index index, const PlacementRequest& request) {
  Gang& gang = gangs[groups[index].extra];
  const GangPlacement placement = place_gang(request, gang.ranks, nodes);
  if (placement.verdict == Placement::Verdict::never && nodes.live_count() > 0 &&
      nodes.seen_count() >= limits.expected_workers) {
    fail_no_room(index, request);
    return false;
  }
  gang.tried = supply_changes;
  if (placement.workers.empty()) {
    front_gang = placement.behind_gangs ? index : kNone;
    return false;
  }
  front_gang = index;
  for (const Rank rank : placement.workers) reserve_on(gang, nodes.worker(rank));
  return true;
}

void State::reserve_on(Gang& gang, Worker& worker) {
  const ShapeId shape = lanes[gang.lane].request.shape;
  worker.reserve_position = static_cast<Index>(gang.members.size());
  gang.members.push_back({.rank = worker.rank, .state = GangMember::State::reserved});
  nodes.take(worker, shape);
  update_room(worker);
  for (Index at = worker.queued.head; at != kNone; at = pieces[at].next) {
    if ((pieces[at].flags & kRecalling) == 0) send_recall(at, pieces[at].element, pieces[at].count);
  }
  if (nodes.covers(worker, shape)) swap_members(gang, worker.reserve_position, gang.secured++);
}

void State::swap_members(Gang& gang, std::uint32_t a, std::uint32_t b) {
  std::swap(gang.members[a], gang.members[b]);
  nodes.worker(gang.members[a].rank).reserve_position = a;
  nodes.worker(gang.members[b].rank).reserve_position = b;
}

/// To be called while a gang is in front, when the free resources of a worker changed.
void State::room_changed(Worker& worker) {
  Gang& gang = gangs[groups[front_gang].extra];
  if (gang.members.empty()) return;
  if (worker.reserve_position == kNone) return take_over(gang, worker);
  const bool was = worker.reserve_position < gang.secured;
  const bool is = nodes.covers(worker, lanes[gang.lane].request.shape);
  if (is && !was) swap_members(gang, worker.reserve_position, gang.secured++);
  if (was && !is) swap_members(gang, worker.reserve_position, --gang.secured);
}

/// The worker has room now; it replaces a reserved one that has not.
void State::take_over(Gang& gang, Worker& worker) {
  const PlacementRequest& request = lanes[gang.lane].request;
  if (gang.secured == gang.ranks || !gang_may_use(request, worker) || !nodes.fits(worker, request.shape))
    return;
  std::uint32_t at = gang.secured;
  if (request.strategy != Strategy::pack) {  // the choice of nodes stays
    while (at < gang.ranks && nodes.worker(gang.members[at].rank).node != worker.node) ++at;
    if (at == gang.ranks) return;
  }
  Worker& replaced = nodes.worker(gang.members[at].rank);
  replaced.reserve_position = kNone;
  worker.reserve_position = at;
  gang.members[at].rank = worker.rank;
  nodes.take(worker, request.shape);
  update_room(worker);
  swap_members(gang, at, gang.secured++);
  nodes.give(replaced, request.shape);
  refresh(replaced);
}

/// Its workers are free for others again.
void State::release_front() {
  Gang& gang = gangs[groups[front_gang].extra];
  front_gang = kNone;
  gang.secured = 0;
  gang.tried = 0;
  const std::vector<GangMember> members = std::exchange(gang.members, {});
  for (const GangMember& member : members) {
    Worker& worker = nodes.worker(member.rank);
    worker.reserve_position = kNone;
    nodes.give(worker, lanes[gang.lane].request.shape);
    refresh(worker);
  }
}

void State::launch(Index index) {
  const Group& group = groups[index];
  Gang& gang = gangs[group.extra];
  const ShapeId shape = lanes[gang.lane].request.shape;
  allowed(gang, GangEvent::placed);
  front_gang = kNone;
  delete_piece(cut_piece(index));
  totals.assigned += 1;
  gang.state = GangState::preparing;
  gang.ready = gang.out = gang.secured = 0;
  gang.tried = 0;
  gang.lost = gang.failed = false;
  gang.value = gang.error = {};
  std::sort(gang.members.begin(), gang.members.end(),
            [](const GangMember& a, const GangMember& b) { return a.rank < b.rank; });
  for (std::uint32_t i = 0; i < gang.ranks; ++i) {
    GangMember& member = gang.members[i];
    Worker& worker = nodes.worker(member.rank);
    worker.reserve_position = kNone;
    ++worker.actors;
    nodes.note_place(worker, shape, true);
    update_room(worker);
    member.state = GangMember::State::preparing;
    emit(PrepareGang{member.rank, group.first, gang.attempt, i, gang.ranks, group.task_class, group.key,
                     group.payload});
  }
}

void State::fail_no_room(Index index, const PlacementRequest& request) {
  const Gang& gang = gangs[groups[index].extra];
  const GangPlacement placement = place_gang(request, gang.ranks, nodes);
  std::string text = "a gang of " + std::to_string(gang.ranks) + " ranks asks for " +
                     nodes.describe(request.shape) + " on each";
  if (request.strategy == Strategy::strict_pack) text += ", all on one node";
  if (request.rank != kNoRank) text += ", on rank " + std::to_string(index_of(request.rank));
  if (request.node != kNoNode) text += ", on node " + std::to_string(index_of(request.node));
  text += "; " + std::to_string(placement.capable) +
          (request.strategy == Strategy::strict_pack ? " ranks of a node" : " ranks") +
          " could hold a member, " + nodes.describe_largest();
  fail_unfinished(index, {.kind = FailureKind::unsatisfiable, .cause = {}, .text = std::move(text)});
}

}  // namespace rankine::scheduler
