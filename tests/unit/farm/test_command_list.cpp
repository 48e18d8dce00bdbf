// SPDX-License-Identifier: Apache-2.0
// Files of commands, arrays, rows, and which commands need no shell.
#include <catch.hpp>

#include <set>

#include <rankine/core/error.hpp>

#include "farm/command_list.hpp"
#include "farm/environment.hpp"
#include "farm/plain_command.hpp"

namespace farm = rankine::farm;

namespace {

farm::CommandList parse(const std::string& text) {
  return farm::parse_commands(text, "commands.txt", {});
}

std::string trouble(const std::string& text) {
  try {
    parse(text);
  } catch (const rankine::InputError& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a command a line, settings for those below them") {
  const auto list = parse(
      "#!/bin/sh\n# words\necho a\r\n\n  #@ cpus=2 memory=1.5G timeout=10m retries=2 name=big "
      "resource.licence=1\n"
      "echo b # not a comment of ours\necho c\n#@\necho d");
  REQUIRE(list.commands.size() == 4);
  CHECK(list.commands[0].text == "echo a");
  CHECK(list.commands[0].id == 3);
  CHECK(list.commands[1].text == "echo b # not a comment of ours");
  CHECK(list.commands[3].id == 9);
  const farm::Settings& big = list.of(list.commands[2]);
  CHECK(big.cpus == 2);
  CHECK(big.memory_bytes == 3ull << 29);
  CHECK(big.timeout_s == 600);
  CHECK(big.retries == 2);
  CHECK(big.name == "big");
  CHECK(big.custom == std::vector<std::pair<std::string, double>>{{"licence", 1}});
  CHECK(list.of(list.commands[3]) == farm::Settings{});
}

TEST_CASE("a command keeps its key where other lines come and go") {
  const auto before = parse("echo a\necho b\necho a\n");
  const auto after = parse("# new\necho new\n#@ cpus=2\necho b\necho a\necho a\n");
  const std::set<std::uint64_t> keys{before.commands[0].key, before.commands[1].key, before.commands[2].key};
  CHECK(keys.size() == 3);  // equal ones are told apart
  CHECK(after.commands[1].key == before.commands[1].key);
  CHECK(after.commands[2].key == before.commands[0].key);
  CHECK(after.commands[3].key == before.commands[2].key);
  CHECK(keys.count(after.commands[0].key) == 0);
}

TEST_CASE("what is wrong with a file of commands is said with its line") {
  CHECK(trouble("# nothing\n\n") == "commands.txt: there is no command in it");
  CHECK(trouble("echo\n#@ cpus=none\n") ==
        "commands.txt, line 2: cpus=none: it may be a number above 0, such as 2 or 0.5");
  CHECK_THAT(trouble("#@ cpu=1\necho"),
             ContainsSubstring("line 1: cpu: there is no such setting: cpus, gpus"));
  CHECK_THAT(trouble("#@ cpus 1\necho"), ContainsSubstring("write name=value"));
  CHECK_THAT(trouble("#@ timeout=soon\necho"),
             ContainsSubstring("timeout=soon: it may be a time such as 90"));
  CHECK_THAT(trouble("#@ retries=-1\necho"), ContainsSubstring("a whole number from 0"));
  CHECK_THAT(trouble("echo a \\\n b"), ContainsSubstring("line 1: it ends with a backslash"));
  CHECK(trouble("echo a \\\\\n") == "none");
  CHECK_THAT(trouble(std::string("echo\0a", 6)), ContainsSubstring("zero byte"));
  CHECK_THAT(trouble(std::string(200'000, 'x')), ContainsSubstring("a command may have 130000"));
}

TEST_CASE("arrays") {
  CHECK(farm::parse_indices("1-3,10,20-30:5") == std::vector<std::uint64_t>{1, 2, 3, 10, 20, 25, 30});
  for (const char* wrong : {"", "a", "3-1", "1-5:0", "1,,2", "1-2-3", "1,1", "0-18446744073709551615"})
    CHECK_THROWS_AS(farm::parse_indices(wrong), rankine::InputError);
  const auto list = farm::make_array(parse("run {} ${HOME} {{}} {x}"), {7, 8});
  REQUIRE(list.commands.size() == 2);
  CHECK(list.commands[1].text == "run 8 ${HOME} {} {x}");
  CHECK(list.commands[1].id == 8);
  CHECK(list.indexed);
  const auto same_text = farm::make_array(parse("run $RANKINE_ARRAY_INDEX"), {7, 8});
  CHECK(same_text.commands[0].key != same_text.commands[1].key);
  CHECK_THROWS_WITH(farm::make_array(parse("a\nb"), {1}),
                    "--array takes one command, here are 2. Remedy: name it by --command");
}

TEST_CASE("rows of a CSV") {
  const auto list = farm::make_rows(parse("train --rate {rate} --name {name} {{rate}}"),
                                    "rate,name,@cpus\n0.1,\"a b\",2\n0.2,it's,\n", "p.csv");
  REQUIRE(list.commands.size() == 2);
  CHECK(list.commands[0].text == "train --rate 0.1 --name 'a b' {rate}");
  CHECK(list.commands[1].text == "train --rate 0.2 --name 'it'\\''s' {rate}");
  CHECK(list.of(list.commands[0]).cpus == 2);
  CHECK(list.of(list.commands[1]).cpus == 1);
  CHECK(list.commands[1].id == 2);
  CHECK_THROWS_WITH(farm::make_rows(parse("a {speed}"), "rate\n1\n", "p.csv"),
                    ContainsSubstring("p.csv, line 2: there is no column speed. Remedy: one of rate"));
  CHECK_THROWS_WITH(farm::make_rows(parse("a"), "rate,x\n1\n", "p.csv"),
                    ContainsSubstring("1 fields, but 2"));
  CHECK_THROWS_WITH(farm::make_rows(parse("a"), "@cpus\nmany\n", "p.csv"), ContainsSubstring("cpus=many"));
}

TEST_CASE("only what means the same without a shell needs none") {
  using Words = std::vector<std::string>;
  CHECK(farm::plain_words("python3 train.py  --rate=0.1 a/b:c") ==
        Words{"python3", "train.py", "--rate=0.1", "a/b:c"});
  CHECK(farm::plain_words("/bin/true") == Words{"/bin/true"});
  for (const char* command :
       {"",         "A=1 run", "echo a",    "true",    "cd x",   "run 'a'", "run \"a\"", "run $x",
        "run `x`",  "run a;b", "run a|b",   "run a&",  "run >a", "run <a",  "run *",     "run ?",
        "run [a]",  "run ~",   "run {a,b}", "run a#b", "run !",  "run \\a", "(run)",     "-run",
        "time run", "while",   "run a\nb",  "run a^b", ". x"})
    CHECK_FALSE(farm::plain_words(command).has_value());
}

TEST_CASE("commands do not find the launcher's words to their rank") {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "OMPI_MCA_ess_base_jobid", "RANKINE_RUN_DIR"})
    CHECK(farm::is_launchers(name));
  for (const char* name : {"HOME", "OMPI_MCA_pml", "OMPI_ALLOW_RUN_AS_ROOT", "SLURM_JOB_ID"})
    CHECK_FALSE(farm::is_launchers(name));
}
