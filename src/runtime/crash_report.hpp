// SPDX-License-Identifier: Apache-2.0
// A process that crashes says what it ran: rank, host, signal, address, task, the sizes of its arguments, a
// backtrace; on standard error and, where the run has a directory, in its log/crash-rankN.txt. The process
// then ends as it would have, with its core file and its exit status.
#pragma once

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/crash_text.hpp"
#include "runtime/frame.hpp"

namespace rankine::runtime {

/// Who crashes, as the report says it.
struct CrashSite {
  int rank = 0;
  std::string host;
  std::string run_directory;  ///< empty: only standard error is written
  /// Where the id of the task that crashes the process is left for others to read; nullptr: nowhere.
  std::atomic<std::uint64_t>* culprit = nullptr;
};

/// Watches this process while it lives; one at a time does, a second one has no effect. Signals that the
/// program handles itself are left alone. To be made before MPI_Init, because MPI's own handlers of these
/// signals would come first otherwise.
class CrashReports {
 public:
  /// `wanted` false: it does nothing.
  explicit CrashReports(bool wanted);
  ~CrashReports();
  CrashReports(const CrashReports&) = delete;
  CrashReports& operator=(const CrashReports&) = delete;

  /// Until it is told, reports name no rank.
  void tell(const CrashSite& site);

 private:
  bool active_ = false;
};

/// A stack of its own for the signals of the thread that made it, while it lives: without it a thread whose
/// stack overflowed cannot report.
class CrashStack {
 public:
  CrashStack();
  ~CrashStack();
  CrashStack(const CrashStack&) = delete;
  CrashStack& operator=(const CrashStack&) = delete;

 private:
  void* memory_ = nullptr;
  stack_t before_{};
};

/// The report's sentences without the backtrace. Async-signal-safe. `frame` may be null.
void describe_crash(CrashText& text, int rank, const char* host, int signal, const void* address,
                    const TaskFrame* frame);

}  // namespace rankine::runtime
