// SPDX-License-Identifier: Apache-2.0
// The end of a run's time, acted out: what Drain decides becomes events and messages; actors are saved, the
// driver's waits end, and what is left is cancelled.
#include <algorithm>
#include <csignal>
#include <cstdio>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

#include "runtime/engine.hpp"

namespace rankine::runtime {

namespace {

/// How long the journal's last records may take to be safe before the job is left by force.
constexpr Nanoseconds kLastFlushMax = kSecond;
/// How long saying goodbye may take at least, whatever the plan says.
constexpr Nanoseconds kGoodbyeLeast = 200 * kMillisecond;

struct DrainMessage {
  Header header;
  Nanoseconds left = 0;  ///< until what runs is asked to stop
};

const char* name_of_signal(int signal) {
  switch (signal) {
    case SIGINT:
      return "on Ctrl-C";
    case SIGTERM:
      return "on SIGTERM";
    case SIGUSR1:
      return "on SIGUSR1";
    default:
      return "on a signal";
  }
}

}  // namespace

// ---- what sets it off ----

void Engine::ask_drain(int signal) {
  const std::lock_guard lock(mutex_);
  if (head_ != nullptr) {
    on_stop_asked(signal);
  } else {
    Header header;
    header.type = MessageType::stop_asked;
    header.flags = static_cast<std::uint8_t>(signal);
    MessageWriter(transport_.append(kHead, sizeof header)).record(header);
    transport_.flush();
  }
  transport_.ring();
}

void Engine::on_stop_asked(int signal) {
  const Nanoseconds grace = signal == SIGTERM ? settings_.end.sigterm_grace : settings_.end.signal_grace;
  drain_->ask(plan_from(now(), grace, settings_.end.wall_end), name_of_signal(signal));
  if (drain_->draining()) overdue_at_ = std::min(overdue_at_.load(), drain_->plan().leave.ns);
}

void Engine::keep_end_of_time(Time t) {
  if (driver_left_) return;
  // Calls of actors are not seen by the scheduler: with actors it cannot be known that all is stuck.
  const bool stuck = driving_ > 0 && !head_->had_actors() && head_->only_late_left();
  const bool busy = (stuck || drain_->draining()) && (head_->running() > 0 || !all_quiet());
  const bool saved = settings_.run_directory.empty() || ranks_saved_ >= topology_.size() - deaths_;
  switch (drain_->step(t, {busy, stuck, saved})) {
    case Drain::Step::begin:
      return begin_drain(t);
    case Drain::Step::save:
      if (settings_.run_directory.empty()) return;
      send_to_all(MessageType::save_actors, 0);
      return actor_host_->save_all();
    case Drain::Step::cut:
      end_.cut = true;
      return transport_.ring();  // the driver may sleep
    case Drain::Step::none:
      return;
  }
}

void Engine::begin_drain(Time t) {
  const DrainPlan& plan = drain_->plan();
  end_.draining = true;
  end_.cut_at = plan.cut.ns;
  overdue_at_ = plan.leave.ns;
  const Nanoseconds left = std::max<Nanoseconds>(0, plan.cut - t);
  std::fprintf(stderr, "rankine: draining %s: nothing new starts, what runs may take %.3g s\n",
               drain_->reason().c_str(), static_cast<double>(left) * 1e-9);
  DrainMessage message;
  message.header.type = MessageType::draining;
  message.left = left;
  for (int r = 1; r < topology_.size(); ++r)
    MessageWriter(transport_.append(Rank{r}, sizeof message)).record(message);
  transport_.flush();
  head_->drain();
}

/// True if it was a message about the end of the run's time.
bool Engine::deliver_end_of_time(const Header& header, MessageReader& reader) {
  switch (header.type) {
    case MessageType::draining:
      end_.cut_at = now().ns + reader.record<DrainMessage>().left;
      end_.draining = true;
      return true;
    case MessageType::stop_asked:
      on_stop_asked(header.flags);
      return true;
    case MessageType::save_actors:
      actor_host_->save_all();
      return true;
    case MessageType::actors_saved:
      ++ranks_saved_;
      return true;
    default:
      return false;
  }
}

// ---- the end ----

Nanoseconds Engine::until_leave() const {
  return std::max(kGoodbyeLeast, drain_->plan().leave - now());
}

/// The driver has left, or all is cut off and saved: ends what is left.
void Engine::end_drained(Lock& lock) {
  stopped_ = {true, drain_->reason(), head_->counts(), deaths_};
  head_->cancel_everything();
  drive_until([this] { return head_->all_ended() && all_quiet(); }, until_leave() / 2, lock);
}

/// On the ticking thread, without the lock: the driver is busy with its own things and the time is over.
void Engine::leave_if_overdue() {
  if (overdue_at_ == kNeverEnds.ns || now().ns < overdue_at_ || !settings_.end.by_force) return;
  overdue_at_ = kNeverEnds.ns;
  head_->flush_journal(kLastFlushMax);
  settings_.end.by_force();
}

Engine::Stopped Engine::stopped() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

Engine::Stopped Engine::stopped_by_force() {
  const std::lock_guard lock(mutex_);
  return {true, drain_->reason(), head_->counts(), deaths_};
}

}  // namespace rankine::runtime
