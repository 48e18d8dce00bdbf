// SPDX-License-Identifier: Apache-2.0
// The commands of a farm: read from lines, or made of one command with an array of numbers or the rows of a
// CSV. A command is known again by its text, so that a list that was changed runs only what is new. Starts
// nothing, reads no file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "farm/settings.hpp"

namespace rankine::farm {

struct Command {
  std::uint64_t id = 0;        ///< number of its line, of its row, or its array index
  std::uint64_t key = 0;       ///< of what it is, wherever it stands
  std::uint32_t settings = 0;  ///< which of the list's
  std::string text = {};
};

struct CommandList {
  std::vector<Settings> settings;
  std::vector<Command> commands;
  bool indexed = false;  ///< ids are array indices: RANKINE_ARRAY_INDEX is set

  const Settings& of(const Command& command) const { return settings[command.settings]; }
};

/// Longest text of a command: what Linux takes as one argument of a program.
inline constexpr std::size_t kCommandBytesMax = 130'000;

/// A command a line. Blank lines and lines that begin with # are skipped, except that
///   #@ cpus=2 memory=4G timeout=10m retries=2 priority=1 name=big
/// holds for the commands below it up to the next #@, which begins again from `defaults`. `file` is for
/// errors: throws InputError "FILE, line N: ...".
CommandList parse_commands(std::string_view text, const std::string& file, const Settings& defaults);

/// "1-1000", "0-30:10", "1,5,7-9". Throws InputError for anything else and for a number that comes twice.
std::vector<std::uint64_t> parse_indices(std::string_view text);

/// The one command of `list` for each index, {} replaced by it.
CommandList make_array(const CommandList& list, const std::vector<std::uint64_t>& indices);

/// The one command of `list` for each row of a CSV, whose first line has the names of columns: {name} is
/// replaced by the row's value, as one word for the shell. Columns named @cpus, @timeout and so on are
/// settings of the row. {{name}} stays as {name}. `file` is for errors.
CommandList make_rows(const CommandList& list, std::string_view csv, const std::string& file);

/// The text as one word of a shell: in quotes where it needs them.
std::string quoted(std::string_view text);

}  // namespace rankine::farm
