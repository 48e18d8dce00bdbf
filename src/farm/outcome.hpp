// SPDX-License-Identifier: Apache-2.0
// What became of each command, in words, as a table of those that failed, and as columns of a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "farm/command_list.hpp"
#include "farm/run_command.hpp"

namespace rankine::farm {

enum class State : std::uint8_t {
  not_run,    ///< the run ended before it could
  succeeded,  ///< exit code 0
  failed,
};

struct Outcome {
  State state = State::not_run;
  bool resumed = false;  ///< it succeeded in an earlier start
  std::uint32_t attempts = 0;
  Ending ending;      ///< of the last attempt
  std::string text;   ///< the end of its error stream, or what kept it from running
  std::string where;  ///< its output file, without its ending
  std::string host;
};

struct Counts {
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t not_run = 0;
  std::uint64_t resumed = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t retried = 0;  ///< attempts beyond the first
};

/// "exit code 3", "signal 11 (Segmentation fault)", "timed out after 10.0 s", "ok", "not run".
std::string words(const Outcome& outcome);
/// Exit code as a shell gives it: 128 and the signal's number where one ended it; -1: none.
int exit_code(const Outcome& outcome);

Counts count(const std::vector<Outcome>& outcomes);

/// The first `lines_max` that failed, with the last line that they printed as an error; empty if none did.
std::string failure_table(const CommandList& list, const std::vector<Outcome>& outcomes,
                          std::size_t lines_max);

/// A row a command, in the order of the list. Throws SystemError naming the file.
void write_csv(const std::filesystem::path& path, const CommandList& list,
               const std::vector<Outcome>& outcomes);
void write_hdf5(const std::filesystem::path& path, const CommandList& list,
                const std::vector<Outcome>& outcomes);

}  // namespace rankine::farm
