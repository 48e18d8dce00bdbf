// SPDX-License-Identifier: Apache-2.0
// What workers have: active pieces hold resources, queued ones follow them in order, blocked ones wait for
// objects.
#include "scheduler/state.hpp"

#include <rankine/core/check.hpp>

namespace rankine::scheduler {

PieceList& State::list_of(Worker& worker, PieceState state) {
  if (state == PieceState::active) return worker.active;
  return state == PieceState::queued ? worker.queued : worker.blocked;
}

void State::push_back(PieceList& list, Index index) {
  Piece& piece = pieces[index];
  piece.next = kNone;
  piece.previous = list.tail;
  (list.tail != kNone ? pieces[list.tail].next : list.head) = index;
  list.tail = index;
  ++list.size;
}

void State::unlink(PieceList& list, Index index) {
  Piece& piece = pieces[index];
  (piece.previous != kNone ? pieces[piece.previous].next : list.head) = piece.next;
  (piece.next != kNone ? pieces[piece.next].previous : list.tail) = piece.previous;
  piece.next = piece.previous = kNone;
  --list.size;
}

void State::put_on_worker(Index index, Worker& worker, PieceState state) {
  Piece& piece = pieces[index];
  piece.state = state;
  piece.worker = worker.rank;
  piece.since = now;
  push_back(list_of(worker, state), index);
  if (state == PieceState::active) {
    nodes.take(worker, piece.shape);
    worker.started += (piece.flags & kStarted) != 0 ? 1 : 0;
  }
  if (state != PieceState::blocked) worker.load += piece.estimate;
}

/// The caller calls refresh(worker) when it has done with the worker.
void State::take_off_worker(Index index) {
  Piece& piece = pieces[index];
  Worker& worker = nodes.worker(piece.worker);
  unlink(list_of(worker, piece.state), index);
  if (piece.state == PieceState::active) {
    nodes.give(worker, piece.shape);
    worker.started -= (piece.flags & kStarted) != 0 ? 1 : 0;
  }
  if (piece.state != PieceState::blocked) worker.load -= piece.estimate;
  set_recalling(index, false);
}

void State::set_recalling(Index index, bool recalling) {
  Piece& piece = pieces[index];
  if (((piece.flags & kRecalling) != 0) == recalling) return;
  piece.flags ^= kRecalling;
  Worker& worker = nodes.worker(piece.worker);
  worker.recalls += recalling ? 1 : ~std::uint32_t{0};
}

void State::set_estimate(Index index, Nanoseconds estimate) {
  Piece& piece = pieces[index];
  if (piece.state == PieceState::active || piece.state == PieceState::queued) {
    nodes.worker(piece.worker).load += estimate - piece.estimate;
  }
  piece.estimate = estimate;
}

/// Resources that became free go to the worker's own queue first.
void State::activate_next(Worker& worker) {
  while (worker.queued.head != kNone) {
    const Index next = worker.queued.head;
    if (!nodes.fits(worker, pieces[next].shape)) return recall_misfits(worker);
    activate(next, worker);
  }
}

void State::activate(Index index, Worker& worker) {
  Piece& piece = pieces[index];
  record(index, PieceEvent::activated);
  unlink(worker.queued, index);
  piece.since = now;
  piece.state = PieceState::active;
  push_back(worker.active, index);
  nodes.take(worker, piece.shape);
  worker.started += (piece.flags & kStarted) != 0 ? 1 : 0;
  on_activated(index);
}

/// What is next does not fit into what is left of the cpus: others could use that, but the worker would not
/// start them before. It goes where it fits.
void State::recall_misfits(Worker& worker) {
  if (worker.free.base[0] <= 0) return;
  for (Index at = worker.queued.head; at != kNone; at = pieces[at].next) {
    if ((pieces[at].flags & kRecalling) == 0) send_recall(at, pieces[at].element, pieces[at].count);
  }
}

void State::on_activated(Index index) {
  Piece& piece = pieces[index];
  Group& group = groups[piece.group];
  if (class_of(group).options.timeout > 0) arm_timer(index);
  if ((piece.flags & kRecalling) == 0) return;
  // A cancellation asked for it back while it was queued. If it has started instead, the worker stops it.
  for (std::uint32_t i = 0; i < piece.count; ++i) {
    const Result* end = find_result(group, piece.element + i);
    if (end == nullptr || (end->marks & kCancelAsked) == 0) continue;
    emit(Interrupt{piece.worker, offset(group.first, piece.element + i), 1, piece.attempt, false});
    piece.flags |= kInterrupted;
  }
}

/// To be called when pieces of the worker changed: hands resources on and updates the lists the worker is in.
void State::refresh(Worker& worker) {
  if (!worker.live) return;
  activate_next(worker);
  nodes.touch(worker);
  update_room(worker);
  update_stealable(worker);
  if (!front.workers.empty()) [[unlikely]]
    room_changed(worker);
  if (worker.idle()) idle_hint = worker.rank;
}

/// The lane that may send work behind what the worker runs: it gets the resources that this lane's pieces
/// give back.
LaneId State::lane_with_room(const Worker& worker) const {
  if (!worker.live || worker.active.size == 0 || worker.started >= worker.active.size) return kNone;
  if (worker.reserve_position != kNone) return kNone;
  const Nanoseconds load = worker.load / worker.active.size;
  // Of work that is known to be longer the next one, so that no slot waits for a message between two of them.
  const bool next_one =
      load > limits.prefetch && load < limits.ahead && worker.queued.size < worker.active.size;
  if (load >= limits.prefetch && !next_one) return kNone;
  if (worker.free.base[0] > 0) return kNone;  // a queue would keep others from the cpus that are left
  const Index last = worker.queued.tail != kNone ? worker.queued.tail : worker.active.tail;
  const LaneId lane = pieces[last].lane;
  const PlacementRequest& request = lanes[lane].request;
  if (request.strategy == Strategy::spread || !request.alternatives.empty()) return kNone;
  return lane;
}

void State::unlink_room(Worker& worker) {
  if (worker.room_lane == kNone) return;
  Lane& lane = lanes[worker.room_lane];
  const auto at = [&](Index rank) -> Worker& { return nodes.worker(Rank{static_cast<std::int32_t>(rank)}); };
  (worker.room_previous != kNone ? at(worker.room_previous).room_next : lane.room_head) = worker.room_next;
  (worker.room_next != kNone ? at(worker.room_next).room_previous : lane.room_tail) = worker.room_previous;
  worker.room_lane = worker.room_next = worker.room_previous = kNone;
}

void State::update_room(Worker& worker) {
  const LaneId wanted = lane_with_room(worker);
  if (worker.room_lane == wanted) return;
  unlink_room(worker);
  if (wanted == kNone) return;
  Lane& lane = lanes[wanted];
  const auto rank = static_cast<Index>(index_of(worker.rank));
  worker.room_lane = wanted;
  worker.room_previous = lane.room_tail;
  if (lane.room_tail != kNone) {
    nodes.worker(Rank{static_cast<std::int32_t>(lane.room_tail)}).room_next = rank;
  } else {
    lane.room_head = rank;
  }
  lane.room_tail = rank;
}

/// Workers with something that another one could do instead.
void State::update_stealable(Worker& worker) {
  const bool wanted = worker.live && (worker.queued.size > 0 ||
                                      (worker.active.head != kNone && pieces[worker.active.head].count > 1));
  if (wanted == (worker.steal_position != kNone)) return;
  if (wanted) {
    worker.steal_position = static_cast<Index>(stealable.size());
    stealable.push_back(worker.rank);
    return;
  }
  const Rank last = stealable.back();
  stealable[worker.steal_position] = last;
  nodes.worker(last).steal_position = worker.steal_position;
  stealable.pop_back();
  worker.steal_position = kNone;
}

/// The piece on `rank` that the ticket names, if it is the one that contains `task` in this attempt; kNone:
/// the message is stale. No other piece is looked at: with many workers each is far away in memory.
Index State::find_piece(const Ticket& ticket, Rank rank, TaskId task, std::uint16_t attempt) const {
  if (ticket.serial == 0 || ticket.piece >= pieces.bound()) return kNone;
  const Piece& piece = pieces[ticket.piece];
  if (piece.serial != ticket.serial || piece.worker != rank || piece.attempt != attempt) return kNone;
  const std::uint64_t before = number(task) - number(groups[piece.group].first) - piece.element;
  return before < piece.count ? ticket.piece : kNone;
}

/// Looks the pair up in the transition table; an impossible one ends the process with the history.
void State::record(Index index, PieceEvent event) {
  const Piece& piece = pieces[index];
  const TaskId task = offset(groups[piece.group].first, piece.element);
  history.note(task, piece.state, event);
  if (verdict(piece.state, event) != Verdict::impossible) [[likely]]
    return;
  fail_check("task " + std::to_string(number(task)) + " cannot meet '" + to_text(event) + "' while " +
             to_text(piece.state) + "; last transitions of all tasks:" + history.text());
}

}  // namespace rankine::scheduler
