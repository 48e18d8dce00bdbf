// SPDX-License-Identifier: Apache-2.0
// Ends of commands in words, as a table and as rows.
#include <catch.hpp>

#include <csignal>
#include <fstream>
#include <iterator>

#include "farm/outcome.hpp"
#include "temporary_folder.hpp"

namespace farm = rankine::farm;

namespace {

farm::Outcome failed(int status) {
  farm::Outcome outcome;
  outcome.state = farm::State::failed;
  outcome.attempts = 2;
  outcome.ending.status = status;
  outcome.text = "first\nthe \x1b[31mlast\n";
  return outcome;
}

}  // namespace

TEST_CASE("ends in words and codes") {
  CHECK(farm::words(failed(3 << 8)) == "exit code 3");
  CHECK(farm::exit_code(failed(3 << 8)) == 3);
  CHECK(farm::words(failed(SIGSEGV)) == "signal 11 (Segmentation fault)");
  CHECK(farm::exit_code(failed(SIGSEGV)) == 139);
  farm::Outcome late = failed(SIGTERM);
  late.ending.timed_out = true;
  late.ending.seconds = 1.5;
  CHECK(farm::words(late) == "timed out after 1.5 s");
  CHECK(farm::exit_code({}) == -1);
}

TEST_CASE("the table has what failed, the file has all") {
  const auto list = farm::parse_commands("good\nbad \"x\"\nnever\nworse", "f", {});
  std::vector<farm::Outcome> outcomes(4);
  outcomes[0].state = farm::State::succeeded;
  outcomes[0].attempts = 1;
  outcomes[1] = failed(1 << 8);
  outcomes[3] = failed(2 << 8);
  const farm::Counts counts = farm::count(outcomes);
  CHECK(counts.succeeded == 1);
  CHECK(counts.failed == 2);
  CHECK(counts.not_run == 1);
  CHECK(counts.retried == 2);
  const std::string table = farm::failure_table(list, outcomes, 1);
  CHECK_THAT(table, ContainsSubstring("exit code 1"));
  CHECK_THAT(table, ContainsSubstring("bad \"x\"\n"));
  CHECK_THAT(table, ContainsSubstring("the  [31mlast\n"));  // nothing that moves a terminal's cursor
  CHECK_THAT(table, ContainsSubstring("... and 1 more\n"));
  const TemporaryFolder folder;
  farm::write_csv(folder.path / "results.csv", list, outcomes);
  std::ifstream file(folder.path / "results.csv");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  CHECK_THAT(text, ContainsSubstring("\n2,\"\",failed,1,0,2,"));
  CHECK_THAT(text, ContainsSubstring(",\"bad \"\"x\"\"\"\n"));
  CHECK_THAT(text, ContainsSubstring("\n3,\"\",not_run,-1,0,0,,"));
  farm::write_hdf5(folder.path / "results.h5", list, outcomes);
  CHECK(std::filesystem::file_size(folder.path / "results.h5") > 0);
}
