// SPDX-License-Identifier: Apache-2.0
// What rankine farm is asked for, and what is done about it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/run_options.hpp"
#include "farm/command_list.hpp"

namespace apps {

struct FarmWishes {
  std::string file;
  std::string command;
  std::string array;
  std::string csv;
  std::vector<std::string> defaults;  ///< name=value
  std::string kill_after = "5";
  std::string shell = "/bin/sh";
  bool always_shell = false;
  int ranks = 0;
  RunOptions run;
  std::string output_run;
  std::vector<std::uint64_t> output_lines;
  bool only_errors = false;
};

/// Exit code: some commands failed.
inline constexpr int kSomeFailed = 3;

/// From the file or the option. Throws rankine::InputError naming the line.
rankine::farm::CommandList read_command_list(const FarmWishes& wishes);
/// On rank 0: until all commands have ended, with files and a report; the exit code. Throws rankine::Drained.
int drive_farm(const FarmWishes& wishes, int ranks);
/// What commands of an earlier or running farm printed. Throws rankine::InputError.
int print_output(const FarmWishes& wishes);

}  // namespace apps
