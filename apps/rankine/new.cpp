// SPDX-License-Identifier: Apache-2.0
// rankine new NAME: a folder with a program that is built and run at once: CMakeLists.txt, main.cpp, a Slurm
// job and a README. Never writes into a folder that is there already.
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <rankine/error.hpp>

#include "command.hpp"
#include "embedded.hpp"

namespace apps {

namespace rk = rankine;
namespace fs = std::filesystem;

namespace {

/// What CMake takes as the name of a target.
bool is_name(const std::string& name) {
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-') return false;
  return !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) != 0 && name != "test" &&
         name != "all";
}

std::string filled(std::string_view text, const std::string& name) {
  constexpr std::string_view kPlace = "%NAME%";
  std::string out(text);
  for (std::size_t at = 0; (at = out.find(kPlace, at)) != std::string::npos; at += name.size())
    out.replace(at, kPlace.size(), name);
  return out;
}

int make_project(const std::string& where) {
  const fs::path folder = where;
  const std::string name = folder.filename().string();
  if (!is_name(name))
    throw rk::InputError(
        "rankine: \"" + name +
        "\" cannot be the name of a program. Remedy: letters, digits, - and _, a letter first");
  std::error_code error;
  if (fs::exists(folder, error))
    throw rk::InputError("rankine: " + where + " is there already. Remedy: choose another name");
  if (!fs::create_directories(folder, error))
    throw rk::SystemError("rankine: " + where + " cannot be made: " + error.message());
  for (const auto& [file, text] : {std::pair{"CMakeLists.txt", embedded::CMakeLists_txt},
                                   {"main.cpp", embedded::main_cpp},
                                   {"job.sbatch", embedded::job_sbatch},
                                   {"README.md", embedded::README_md}}) {
    std::ofstream out(folder / file, std::ios::binary);
    out << filled(text, name);
    if (!out.flush()) throw rk::SystemError("rankine: " + (folder / file).string() + " cannot be written");
  }
  const fs::path prefix = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
  const bool installed = fs::exists(prefix / "include" / "rankine", error);
  std::cout << fmt::format("cd {} && cmake -S . -B build{} && cmake --build build && rankine run build/{}\n",
                           where, installed ? " -DCMAKE_PREFIX_PATH=" + prefix.string() : "", name);
  return 0;
}

}  // namespace

Command add_new(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("new", "a project of your own that can be built and run at once");
  command->add_option("NAME", *name, "of the program and its folder, which must not be there")->required();
  command->footer("Prints the command that builds and runs it. Exit code: 0, 1 it could not be made.");
  return {command, [name] { return make_project(*name); }};
}

}  // namespace apps
