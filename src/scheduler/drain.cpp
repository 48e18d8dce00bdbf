// SPDX-License-Identifier: Apache-2.0
// The end of the run's time. Draining: nothing new is started, what waits at workers is asked back, what runs
// may end. Before that: a task whose class is known to take longer than what is left of the time stays where
// it is; a class whose duration nobody knows yet is tried.
#include <algorithm>
#include <cstdio>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::on(const DrainRequested&) {
  if (draining) return;
  draining = true;
  if (front.lane != kNone) release_front();
  for (const Worker& worker : nodes.all()) {
    if (!worker.live) continue;
    for (Index at = worker.queued.head; at != kNone; at = pieces[at].next) {
      if ((pieces[at].flags & kRecalling) == 0) send_recall(at, pieces[at].element, pieces[at].count);
    }
  }
}

/// Its class takes longer than what is left.
bool State::too_late_for(const Group& group) const {
  if (group.kind != Kind::task) return false;
  const double estimate = class_of(group).estimate;
  return estimate >= 0 && estimate > static_cast<double>(limits.deadline - now);
}

/// Takes the head out of its lane, so that it does not stand in the way of shorter work. Time only gets
/// shorter: it is not looked at again unless a worker gives some of it back.
bool State::set_aside_late(const Lane& lane) {
  const Index head = lane.head;
  if (!too_late_for(groups[head])) return false;
  leave_lane(head);
  groups[head].flags |= kLate;
  return true;
}

std::uint64_t State::running() const {
  std::uint64_t blocked = 0;
  for (const Worker& worker : nodes.all()) {
    if (!worker.live) continue;
    for (Index at = worker.blocked.head; at != kNone; at = pieces[at].next) blocked += pieces[at].count;
  }
  return totals.assigned - blocked;
}

/// Why a ready task will not start any more, or nothing.
std::string State::explain_end_of_time(const Group& group) const {
  if (draining) return "; the run is draining: nothing new is started";
  if ((group.flags & kLate) == 0) return {};
  char text[128];
  std::snprintf(text, sizeof text,
                "; such tasks take about %.3g s, but only %.3g s are left of the wall time",
                class_of(group).estimate * 1e-9,
                static_cast<double>(std::max<Nanoseconds>(0, limits.deadline - now)) * 1e-9);
  return text;
}

}  // namespace rankine::scheduler
