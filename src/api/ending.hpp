// SPDX-License-Identifier: Apache-2.0
// How a run comes to its end under mpirun: signals, the status file, the sentence on standard error and the
// exit code. Decisions about time are runtime/drain's. It never asks Slurm to requeue the job, which would
// kill it before it has ended: the status says that it is wanted, and the launch script does it.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "runtime/launch.hpp"
#include "runtime/signal_watch.hpp"

namespace rankine {

class Ending {
 public:
  /// A drained run of which nothing was kept: it has not done what it should, try again (EX_TEMPFAIL).
  static constexpr int kNothingKept = 75;
  /// Of a run that was stopped early; with a run directory the next one goes on from there.
  static int code_of_drained(const std::string& run_directory) {
    return run_directory.empty() ? kNothingKept : 0;
  }
  static constexpr int kInterrupted = 130;  ///< as a shell says of Ctrl-C

  /// Before MPI begins, so that a signal which comes once RUN/status says "running" finds all ranks
  /// listening: rank 0 writes that when it has heard of all.
  explicit Ending(bool requeue);

  /// What it ends, once it is there; outlives the signals' watch.
  void know(runtime::MpiSession& session, runtime::Site& site);
  /// Signals go to this engine, which is complete; those that came before go there now.
  void begin(runtime::Engine& engine);
  /// The run is over: says how on disk and, if it ended early, on standard error. `how` is finished or
  /// failed. Returns the exit code. After it signals change nothing.
  int end(const std::string& how, int code);
  /// The signals have their former meaning again.
  void close() { watch_.reset(); }

 private:
  void on_signal(int signal, int times);
  int say_stopped(const runtime::Engine::Stopped& stopped);
  void write(const std::string& how, int code, const runtime::Engine::Stopped& stopped);
  [[noreturn]] void leave_by_force(const std::string& how, int code, const runtime::Engine::Stopped& stopped);

  bool requeue_;
  std::mutex mutex_;  ///< guards what follows; never held while something waits for the driver
  runtime::MpiSession* session_ = nullptr;
  runtime::Site* site_ = nullptr;
  runtime::Engine* engine_ = nullptr;
  std::optional<int> signal_;  ///< that came before there was an engine
  std::optional<runtime::SignalWatch> watch_;
};

}  // namespace rankine
