// SPDX-License-Identifier: Apache-2.0
// Ready work meets workers: which lane is next, where its head goes, how large a piece is cut, and what is
// recalled from a long queue when somebody has nothing to do.
#include <algorithm>
#include <limits>

#include "scheduler/state.hpp"

// What runs at once on a worker follows one rule, which the scheduler and the worker each apply to the same
// Starts (no field of Start tells it): the worker starts pieces in the order of their arrival, the next one
// when what it asks for fits into what is free. Free is what the worker has, less the demands of its running
// pieces (all that were started and are not blocked), of its actors and of its gang members. A blocked piece
// gives its demand back and takes it again when it goes on, even if that is more than there is; nothing is
// started meanwhile. Actors and gang members take theirs when they arrive. The scheduler knows a piece as
// "active" when it is the worker's turn to start it, as "queued" behind that; it keeps a queue only at
// workers whose cpus are all taken, sends nothing there but at the end of the queue, and asks back what does
// not fit in its turn, so that the order holds nobody up who could run. A worker may take up a piece before
// its turn (an awaited one): Started makes it active here.
namespace rankine::scheduler {

void State::schedule() {
  if (ready_groups == 0 || draining) return;
  const bool ends = limits.deadline.ns != std::numeric_limits<std::int64_t>::max();
  ++round;
  while (Lane* lane = best_lane()) {
    if (ends && set_aside_late(*lane)) continue;
    if (!place_head(*lane)) lane->stuck_round = round;
  }
}

/// The lane with the highest priority, among equals the one whose head waits longest, of those not stuck.
Lane* State::best_lane() {
  Lane* best = nullptr;
  if (ready_groups == 0) return best;
  for (Lane& lane : lanes) {
    if (lane.head == kNone || lane.stuck_round == round) continue;
    if (best == nullptr || lane.priority > best->priority ||
        (lane.priority == best->priority && groups[lane.head].sequence < groups[best->head].sequence)) {
      best = &lane;
    }
  }
  return best;
}

/// A worker that runs this lane and has so little to do that more may go behind it; `waking`: so little that
/// this is better than waking another.
Rank State::busy_worker_for(const Lane& lane, LaneId id, const ClassState& task_class, bool waking) const {
  if (task_class.estimate < 0 || task_class.options.timeout > 0) return kNoRank;
  if (!waking) return lane.room_head == kNone ? kNoRank : Rank{static_cast<std::int32_t>(lane.room_head)};
  if (lane.last_worker == kNoRank || !nodes.live(lane.last_worker)) return kNoRank;
  const Worker& worker = nodes.worker(lane.last_worker);
  if (worker.room_lane != id || worker.started > 0) return kNoRank;
  if (worker.load + static_cast<Nanoseconds>(task_class.estimate) > limits.wake_cost) return kNoRank;
  return worker.rank;
}

/// False: nothing of this lane can be placed now.
bool State::place_head(Lane& lane) {
  const auto id = static_cast<LaneId>(&lane - lanes.data());
  const bool placed = lane.kind == Kind::task ? place_task(lane, id) : place_collective(lane);
  if (placed) [[likely]]
    return true;
  if (!overtaken_too_long(lane) && front.lane == kNone) [[likely]]
    return false;
  return place_in_kept_room(id);
}

/// The node that holds most of the large values which the task needs.
NodeId State::home_of(const Group& group) const {
  ByteTally tally;
  for (Index link = group.arguments; link != kNone; link = links[link].next) {
    if (!links[link].dependency) continue;
    const Result* value = find_result(groups[links[link].target], links[link].element);
    if (value != nullptr && value->state == ObjectState::sealed && value->node != index_of(kNoNode))
      tally.add(NodeId{value->node}, value->bytes);
  }
  return tally.home(limits.local_bytes);
}

/// On a worker of that node, if one has room or nearly so. Affinity and the wish to spread come before.
bool State::place_near_data(const Lane& lane, LaneId id) {
  const PlacementRequest& request = lane.request;
  if (request.strategy != Strategy::pack || request.rank != kNoRank || request.node != kNoNode) return false;
  const NodeId home = home_of(groups[lane.head]);
  if (home == kNoNode) return false;
  const Placement local = place_local(home, request.shape, nodes);
  if (local.verdict == Placement::Verdict::placed) {
    dispatch(lane.head, local.worker, false, 0);
    return true;
  }
  const ClassState& task_class = class_of(groups[lane.head]);
  if (task_class.estimate < 0 || task_class.options.timeout > 0) return false;
  for (const Rank rank : nodes.on_node(home)) {
    const Worker& worker = nodes.worker(rank);
    if (worker.room_lane != id || worker.started > 0) continue;
    if (worker.load + static_cast<Nanoseconds>(task_class.estimate) > limits.wake_cost) continue;
    dispatch(lane.head, rank, true, 0);
    return true;
  }
  return false;
}

/// Its head finds no room, and younger ones were placed meanwhile.
bool State::overtaken_too_long(Lane& lane) {
  if (lane.stuck_since < 0) {
    lane.stuck_since = now.ns;
    lane.stuck_serial = next_serial;
    return false;
  }
  return now.ns - lane.stuck_since >= limits.room_after && next_serial != lane.stuck_serial &&
         newest_dispatched > groups[lane.head].sequence;
}

bool State::place_task(Lane& lane, LaneId id) {
  const Index head = lane.head;
  const ClassState& task_class = class_of(groups[head]);
  if (nodes.several() && groups[head].arguments != kNone && place_near_data(lane, id)) return true;
  Rank rank = busy_worker_for(lane, id, task_class, true);
  if (rank != kNoRank) {
    dispatch(head, rank, true, 0);
    return true;
  }
  const Placement placement = place(lane.request, nodes);
  if (placement.verdict == Placement::Verdict::placed) {
    dispatch(head, placement.worker, false, placement.choice);
    return true;
  }
  if (placement.verdict == Placement::Verdict::never && never_is_final()) {
    fail_never(head);
    return true;
  }
  rank = busy_worker_for(lane, id, task_class, false);
  if (rank == kNoRank) return false;
  dispatch(head, rank, true, 0);
  Worker& worker = nodes.worker(rank);  // the next one goes to another worker
  unlink_room(worker);
  update_room(worker);
  return true;
}

/// Elements that are about limits.prefetch of work, or as much as lets rank 0 serve all workers, and no more
/// than a fair share of what remains (guided self-scheduling: Polychronopoulos and Kuck, 1987).
std::uint32_t State::piece_size(const Group& group, std::uint32_t remaining) const {
  const ClassState& task_class = class_of(group);
  if (remaining == 1 || task_class.estimate < 0 || task_class.options.timeout > 0) return 1;
  const Nanoseconds served = limits.piece_for_each * nodes.live_count();
  const double timely =
      static_cast<double>(std::max(limits.prefetch, served)) / std::max(task_class.estimate, 1.0);
  const std::uint32_t fair = remaining / (2 * std::max(nodes.live_count(), 1u));
  const std::uint32_t bound = std::min({fair, limits.piece_max, remaining});
  return std::max(1u, timely < bound ? static_cast<std::uint32_t>(timely) : bound);
}

/// The next piece of the group, on no worker and in no list. What was tried before goes one element at a
/// time, so that a culprit dies alone.
Index State::cut_piece(Index index) {
  Group& group = groups[index];
  if (rare(group).returned == kNone) {
    const std::uint32_t size = piece_size(group, group.count - group.cursor);
    const Index piece = new_piece(index, group.cursor, size);
    group.cursor += size;
    count_undispatched(group, -std::int64_t{size});
    if (group.cursor == group.count) leave_lane(index);
    return piece;
  }
  const Index whole = rare(group).returned;
  const std::uint32_t size =
      pieces[whole].attempt > 1
          ? 1
          : piece_size(group, std::max(pieces[whole].count, group.count - group.cursor));
  if (size >= pieces[whole].count) {
    unreturn_piece(whole);
    return whole;
  }
  const Index front = new_piece(index, pieces[whole].element, size);
  pieces[front].attempt = pieces[whole].attempt;
  pieces[front].deaths = pieces[whole].deaths;
  pieces[front].death_count = pieces[whole].death_count;
  pieces[whole].element += size;
  pieces[whole].count -= size;
  count_undispatched(group, -std::int64_t{size});
  return front;
}

void State::dispatch(Index index, Rank rank, bool behind, std::uint8_t choice) {
  newest_dispatched = std::max(newest_dispatched, groups[index].sequence);
  const Index made = cut_piece(index);
  Piece& piece = pieces[made];
  const Group& group = groups[index];
  const ClassState& task_class = class_of(group);
  record(made, PieceEvent::dispatched);
  piece.estimate =
      task_class.estimate < 0
          ? limits.prefetch
          : std::max<Nanoseconds>(1, static_cast<Nanoseconds>(task_class.estimate * piece.count));
  Lane& lane = lanes[piece.lane];
  piece.shape = lane.request.shape_of(choice);
  lane.stuck_since = -1;
  lane.last_worker = rank;
  Worker& worker = nodes.worker(rank);
  if (nodes.has_room(worker, piece.shape)) behind = false;
  put_on_worker(made, worker, behind ? PieceState::queued : PieceState::active);
  totals.assigned += piece.count;
  emit(Start{rank, offset(group.first, piece.element), piece.count, piece.element,
             (group.flags & kRange) != 0, piece.attempt, group.task_class, group.key, group.payload, choice,
             group.count == 1 && group.result.payload != kNone, ticket_of(made)});
  if (!behind) on_activated(made);
  update_room(worker);
  update_stealable(worker);
}

/// Whether what no worker can hold is to fail: not before all have joined, and not before rank 0 has, which
/// helps out when some were lost.
bool State::never_is_final() {
  if (nodes.live_count() == 0 || nodes.seen_count() < limits.expected_workers) return false;
  if (!limits.reserve || nodes.live_count() == nodes.seen_count() || nodes.live(kHead)) return true;
  if (!std::exchange(enlist_asked, true)) emit(Enlist{});
  return false;
}

void State::fail_never(Index index) {
  const Group& group = groups[index];
  const std::string text =
      "it asks for " + describe(lane_of(group).request) + "; " + nodes.describe_largest();
  fail_unfinished(index, {.kind = FailureKind::unsatisfiable, .cause = {}, .text = text});
}

/// "1 gpus or 4 cpus on rank 3".
std::string State::describe(const PlacementRequest& request) const {
  std::string text = nodes.describe(request.shape);
  for (const ShapeId shape : request.alternatives) text += " or " + nodes.describe(shape);
  if (request.rank != kNoRank) text += " on rank " + std::to_string(index_of(request.rank));
  if (request.node != kNoNode) text += " on node " + std::to_string(index_of(request.node));
  return text;
}

// ---- taking work back ----

void State::send_recall(Index index, std::uint32_t element, std::uint32_t count) {
  const Piece& piece = pieces[index];
  set_recalling(index, true);
  emit(Recall{piece.worker, offset(groups[piece.group].first, element), count, piece.attempt});
}

/// Asks for half of what the worker has not started: pieces from the tail of its queue, else the tail of a
/// long piece.
bool State::recall_from(Worker& victim) {
  constexpr std::uint32_t kRecallMax = 64;
  std::uint32_t wanted = std::min(kRecallMax, (victim.queued.size + 1) / 2);
  if (wanted > 0) {
    for (Index at = victim.queued.tail; at != kNone && wanted > 0; at = pieces[at].previous, --wanted) {
      if ((pieces[at].flags & kRecalling) == 0) send_recall(at, pieces[at].element, pieces[at].count);
    }
    return true;
  }
  const Index longest = victim.active.head;
  if (longest == kNone || pieces[longest].count < 2 || (pieces[longest].flags & kRecalling) != 0)
    return false;
  const Piece& piece = pieces[longest];
  const std::uint32_t tail = piece.count / 2;
  send_recall(longest, piece.element + piece.count - tail, tail);
  return true;
}

/// Finds the longest queue among the first few that have one.
void State::steal_for(Rank idle) {
  constexpr std::size_t kLookAt = 64;
  const Worker& thief = nodes.worker(idle);
  if (!thief.idle()) return;
  Worker* victim = nullptr;
  constexpr std::size_t kAhead = 8;
  const std::size_t end = std::min(kLookAt, stealable.size());
  for (std::size_t i = 0; i < end; ++i) {
    if (i + kAhead < end) fetch_soon(&nodes.worker(stealable[i + kAhead]));
    Worker& worker = nodes.worker(stealable[i]);
    if (victim != nullptr && worker.load <= victim->load) continue;
    if (worker.recalls > 0 || (worker.load <= limits.wake_cost && worker.started == 0)) continue;
    const Index piece = worker.queued.tail != kNone ? worker.queued.tail : worker.active.head;
    const PlacementRequest& request = lanes[pieces[piece].lane].request;
    if (request.rank != kNoRank || request.node != kNoNode || !nodes.fits(thief, pieces[piece].shape))
      continue;
    victim = &worker;
  }
  if (victim != nullptr) recall_from(*victim);
}

}  // namespace rankine::scheduler
