// SPDX-License-Identifier: Apache-2.0
// Events of tasks: submitted, started, finished, blocked, unblocked, recalled.
#include <algorithm>
#include <limits>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::on(const Submitted& event) {
  const auto drop_known = [&] {
    for (const Known& known : event.known) emit(FreeValue{known.value});
  };
  if (event.count == 0 || nodes.lost(event.submitter)) {
    if (event.payload != kNoPayload) emit(FreePayload{event.payload});
    return drop_known();
  }
  const IdTable::Place place = ids.find(event.first);
  if (place.group != kNone) {
    drop_known();
    const Group& there = groups[place.group];
    const bool same = there.first == event.first && there.count == event.count && there.kind == Kind::task;
    return adopt(place.group, same, event.payload, event.submitter);
  }
  const Index index = new_group(event.first, event.count, Kind::task);
  Group& group = groups[index];
  group.key = event.key;
  group.payload = event.payload;
  group.payload_size = RoughSize(event.payload_bytes);
  group.task_class = event.task_class;
  group.submitter = event.submitter;
  group.flags |= kHasArguments;
  if (event.range) group.flags |= kRange;
  totals.submitted += event.count;
  totals.ready += event.count;
  hold(index, event.submitter);
  if (!event.dependencies.empty() || !event.pins.empty())
    add_arguments(index, event.dependencies, event.pins);
  if (group.waiting == 0 && has_undispatched(group)) make_ready(index);
  if (!event.known.empty()) seal_known(index, event.known);
}

/// Nothing of the group was dispatched: the gaps between the known elements become pieces that wait, the
/// first one first.
void State::seal_known(Index index, std::span<const Known> known) {
  materialise(index);
  const Index whole = rare(groups[index]).returned;
  std::uint32_t end = groups[index].count;
  const auto leave_gap = [&](std::uint32_t begin) {
    if (begin < end) return_piece(new_piece(index, begin, end - begin));
  };
  for (std::size_t i = known.size(); i-- > 0;) {
    leave_gap(known[i].element + 1);
    end = known[i].element;
  }
  leave_gap(0);
  unreturn_piece(whole);
  delete_piece(whole);
  for (const Known& one : known) seal(index, one.element, one.value);
}

/// A parent that runs again names a child that exists: it becomes the submitter, nothing runs twice.
void State::adopt(Index index, bool same, Payload payload, Rank submitter) {
  Group& group = groups[index];
  if (payload != kNoPayload && payload != group.payload) emit(FreePayload{payload});
  if (!same) return;
  hold(index, submitter);
  group.submitter = submitter;
  if ((group.flags & kSomeDropped) != 0) remake_dropped(index);
  want(index, 0, group.count, submitter);
}

void State::on(const Started& event) {
  const Index index = find_piece(event.ticket, event.worker, event.first, event.attempt);
  if (index == kNone) return;
  Piece& piece = pieces[index];
  record(index, PieceEvent::started);
  if (verdict(piece.state, PieceEvent::started) != Verdict::allowed || (piece.flags & kStarted) != 0) return;
  Worker& worker = nodes.worker(event.worker);
  // It waits for something that the worker took up before its turn, or a room that was kept is being used.
  if (piece.state == PieceState::queued) activate(index, worker);
  piece.flags |= kStarted;
  if (piece.state == PieceState::active) ++worker.started;
  if ((piece.flags & kForce) != 0) {
    worker.kill_asked = true;
    const Group& group = groups[piece.group];
    emit(Interrupt{piece.worker, offset(group.first, piece.element), piece.count, piece.attempt, true});
  }
  refresh(worker);
  // What is queued behind long work goes to a worker that has time for it.
  if (worker.recalls > 0 || worker.steal_position == kNone || ready_groups > 0) return;
  const PlacementRequest& request = lanes[piece.lane].request;
  if (request.rank != kNoRank || request.node != kNoNode) return;
  const Rank other = nodes.most_recent_with_room(request.shape);
  if (other != kNoRank && other != worker.rank) recall_from(worker);
}

void State::on(const Finished& event) {
  const auto drop_outcomes = [&](std::size_t from) {
    for (std::size_t i = from; i < event.outcomes.size(); ++i) {
      if (event.outcomes[i].value.payload != kNoPayload) emit(FreeValue{event.outcomes[i].value});
    }
  };
  const Index index = find_piece(event.ticket, event.worker, event.first, event.attempt);
  if (index == kNone) return drop_outcomes(0);
  Piece& piece = pieces[index];
  const Index owner = piece.group;
  record(index, PieceEvent::finished);
  const bool at_front = offset(groups[owner].first, piece.element) == event.first;
  if (!at_front || event.count > piece.count || event.count == 0 || event.outcomes.size() < event.count) {
    return drop_outcomes(0);
  }
  ClassState& task_class = class_of(groups[owner]);
  const double each = std::max(1.0, static_cast<double>(event.busy) / event.count);
  task_class.estimate =
      task_class.estimate < 0 ? each : task_class.estimate + 0.125 * (each - task_class.estimate);

  const std::uint32_t first = piece.element;
  Worker& worker = nodes.worker(event.worker);
  for (std::uint32_t i = 0; i < event.count; ++i) end_element(piece, first + i, event.outcomes[i]);
  drop_outcomes(event.count);
  if (!event.inside.empty() && referenced(groups[owner])) {
    for (const Inside& inside : event.inside) {
      if (inside.element < event.count && !pending(groups[owner], first + inside.element)) {
        pin_inside(owner, inside.inner);
      }
    }
  }
  totals.assigned -= event.count;
  if (event.count == piece.count) {
    take_off_worker(index);
    delete_piece(index);
  } else {
    set_estimate(index, piece.estimate / piece.count * (piece.count - event.count));
    piece.element += event.count;
    piece.count -= event.count;
  }
  refresh(worker);
}

