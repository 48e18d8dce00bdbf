// SPDX-License-Identifier: Apache-2.0
// The user's RuntimeOptions as the settings of an engine.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>

#include <rankine/runtime.hpp>

#include "runtime/engine.hpp"

namespace rankine {

inline std::string spill_directory_of(const RuntimeOptions& options) {
  if (!options.spill_directory.empty()) return options.spill_directory;
  for (const char* name : {"RANKINE_SPILL_DIR", "TMPDIR"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "/tmp";
}

inline std::string run_directory_of(const RuntimeOptions& options) {
  if (!options.run_directory.empty()) return options.run_directory;
  const char* value = std::getenv("RANKINE_RUN_DIR");
  return value != nullptr ? value : "";
}

/// RANKINE_REQUEUE of the environment: 1 means yes.
inline bool wants_requeue(const RuntimeOptions& options) {
  const char* value = std::getenv("RANKINE_REQUEUE");
  return options.requeue || (value != nullptr && std::string(value) == "1");
}

inline bool trace_is_off() {
  const char* value = std::getenv("RANKINE_TRACE");
  return value != nullptr && (std::string_view(value) == "off" || std::string_view(value) == "0");
}

inline journal::Policy journal_policy_of(Resume resume) {
  switch (resume) {
    case Resume::fresh:
      return journal::Policy::fresh;
    case Resume::required:
      return journal::Policy::required;
    default:
      return journal::Policy::automatic;
  }
}

/// `start`: of the program.
inline runtime::EngineSettings settings_of(const RuntimeOptions& options, Time start) {
  runtime::EngineSettings settings;
  settings.seed = options.seed;
  settings.arena_bytes = options.arena_bytes;
  settings.spill_directory = spill_directory_of(options);
  settings.run_directory = run_directory_of(options);
  settings.journal.policy = journal_policy_of(options.resume);
  settings.journal.program = program_invocation_short_name;
  settings.journal.options = options.depends_on;
  if (options.seed != 0 || options.depends_on.empty()) {
    settings.journal.options = "seed " + std::to_string(options.seed) +
                               (options.depends_on.empty() ? "" : ", ") + options.depends_on;
  }
  settings.journal.all = options.journal_all;
  settings.trace = options.trace && !trace_is_off();
  if (options.inline_bytes != 0) settings.inline_bytes = options.inline_bytes;
  if (options.stack_bytes != 0) settings.stack_bytes = options.stack_bytes;
  settings.wishes = {options.cpus, options.gpus, options.resources};
  if (options.pending_tasks_max != 0) settings.head.pending_tasks_max = options.pending_tasks_max;
  settings.head.pending_bytes_max = options.pending_bytes_max;
  settings.wall_wish = {options.walltime.count(), options.walltime_margin.count(), start};
  if (options.timeout_grace.count() != 0) settings.head.timeout_grace = options.timeout_grace.count();
  if (options.lost_after.count() != 0) settings.lost_after = options.lost_after.count();
  return settings;
}

}  // namespace rankine
