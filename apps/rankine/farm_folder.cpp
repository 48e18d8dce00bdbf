// SPDX-License-Identifier: Apache-2.0
#include "apps/rankine/farm_folder.hpp"

#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <span>

#include <fmt/format.h>

#include <rankine/rankine.hpp>

#include "apps/rankine/farm.hpp"
#include "farm/output_store.hpp"

namespace apps {

namespace rk = rankine;
namespace farm = rankine::farm;
namespace fs = std::filesystem;

namespace {

/// Which key each line has: what `rankine farm output` goes by.
void write_lines(const fs::path& run, const farm::CommandList& list) {
  std::ofstream file(run / "lines.partial", std::ios::binary);
  for (const farm::Command& command : list.commands) {
    const std::uint64_t pair[] = {command.id, command.key};
    file.write(reinterpret_cast<const char*>(pair), sizeof pair);
  }
  file.close();
  if (!file)
    throw rk::SystemError(fmt::format("rankine: {} could not be written", (run / "lines.partial").string()));
  fs::rename(run / "lines.partial", run / "lines");
}

std::map<std::uint64_t, std::uint64_t> read_lines(const fs::path& run) {
  std::ifstream file(run / "lines", std::ios::binary);
  if (!file) throw rk::InputError(fmt::format("farm: {} is no run directory of a farm", run.string()));
  std::map<std::uint64_t, std::uint64_t> lines;
  std::uint64_t pair[2];
  while (file.read(reinterpret_cast<char*>(pair), sizeof pair)) lines[pair[0]] = pair[1];
  return lines;
}

}  // namespace

void begin_farm_folder(const fs::path& run, const farm::CommandList& list) {
  if (!rk::load_state<int>("farm")) {
    if (fs::exists(run / "output")) {
      fs::remove_all(run / "output.old");
      fs::rename(run / "output", run / "output.old");
    }
    rk::save_state("farm", 1);
  }
  fs::create_directories(run / "output");
  write_lines(run, list);
}

int print_output(const FarmWishes& wishes) {
  const fs::path run = wishes.output_run;
  const auto lines = read_lines(run);
  const farm::OutputReader reader(run / "output");
  for (const std::uint64_t line : wishes.output_lines) {
    const auto key = lines.find(line);
    if (key == lines.end()) throw rk::InputError(fmt::format("farm: {} has no line {}", run.string(), line));
    const farm::OutputEntry* entry = reader.last(key->second);
    if (entry == nullptr)
      throw rk::InputError(fmt::format("farm: line {} of {} has not ended yet", line, run.string()));
    reader.read(*entry, [&](farm::Stream stream, std::span<const char> bytes) {
      if (wishes.only_errors && stream != farm::Stream::error) return;
      std::ostream& to = stream == farm::Stream::error && !wishes.only_errors ? std::cerr : std::cout;
      to.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      to.flush();
    });
  }
  return 0;
}

}  // namespace apps
