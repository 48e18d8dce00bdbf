// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include <rankine/core/error.hpp>

#include "runtime/run_status.hpp"

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "thrown.hpp"

namespace fs = std::filesystem;
using rankine::SystemError;
using rankine::runtime::prepare_run_directory;
using rankine::runtime::RunEnd;
using rankine::runtime::RunStatus;

namespace {

using Folder = TemporaryFolder;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string error_of(const std::string& directory) {
  try {
    prepare_run_directory(directory);
  } catch (const SystemError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("the status says running, then how it ended") {
  const Folder folder;
  const RunStatus status(folder.path, 4);
  const std::string begun = text_of(folder.path / "status");
  CHECK(contains(begun, "\"state\": \"running\""));
  CHECK(contains(begun, "\"ranks\": 4"));
  CHECK(contains(begun, "\"pid\": " + std::to_string(getpid())));
  CHECK_FALSE(contains(begun, "\"code\""));

  RunEnd end;
  end.state = "drained";
  end.code = 3;
  end.reason = "he said \"stop\"\n";
  end.submitted = 10;
  end.finished = 7;
  end.left = 3;
  end.ranks_lost = 1;
  end.requeue = true;
  status.end(end);
  const std::string ended = text_of(folder.path / "status");
  for (const char* part : {"\"state\": \"drained\"", "\"code\": 3", "\"reason\": \"he said \\\"stop\\\" \"",
                           "\"tasks_submitted\": 10", "\"tasks_finished\": 7", "\"tasks_left\": 3",
                           "\"ranks_lost\": 1", "\"requeue\": true", "\"ranks\": 4"}) {
    INFO(part << " in " << ended);
    CHECK(contains(ended, part));
  }
  CHECK_FALSE(fs::exists(folder.path / "status.new"));
}

TEST_CASE("a run directory is made with its parents and named by its whole path") {
  const Folder folder;
  const std::string made = prepare_run_directory((folder.path / "a" / "b").string());
  CHECK(fs::is_directory(made));
  CHECK(fs::path(made).is_absolute());
  CHECK(prepare_run_directory(made) == made);  // it may be there
}

TEST_CASE("a run directory that cannot be is a sentence with its name and the remedy") {
  const Folder folder;
  std::ofstream(folder.path / "file") << "x";
  const std::string in_place = error_of((folder.path / "file").string());
  CHECK(contains(in_place, "rankine: the run directory " + (folder.path / "file").string() + " is a file"));
  CHECK(contains(in_place, "Remedy: "));
  const std::string below = error_of((folder.path / "file" / "run").string());
  CHECK(contains(below, "cannot be made"));
  CHECK(contains(below, "Remedy: "));
  const std::string kernel = error_of("/proc/rankine-run");  // not even root makes one there
  CHECK(contains(kernel, "/proc/rankine-run"));
  CHECK(contains(kernel, "Remedy: "));
}
