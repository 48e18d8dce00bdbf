// SPDX-License-Identifier: Apache-2.0
#include "api/ending.hpp"

#include <cstdio>
#include <utility>

#include <unistd.h>

namespace rankine {

using runtime::Engine;

Ending::Ending(bool requeue) : requeue_(requeue) {
  watch_.emplace([this](int signal, int times) { on_signal(signal, times); });
}

void Ending::know(runtime::MpiSession& session, runtime::Site& site) {
  const std::lock_guard lock(mutex_);
  session_ = &session;
  site_ = &site;
  site.settings.end.by_force = [this] {
    const std::lock_guard lock(mutex_);
    if (engine_ == nullptr) return;
    const Engine::Stopped stopped = engine_->stopped_by_force();
    leave_by_force("drained", say_stopped(stopped), stopped);
  };
}

void Ending::begin(Engine& engine) {
  const std::lock_guard lock(mutex_);
  engine_ = &engine;
  if (signal_) engine.ask_drain(*std::exchange(signal_, std::nullopt));
}

void Ending::on_signal(int signal, int times) {
  const std::lock_guard lock(mutex_);
  const bool once_more = signal == SIGINT && times > 1;
  if (once_more && site_ == nullptr) _exit(kInterrupted);
  if (once_more && site_->topology.rank == kHead) {
    std::fprintf(stderr, "rankine: stopped at once by a second Ctrl-C\n");
    const Engine::Stopped stopped = engine_ != nullptr ? engine_->stopped_by_force() : Engine::Stopped{};
    leave_by_force("interrupted", kInterrupted, stopped);
  }
  if (engine_ != nullptr) {
    engine_->ask_drain(signal);
  } else {
    signal_ = signal;
  }
}

int Ending::end(const std::string& how, int code) {
  const std::lock_guard lock(mutex_);
  if (engine_ == nullptr) return code;
  Engine& engine = *std::exchange(engine_, nullptr);
  if (site_->topology.rank != kHead) return code;
  Engine::Stopped stopped = engine.stopped();
  if (!stopped.early) {
    stopped.counts = engine.counts();
    stopped.ranks_lost = engine.deaths();
    write(how, code, stopped);
    return code;
  }
  code = say_stopped(stopped);
  write("drained", code, stopped);
  return code;
}

/// The sentence for people; the exit code.
int Ending::say_stopped(const Engine::Stopped& stopped) {
  const scheduler::Counts& counts = stopped.counts;
  const std::uint64_t ended = counts.finished + counts.failed + counts.cancelled;
  const std::string& directory = site_->settings.run_directory;
  const bool kept = !directory.empty();
  const std::string rest =
      kept ? "run again with the same run directory (" + directory + ") to go on"
           : std::string(
                 "nothing was kept, because there is no run directory. Remedy: name one by "
                 "RuntimeOptions::run_directory or RANKINE_RUN_DIR, and run again");
  std::fprintf(stderr, "rankine: stopped %s after %llu of %llu tasks; %s\n", stopped.reason.c_str(),
               static_cast<unsigned long long>(ended), static_cast<unsigned long long>(counts.submitted),
               rest.c_str());
  return code_of_drained(directory);
}

void Ending::write(const std::string& how, int code, const Engine::Stopped& stopped) {
  if (!site_->status) return;
  const scheduler::Counts& counts = stopped.counts;
  runtime::RunEnd end;
  end.state = how;
  end.code = code;
  end.reason = stopped.reason;
  end.submitted = counts.submitted;
  end.finished = counts.finished;
  end.failed = counts.failed;
  end.cancelled = counts.cancelled;
  end.retried = counts.retried;
  end.left = counts.submitted - counts.finished - counts.failed - counts.cancelled;
  end.ranks_lost = stopped.ranks_lost;
  end.requeue = requeue_ && how == "drained" && code == 0;
  site_->status->end(end);
}

void Ending::leave_by_force(const std::string& how, int code, const Engine::Stopped& stopped) {
  write(how, code, stopped);
  session_->abort(code);
}

}  // namespace rankine
