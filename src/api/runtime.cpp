// SPDX-License-Identifier: Apache-2.0
#include <rankine/runtime.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

#include <unistd.h>

#include <rankine/core/clock.hpp>

#include "api/ending.hpp"
#include "api/settings.hpp"
#include "runtime/crash_report.hpp"
#include "runtime/launch.hpp"
#include "runtime/leftovers.hpp"

namespace rankine {

namespace {

/// What is wrong with an option, a variable or the machine is the user's to read, not a program's to crash
/// on.
runtime::Site begin(runtime::MpiSession& session, const RuntimeOptions& options, Time start) {
  try {
    return runtime::settle(session, settings_of(options, start));
  } catch (const Error& error) {
    if (options.throw_errors) throw;
    session.refuse(error.what());
  }
}

}  // namespace

struct Runtime::State {
  /// What goes wrong before the ranks know of each other, each of them says itself.
  static std::unique_ptr<State> make(int* argc, char*** argv, const RuntimeOptions& options) {
    try {
      return std::make_unique<State>(argc, argv, options);
    } catch (const Error& error) {
      if (options.throw_errors) throw;
      std::fprintf(stderr, "%s\n", error.what());
      std::exit(2);
    }
  }
  State(int* argc, char*** argv, const RuntimeOptions& options)
      : crash_reports(options.crash_reports),
        ending(wants_requeue(options)),
        session(argc, argv),
        site(begin(session, options, begun)) {
    ending.know(session, site);
    crash_reports.tell({index(site.topology.rank), site.topology.host, site.settings.run_directory,
                        &site.settings.culprits[site.topology.here().slot]});
  }
  ~State() {
    engine.reset();
    ending.close();
    std::cout.flush();
    std::fflush(nullptr);
    site.sentinel->guard_end(code);
    sentinel = std::move(site.sentinel);  // until MPI has ended
    site.transport->close(orderly && !exit_code);
    if (exit_code) {
      runtime::remove_mpi_files();
      _exit(*exit_code);  // a rank died: MPI_Finalize would wait for it
    }
    if (!orderly) session.abandon();
  }

  Time begun = now();
  runtime::CrashReports crash_reports;  ///< before MPI, which would take the signals for itself
  runtime::CrashStack crash_stack;      ///< of the main thread
  std::unique_ptr<runtime::Sentinel> sentinel;
  Ending ending;  ///< before MPI as well
  runtime::MpiSession session;
  runtime::Site site;
  std::unique_ptr<runtime::Engine> engine;
  bool orderly = true;
  int code = 1;                  ///< of run()
  std::optional<int> exit_code;  ///< leave without MPI's own end
};

Runtime::Runtime(int& argc, char**& argv, const RuntimeOptions& options)
    : state_(State::make(&argc, &argv, options)) {}
Runtime::Runtime(const RuntimeOptions& options) : state_(State::make(nullptr, nullptr, options)) {}
Runtime::~Runtime() = default;

int Runtime::rank() const {
  return index(state_->site.topology.rank);
}
int Runtime::size() const {
  return state_->site.topology.size();
}
int Runtime::nodes() const {
  return state_->site.topology.nodes();
}

int Runtime::run_driver(const std::function<int()>& driver) {
  runtime::Site& site = state_->site;
  int code = 1;
  bool orderly = true;
  std::string how = "failed";
  try {
    state_->engine =
        std::make_unique<runtime::Engine>(site.topology, *site.transport, *site.store, site.settings);
    state_->ending.begin(*state_->engine);
    if (!is_head()) {
      state_->engine->run_worker();
      code = 0;
    } else {
      code = state_->engine->run_driver(driver);
      if (code != runtime::kDriverFailed) how = "finished";
    }
    orderly = !is_head() || state_->engine->orderly();
  } catch (const std::exception& e) {
    std::fflush(stdout);
    std::fprintf(stderr, "rankine: %s failed: %s\n", is_head() ? "the driver" : "a worker", e.what());
    orderly = is_head() && state_->engine != nullptr && state_->engine->orderly();
  }
  const bool drained = state_->engine != nullptr && is_head() && state_->engine->stopped().early;
  code = state_->ending.end(how, code);
  if (!orderly) {
    // Somebody is busy in user code and will not come to an end by itself.
    state_->session.abort(code == 0 && !drained ? 1 : code);
  }
  state_->code = code;
  if (state_->engine->somebody_died()) state_->exit_code = code;
  state_->engine.reset();
  return code;
}

}  // namespace rankine
