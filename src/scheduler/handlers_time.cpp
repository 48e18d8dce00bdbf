// SPDX-License-Identifier: Apache-2.0
// Time limits of attempts: of tasks here, of actors' constructors and gangs with their handlers. When an
// attempt's time is over it is interrupted politely, after a grace time by force; it ends as timed out, or,
// with retry_exceptions, is tried again while retries are left. An outcome that comes first wins. The
// scheduler keeps the timers itself and asks its shell for one Tick at the earliest.
#include <algorithm>
#include <cstdio>
#include <functional>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::push_timer(const Timer& timer) {
  if (timers.empty() || timer.at < timers.front().at) emit(SetTimer{timer.at});
  keep_timer(timer);
}

void State::keep_timer(const Timer& timer) {
  if (timers.size() >= timers_prune_at) prune_timers();
  timers.push_back(timer);
  std::push_heap(timers.begin(), timers.end(), std::greater<>());
}

void State::arm_timer(Index index) {
  const Piece& piece = pieces[index];
  push_timer({now + class_of(groups[piece.group]).options.timeout, index, piece.serial, Kind::task, false});
}

/// What it was set for has ended, or was moved.
bool State::over(const Timer& timer) const {
  if (timer.kind == Kind::actor) {
    const Actor& actor = actors[timer.record];
    return actor.group == kNone || actor.serial != timer.serial || actor.state != ActorState::starting;
  }
  if (timer.kind == Kind::gang) {
    const Gang& gang = gangs[timer.record];
    return gang.group == kNone || gang.serial != timer.serial;
  }
  const Piece& piece = pieces[timer.record];
  const bool runs = piece.state == PieceState::active || piece.state == PieceState::blocked;
  return piece.serial != timer.serial || !runs;
}

/// Tasks that end long before their time is over must not fill the memory with timers.
void State::prune_timers() {
  std::erase_if(timers, [&](const Timer& timer) { return over(timer); });
  std::make_heap(timers.begin(), timers.end(), std::greater<>());
  timers_prune_at = std::max<std::size_t>(64, 2 * timers.size());
}

void State::on(const Tick&) {
  while (!timers.empty() && timers.front().at <= now) {
    std::pop_heap(timers.begin(), timers.end(), std::greater<>());
    const Timer timer = timers.back();
    timers.pop_back();
    if (over(timer)) continue;
    if (timer.kind == Kind::actor) {
      actor_over_time(timer);
    } else if (timer.kind == Kind::gang) {
      gang_over_time(timer);
    } else {
      piece_over_time(timer);
    }
  }
  if (!timers.empty()) emit(SetTimer{timers.front().at});
}

void State::piece_over_time(const Timer& timer) {
  Piece& piece = pieces[timer.record];
  record(timer.record, PieceEvent::timed_out);
  piece.flags |= kTimedOut | kInterrupted;
  if (timer.forced) {
    nodes.worker(piece.worker).kill_asked = true;
  } else {
    keep_timer({now + limits.interrupt_grace, timer.record, timer.serial, Kind::task, true});
  }
  emit(Interrupt{piece.worker, offset(groups[piece.group].first, piece.element), piece.count, piece.attempt,
                 timer.forced});
}

std::string State::timeout_text(const Piece& piece) const {
  char text[96];
  std::snprintf(text, sizeof text, "attempt %d on rank %d took longer than its timeout of %g s",
                int{piece.attempt}, index_of(piece.worker),
                static_cast<double>(class_of(groups[piece.group]).options.timeout) * 1e-9);
  const std::string& name = class_of(groups[piece.group]).options.name;
  return name.empty() ? text : "task " + name + ", " + text;
}

}  // namespace rankine::scheduler
