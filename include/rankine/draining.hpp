// SPDX-License-Identifier: Apache-2.0
// The end of a run's time, as drivers and tasks see it. Before the wall time ends, on SIGTERM, SIGUSR1 and
// Ctrl-C a run drains: nothing new is started, what runs may end within the margin, then the driver's waits
// throw Drained, actors that can be saved are, and Runtime::run returns. A second Ctrl-C ends it at once.
#pragma once

#include <chrono>
#include <optional>

#include <rankine/runtime/context.hpp>
#include <rankine/runtime/walltime.hpp>  // IWYU pragma: export

namespace rankine {

/// Whether the run is draining: nothing that is submitted from now on starts in this run. In the driver and
/// in tasks, which need not do anything about it; a long one may stop at a point from which it can go on.
/// One with a key must throw then: what it returns counts as its result, in the next run too.
inline bool draining() {
  return detail::current_context().draining();
}

/// How long what runs now may still run; not less than 0; nothing if there is no limit. When it is over, the
/// driver's waits throw Drained and rk::cancelled() becomes true in tasks. Without a wall time there is no
/// limit until the run drains.
inline std::optional<std::chrono::nanoseconds> time_left() {
  const std::optional<Nanoseconds> left = detail::current_context().time_left();
  if (!left) return std::nullopt;
  return std::chrono::nanoseconds(*left);
}

/// For a driver that looks at draining() itself. While one lives in the driver, its waits with a time limit
/// do not throw Drained but return what there is; get() and waits without a limit still throw rather than
/// wait for what never comes.
class DrainToken {
 public:
  DrainToken() : context_(&detail::current_context()) { context_->watch_draining(1); }
  ~DrainToken() { context_->watch_draining(-1); }
  DrainToken(const DrainToken&) = delete;
  DrainToken& operator=(const DrainToken&) = delete;
  bool draining() const { return context_->draining(); }

 private:
  detail::Context* context_;
};

}  // namespace rankine
