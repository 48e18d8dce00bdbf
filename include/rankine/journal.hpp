// SPDX-License-Identifier: Apache-2.0
// The journal of a run for people and programs that look at it from outside: `rankine journal RUN`.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rankine {

/// One record.
struct JournalEntry {
  std::string_view kind;      ///< program, function, task, elements, actor, saved, note
  std::uint64_t offset = 0;   ///< in the file, bytes
  std::uint64_t bytes = 0;    ///< in the file
  std::string name;           ///< of the program, function, actor, saved value; of a note: what happened
  std::string text;           ///< program: its options; actor: its class; note: when, in UTC
  std::uint64_t key = 0;      ///< task, elements: of the submission
  std::uint64_t first = 0;    ///< elements: index of the first
  std::uint64_t count = 0;    ///< tasks that finished
  double seconds = 0;         ///< that they ran, together
  std::uint64_t content = 0;  ///< bytes of the results or of the state
  std::uint64_t ranks = 0;    ///< note: of the run
};

struct JournalSummary {
  std::string path;
  std::uint64_t bytes = 0;       ///< of the file
  std::uint64_t good_bytes = 0;  ///< that could be read
  std::string trouble;           ///< what is wrong behind these; empty: nothing
  std::uint64_t records = 0;
  std::uint64_t tasks = 0;         ///< that finished, each counted once
  std::uint64_t actors = 0;        ///< with a state
  std::uint64_t saved_values = 0;  ///< by name
  std::uint64_t starts = 0;        ///< of runs, resumed ones too
  bool finished = false;           ///< the last run did all it had to do
};

/// Reads a run's journal from its beginning, also while it is written, and hands each record to `entry`.
/// `run`: the run directory or the file. Throws InputError where there is none or it is none, SystemError
/// where it cannot be read.
JournalSummary read_journal(const std::string& run, const std::function<void(const JournalEntry&)>& entry);

}  // namespace rankine
