// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <rankine/core/error.hpp>

#include "catch.hpp"
#include "suite.hpp"

using namespace rankine::bench;

namespace {

CommandLine quick(const std::string& filter = ".") {
  CommandLine command_line;
  command_line.quick = true;
  command_line.filter = filter;
  return command_line;
}
Row fixed_row() {
  return rate_row("1/s", {5});
}
/// What a program does with its arguments.
std::optional<int> parsed(CommandLine& command_line, std::vector<std::string> words) {
  words.insert(words.begin(), "bench");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  CLI::App app;
  command_line.add_to(app);
  return parse(app, static_cast<int>(arguments.size()), arguments.data(), false);
}

}  // namespace

TEST_CASE("a suite runs what the filter wants, in order, and fills the rows") {
  Suite suite(quick("b"), 3);
  suite.figure("ab", fixed_row, {10, "messages", 6});
  suite.figure("cc", [] { return require(false), fixed_row(); });
  suite.rate("b", [](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(&state);
    state.SetItemsProcessed(state.iterations());
  });
  const std::vector<Row> rows = suite.run();
  CHECK(suite.failures().empty());
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].name == "ab");
  CHECK(rows[0].ranks == 3);
  CHECK(rows[0].raw == 10);
  CHECK(rows[0].raw_is == "messages");
  CHECK(rows[0].target == 6);
  CHECK(rows[1].name == "b");
  CHECK(rows[1].unit == "1/s");
  CHECK(rows[1].value >= rows[1].median);
  CHECK(rows[1].median >= rows[1].min);
}

TEST_CASE("a wrong result is named, gives no row, and the others still run") {
  Suite suite(quick(), 1);
  suite.rate("wrong loop", [](benchmark::State& state) {
    for (auto _ : state) require(state.iterations() < 0);
    state.SetItemsProcessed(state.iterations());
  });
  suite.figure("wrong figure", [] { return require(false, "two is not three"), fixed_row(); });
  suite.figure("right", fixed_row);
  const std::vector<Row> rows = suite.run();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].name == "right");
  CHECK(suite.failures() == std::vector<std::string>{"wrong loop", "wrong figure"});
}

TEST_CASE("a run that is asked to end stops the suite") {
  Suite suite(quick(), 1);
  suite.rate("drained", [](benchmark::State& state) {
    for (auto _ : state) throw rankine::Drained("the time is over");
  });
  CHECK_THROWS_AS(suite.run(), rankine::Drained);
}

TEST_CASE("the exit code tells wrong results and empty runs from good ones") {
  const auto code = [](const char* filter) {
    const CommandLine command_line = quick(filter);
    Suite suite(command_line, 1);
    suite.figure("right", fixed_row);
    suite.figure("wrong", [] { return require(false), fixed_row(); });
    return report(suite, command_line);
  };
  CHECK(code("right") == 0);
  CHECK(code(".") == 1);
  CHECK(code("absent") == 1);
}

TEST_CASE("options that make no sense end with exit code 2") {
  CommandLine command_line;
  CHECK(!parsed(command_line, {"--quick", "--json", "rows.json", "--filter", "^a"}));
  CHECK(command_line.quick);
  CHECK(command_line.json == "rows.json");
  CHECK(command_line.wants("abc"));
  CHECK(!command_line.wants("cab"));
  CHECK(parsed(command_line, {"--help"}) == 0);
  CHECK(parsed(command_line, {"--quikc"}) == 2);
  CHECK(parsed(command_line, {"--filter", "("}) == 2);
}
