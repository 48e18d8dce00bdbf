// SPDX-License-Identifier: Apache-2.0
// Cancellation: what is pending ends at once, what is on a worker is recalled or interrupted. What was asked
// to be cancelled before its outcome was known ends as cancelled, whatever outcome still comes.
#include <algorithm>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::on(const CancelRequested& event) {
  for (std::uint32_t done = 0; done < event.count;) {
    const IdTable::Place place = ids.find(offset(event.first, done));
    if (place.group == kNone) {
      ++done;
      continue;
    }
    const std::uint32_t count = std::min(event.count - done, groups[place.group].count - place.element);
    cancel_group(place.group, place.element, count, event.force);
    done += count;
  }
}

void State::on(const EverythingCancelled&) {
  for (Index index = 0; index < groups.bound(); ++index) {
    if ((groups[index].flags & kLive) != 0) cancel_group(index, 0, groups[index].count, false);
  }
}

void State::cancel_group(Index index, std::uint32_t element, std::uint32_t count, bool force) {
  const Group& group = groups[index];
  if (group.kind == Kind::actor) {
    kill_actor(index, false);
  } else if (group.kind == Kind::gang) {
    cancel_gang(index, force);
  } else if (group.kind == Kind::task && group.ended < group.count) {
    cancel(index, element, count, force);
  }
}

void State::cancel(Index index, std::uint32_t element, std::uint32_t count, bool force) {
  const std::uint32_t end = element + count;
  if (groups[index].cursor < end) materialise(index);
  std::vector<Index> overlapping;
  for (Index at = groups[index].pieces; at != kNone; at = pieces[at].sibling_next) {
    if (pieces[at].element < end && element < pieces[at].element + pieces[at].count)
      overlapping.push_back(at);
  }
  for (const Index at : overlapping) {
    const std::uint32_t begin = std::max(element, pieces[at].element);
    cancel_piece(at, begin, std::min(end, pieces[at].element + pieces[at].count) - begin, force);
  }
}

void State::cancel_piece(Index index, std::uint32_t element, std::uint32_t count, bool force) {
  Piece& piece = pieces[index];
  const Index owner = piece.group;
  record(index, PieceEvent::cancelled);
  mark_cancelled(owner, element, count);
  if (piece.state == PieceState::returned) {
    const Piece like = piece;
    unreturn_piece(index);
    delete_piece(index);
    give_back(owner, like.element, like.count, like);
    return;
  }
  if (force) piece.flags |= kForce;
  if (piece.state == PieceState::queued) {
    send_recall(index, element, piece.element + piece.count - element);
    return;
  }
  piece.flags |= kInterrupted;
  if (force) nodes.worker(piece.worker).kill_asked = true;
  emit(Interrupt{piece.worker, offset(groups[owner].first, element), count, piece.attempt, force});
}

void State::mark_cancelled(Index index, std::uint32_t element, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    Result& end = result(groups[index], element + i);
    if (end.state == ObjectState::pending) end.marks |= kCancelAsked;
  }
}

/// Elements that no worker has any more: those to be cancelled end, the others are ready again as pieces like
/// `like`.
void State::give_back(Index index, std::uint32_t element, std::uint32_t count, const Piece& like) {
  std::uint32_t begin = element;
  const auto flush = [&](std::uint32_t end) {
    if (begin < end) {
      const Index made = new_piece(index, begin, end - begin);
      pieces[made].attempt = like.attempt;
      pieces[made].deaths = like.deaths;
      pieces[made].death_count = like.death_count;
      return_piece(made);
    }
    begin = end + 1;
  };
  for (std::uint32_t i = element; i < element + count; ++i) {
    const Result* end = find_result(groups[index], i);
    if (end == nullptr || (end->marks & kCancelAsked) == 0) continue;
    flush(i);
    fail(index, i, {.kind = FailureKind::cancelled, .cause = {}, .text = std::string(kCancelledText)});
  }
  flush(element + count);
}

}  // namespace rankine::scheduler
