// SPDX-License-Identifier: Apache-2.0
// Time limits of attempts. When an attempt's time is over it is interrupted politely, after a grace time by
// force; it ends as timed out, or, with retry_exceptions, is tried again while retries are left. An outcome
// that comes first wins. The scheduler keeps the timers itself and asks its shell for one Tick at the
// earliest.
#include <cstdio>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::push_timer(const Timer& timer) {
  if (timers.empty() || timer.at < timers.top().at) emit(SetTimer{timer.at});
  timers.push(timer);
}

void State::arm_timer(Index index) {
  const Piece& piece = pieces[index];
  push_timer({now + class_of(groups[piece.group]).options.timeout, index, piece.serial, false});
}

void State::on(const Tick&) {
  while (!timers.empty() && timers.top().at <= now) {
    const Timer timer = timers.top();
    timers.pop();
    Piece& piece = pieces[timer.piece];
    const bool running = piece.state == PieceState::active || piece.state == PieceState::blocked;
    if (piece.serial != timer.serial || !running) continue;
    record(timer.piece, PieceEvent::timed_out);
    piece.flags |= kTimedOut | kInterrupted;
    if (timer.forced) {
      nodes.worker(piece.worker).kill_asked = true;
    } else {
      timers.push({now + limits.interrupt_grace, timer.piece, timer.serial, true});
    }
    emit(Interrupt{piece.worker, offset(groups[piece.group].first, piece.element), piece.count, piece.attempt,
                   timer.forced});
  }
  if (!timers.empty()) emit(SetTimer{timers.top().at});
}

std::string State::timeout_text(const Piece& piece) const {
  char text[96];
  std::snprintf(text, sizeof text, "attempt %d on rank %d took longer than its timeout of %g s",
                int{piece.attempt}, index_of(piece.worker),
                static_cast<double>(class_of(groups[piece.group]).options.timeout) * 1e-9);
  return text;
}

}  // namespace rankine::scheduler
