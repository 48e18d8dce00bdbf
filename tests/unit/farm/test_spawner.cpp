// SPDX-License-Identifier: Apache-2.0
// Real commands by a real helper process.
#include <catch.hpp>

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

#include <rankine/core/error.hpp>

#include "farm/spawner.hpp"
#include "temporary_folder.hpp"

namespace farm = rankine::farm;

namespace {

const auto never = [] { return false; };

struct Place {
  TemporaryFolder folder;
  farm::Spawner spawner{{folder.path / "output" / "a", "/bin/sh", 2, false}};

  farm::Spawned run(const std::string& command, farm::SpawnRequest request = {}) {
    request.command = command;
    request.key = ++key;
    return spawner.run(request, never);
  }
  /// Of the last command.
  std::string printed() const {
    std::string text;
    const farm::OutputReader reader(folder.path / "output");
    reader.read(*reader.last(key),
                [&](farm::Stream, std::span<const char> bytes) { text.append(bytes.data(), bytes.size()); });
    return text;
  }
  std::uint64_t key = 0;
};

/// Waits, without looking again and again, until the process is gone; false after ten seconds.
bool is_gone(pid_t process) {
  const int watch = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  if (watch < 0) return true;
  pollfd wait{watch, POLLIN, 0};
  const bool gone = ::poll(&wait, 1, 10'000) == 1;
  ::close(watch);
  return gone;
}

}  // namespace

TEST_CASE("how commands end, and what they print") {
  Place place;
  CHECK(place.run("echo \"$A\"; echo b >&2", {.variables = {"A=one two"}}).ending.good());
  CHECK_THAT(place.printed(), ContainsSubstring("one two\n"));
  const farm::Spawned failed = place.run("echo why >&2; exit 3");
  CHECK(WEXITSTATUS(failed.ending.status) == 3);
  CHECK(failed.text == "why\n");
  CHECK(failed.ending.error_bytes == 4);
  CHECK_FALSE(failed.ending.good());
  CHECK(WTERMSIG(place.run("kill -KILL $$").ending.status) == SIGKILL);
  CHECK(place.run("seq 1 100000").ending.output_bytes == 588'895);  // more than a pipe holds
  CHECK(place.printed().size() == 588'895);
  CHECK(place.run("cat").ending.good());  // nothing to read
  CHECK(place.run("/bin/sleep 0").ending.memory_mib > 0);
}

TEST_CASE("with and without a shell a command is the same") {
  Place place;
  ::setenv("FARM_TEST", "from the parent", 1);
  Place with;  // knows the variable
  CHECK(with.run("printenv FARM_TEST").ending.good());
  CHECK(with.printed() == "from the parent\n");
  CHECK(WEXITSTATUS(place.run("nosuchprogram a").ending.status) == 127);
  CHECK_THAT(place.printed(), ContainsSubstring("nosuchprogram: not found"));
  CHECK(WEXITSTATUS(place.run("/etc/passwd").ending.status) == 126);
  const auto script = place.folder.path / "script";
  std::ofstream(script) << "echo without a first line of its own $1\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  CHECK(place.run(script.string() + " x").ending.good());
  CHECK(place.printed() == "without a first line of its own x\n");
}

TEST_CASE("signals are as they were before the helper was made") {
  Place place;
  CHECK(WTERMSIG(place.run("sh -c 'kill -PIPE $$'; kill -TERM $$").ending.status) == SIGTERM);
  CHECK(WTERMSIG(place.run("kill -PIPE $$").ending.status) == SIGPIPE);
}

TEST_CASE("what is over its time is asked to end, then made to") {
  Place place;
  const auto limit = rankine::kSecond / 20;
  const farm::Spawned asked = place.run("sleep 100", {.timeout = limit, .grace = 10 * rankine::kSecond});
  CHECK(asked.ending.timed_out);
  CHECK(WTERMSIG(asked.ending.status) == SIGTERM);
  const farm::Spawned made =
      place.run("trap '' TERM; while :; do sleep 1; done", {.timeout = limit, .grace = limit});
  CHECK(made.ending.timed_out);
  CHECK(WTERMSIG(made.ending.status) == SIGKILL);
  CHECK(made.ending.seconds < 10);
  bool unwanted = false;
  farm::SpawnRequest request;
  request.command = "sleep 100";
  const farm::Spawned stopped = place.spawner.run(request, [&] { return std::exchange(unwanted, true); });
  CHECK(stopped.ending.stopped);
  CHECK_FALSE(stopped.ending.timed_out);
}

TEST_CASE("nothing outlives its command, nor the helper") {
  Place place;
  REQUIRE(place.run("sleep 100 & echo $!").ending.good());
  CHECK(is_gone(std::stoi(place.printed())));
  farm::SpawnRequest request;
  request.command = "sleep 100 & echo $! > " + (place.folder.path / "process").string() + "; wait";
  const pid_t helper = place.spawner.helper();
  const auto kill_helper = [&] {
    std::ifstream file(place.folder.path / "process");
    if (pid_t process = 0; file >> process) ::kill(helper, SIGKILL);
    return false;
  };
  CHECK_THROWS_WITH(place.spawner.run(request, kill_helper), ContainsSubstring("is gone"));
  pid_t process = 0;
  REQUIRE(std::ifstream(place.folder.path / "process") >> process);
  CHECK(is_gone(process));
}

TEST_CASE("an output that cannot be written is the command's trouble, with the file's name") {
  const TemporaryFolder folder;
  std::ofstream(folder.path / "file") << "x";
  farm::Spawner spawner({folder.path / "file" / "a", "/bin/sh", 1, false});
  farm::SpawnRequest request;
  request.command = "true";
  const farm::Spawned spawned = spawner.run(request, never);
  CHECK(spawned.ending.in_trouble);
  CHECK_THAT(spawned.text, ContainsSubstring("file/a.out"));
}

TEST_CASE("commands that go out together run one after another, until their time is used up") {
  Place place;
  const auto requests = [&](std::initializer_list<const char*> commands) {
    std::vector<farm::SpawnRequest> all;
    for (const char* command : commands) all.push_back({.command = command, .key = ++place.key});
    return all;
  };
  const auto ended = place.spawner.run(requests({"echo a >&2; exit 2", "nosuchprogram", "true"}), 0, never);
  REQUIRE(ended.size() == 3);
  CHECK(ended[0].text == "a\n");
  CHECK(WEXITSTATUS(ended[1].ending.status) == 127);
  CHECK(ended[2].ending.good());
  const auto cut = place.spawner.run(requests({"sleep 0.05", "true", "true"}), rankine::kSecond / 100, never);
  CHECK(cut[0].ending.good());
  CHECK_FALSE(cut[1].ending.begun);
  CHECK_FALSE(cut[2].ending.good());
  const farm::OutputReader reader(place.folder.path / "output");
  CHECK(reader.attempts() == 4);
  CHECK(reader.last(4)->good == 1);
  CHECK(reader.last(1)->good == 0);
  CHECK(reader.file_of(*reader.last(4)) == "a");
  const auto stopped = place.spawner.run(requests({"sleep 100", "true"}), 0, [] { return true; });
  CHECK(stopped[0].ending.stopped);
  CHECK_FALSE(stopped[1].ending.begun);
  std::vector<farm::SpawnRequest> long_ones(2);
  for (farm::SpawnRequest& request : long_ones) request.command = "true " + std::string(140'000, 'x');
  CHECK_THROWS_AS(place.spawner.run(long_ones, 0, never), rankine::InputError);
  CHECK(place.run("true").ending.good());
}
