// SPDX-License-Identifier: Apache-2.0
// The options that all bench programs share: --json FILE, --quick, --filter REGEX.
#pragma once

#include <optional>
#include <regex>
#include <string>

namespace CLI {
class App;
}

namespace rankine::bench {

struct CommandLine {
  std::string json;          ///< where to write the rows; empty: nowhere
  std::string filter = ".";  ///< regular expression that is searched in the names of the rows
  bool quick = false;        ///< shorter, for a first look

  bool wants(const std::string& name) const { return std::regex_search(name, std::regex(filter)); }
  /// Adds the options to a program's own.
  void add_to(CLI::App& app);
};

/// Reads the command line. What is wrong with it, or the help, is said if `speaks` (rank 0); then there is an
/// exit code (2: wrong).
std::optional<int> parse(CLI::App& app, int argc, char** argv, bool speaks);

}  // namespace rankine::bench
