// SPDX-License-Identifier: Apache-2.0
#include "start_ranks.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

#include <unistd.h>

#include <rankine/error.hpp>

#include "doctor_facts.hpp"

namespace apps {

namespace fs = std::filesystem;

namespace {

constexpr int kNotBegun = 2;  ///< exit code

/// Beside an installed program or in the tree that it was built in.
std::string launch_script() {
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  for (const char* place : {"../share/rankine/slurm/launch.sh", "../../slurm/launch.sh"}) {
    std::error_code none;
    const fs::path script = fs::canonical(here / place, none);
    if (!none) return script.string();
  }
  throw rankine::InputError("rankine: launch.sh is neither in " + (here / "../share/rankine/slurm").string() +
                            " nor in " + (here / "../../slurm").string() +
                            ". Remedy: install Rankine anew, or call slurm/launch.sh yourself");
}

[[noreturn]] void become(const RunCommand& command) {
  for (const auto& [name, value] : command.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : command.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::cout.flush();
  execvp(words[0], words.data());
  throw rankine::SystemError(std::string("rankine: bash could not be started: ") + std::strerror(errno));
}

}  // namespace

int start_ranks(const RunWishes& wishes) {
  const std::string launcher = wishes.launcher.empty() ? "mpirun" : wishes.launcher;
  if (!wishes.dry_run && program_on_path(launcher).empty()) {
    std::cerr
        << "rankine: " << launcher
        << " is not on the PATH. Remedy: install Open MPI, or load its module; rankine doctor tells more\n";
    return kNotBegun;
  }
  become(command_of(wishes, {.launch = launch_script(),
                             .root = geteuid() == 0,
                             .cpus = granted_cpus(),
                             .in_job = std::getenv("SLURM_JOB_ID") != nullptr}));
}

std::vector<std::string> own_command() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  if (words.empty()) throw rankine::SystemError("rankine: /proc/self/cmdline cannot be read");
  words.front() = fs::read_symlink("/proc/self/exe").string();
  return words;
}

}  // namespace apps
