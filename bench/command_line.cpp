// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"

#include <CLI/CLI.hpp>

namespace rankine::bench {

namespace {

std::string what_is_wrong(const std::string& expression) {
  try {
    std::regex{expression};
    return {};
  } catch (const std::regex_error&) {
    return "'" + expression + "' is no regular expression";
  }
}

}  // namespace

void CommandLine::add_to(CLI::App& app) {
  app.add_option("--json", json, "write the rows to this file");
  app.add_option("--filter", filter, "regular expression of the rows to measure")->check(what_is_wrong);
  app.add_flag("--quick", quick, "shorter, for a first look");
}

std::optional<int> parse(CLI::App& app, int argc, char** argv, bool speaks) {
  try {
    app.parse(argc, argv);
    return {};
  } catch (const CLI::ParseError& error) {
    if (speaks) app.exit(error);
    return error.get_exit_code() == 0 ? 0 : 2;
  }
}

}  // namespace rankine::bench