bool State::would_take(const Finished& event) const {
  const Index index = find_piece(event.ticket, event.worker, event.first, event.attempt);
  if (index == kNone || (pieces[index].flags & (kInterrupted | kTimedOut)) != 0) return false;
  const Group& group = groups[pieces[index].group];
  const auto element = static_cast<std::uint32_t>(number(event.first) - number(group.first));
  if (element != pieces[index].element || event.count > pieces[index].count) return false;
  for (std::uint32_t i = 0; i < event.count; ++i) {
    const Result* end = find_result(group, element + i);
    if (end != nullptr && (end->state != ObjectState::pending || (end->marks & kCancelAsked) != 0))
      return false;
  }
  return true;
}

void State::end_element(Piece& piece, std::uint32_t element, const Outcome& outcome) {
  const Index index = piece.group;
  const TaskClass& options = class_of(groups[index]).options;
  const auto drop_error = [&] {
    if (outcome.value.payload != kNoPayload) emit(FreeValue{outcome.value});
  };
  const Result* end = find_result(groups[index], element);
  if (end != nullptr && end->state == ObjectState::pending && (end->marks & kCancelAsked) != 0) {
    drop_error();
    return fail(index, element,
                {.kind = FailureKind::cancelled, .cause = {}, .text = std::string(kCancelledText)});
  }
  // What was asked to stop because its time was over may have returned anything.
  if (!outcome.failed && (piece.flags & kTimedOut) == 0) return seal(index, element, outcome.value);
  if (options.retry_exceptions && piece.attempt <= options.max_retries) {
    drop_error();
    ++totals.retried;
    const Piece like = piece;  // give_back may reuse the storage
    Piece next = like;
    ++next.attempt;
    return give_back(index, element, 1, next);
  }
  if ((piece.flags & kTimedOut) != 0) {
    drop_error();
    return fail(index, element, {.kind = FailureKind::timed_out, .cause = {}, .text = timeout_text(piece)});
  }
  fail(index, element, {.kind = FailureKind::threw, .cause = {}, .text = {}}, outcome.value);
}

void State::on(const Blocked& event) {
  const Index index = find_piece(event.ticket, event.worker, event.task, event.attempt);
  if (index == kNone) return;
  record(index, PieceEvent::blocked);
  Piece& piece = pieces[index];
  if (verdict(piece.state, PieceEvent::blocked) != Verdict::allowed) return;
  Worker& worker = nodes.worker(event.worker);
  take_off_worker(index);
  piece.flags |= kStarted;
  put_on_worker(index, worker, PieceState::blocked);
  refresh(worker);
}

void State::on(const Unblocked& event) {
  const Index index = find_piece(event.ticket, event.worker, event.task, event.attempt);
  if (index == kNone) return;
  record(index, PieceEvent::unblocked);
  Piece& piece = pieces[index];
  if (verdict(piece.state, PieceEvent::unblocked) != Verdict::allowed) return;
  Worker& worker = nodes.worker(event.worker);
  take_off_worker(index);
  put_on_worker(index, worker,
                PieceState::active);  // even if that is more than the worker has: it runs already
  refresh(worker);
}

void State::on(const Recalled& event) {
  const Index index = find_piece(event.ticket, event.worker, event.first, event.attempt);
  if (index == kNone || event.count == 0) return;
  record(index, PieceEvent::recalled);
  Piece& piece = pieces[index];
  if (verdict(piece.state, PieceEvent::recalled) != Verdict::allowed) return;
  const Index owner = piece.group;
  const auto from = static_cast<std::uint32_t>(number(event.first) - number(groups[owner].first));
  if (from + event.count != piece.element + piece.count)
    return;  // not a tail: of an earlier shape of the piece
  Worker& worker = nodes.worker(event.worker);
  const Piece like = piece;
  totals.assigned -= event.count;
  if (from == piece.element) {
    take_off_worker(index);
    delete_piece(index);
  } else {
    set_recalling(index, false);
    set_estimate(index, piece.estimate / piece.count * (piece.count - event.count));
    piece.count -= event.count;
    // All that is queued was asked back meanwhile; what had a recall under way was passed over then.
    const bool all_asked_back = draining || worker.reserve_position != kNone;
    if (piece.state == PieceState::queued && all_asked_back) send_recall(index, piece.element, piece.count);
  }
  give_back(owner, from, event.count, like);
  refresh(worker);
}

}  // namespace rankine::scheduler
