// SPDX-License-Identifier: Apache-2.0
#include "runtime/leftovers.hpp"

#include <fstream>
#include <set>
#include <string>
#include <string_view>

#include <unistd.h>

namespace rankine::runtime {

namespace {

constexpr std::string_view kFolder = "/dev/shm/";
constexpr std::string_view kNames[] = {"vader_segment.", "osc_rdma.", "osc_sm."};

bool is_of_mpi(std::string_view path) {
  if (!path.starts_with(kFolder)) return false;
  path.remove_prefix(kFolder.size());
  for (const std::string_view name : kNames) {
    if (path.starts_with(name)) return true;
  }
  return false;
}

}  // namespace

void remove_mpi_files() {
  std::ifstream maps("/proc/self/maps");
  std::set<std::string> paths;
  for (std::string line; std::getline(maps, line);) {
    const std::size_t at = line.find('/');
    if (at != std::string::npos && is_of_mpi(std::string_view(line).substr(at)))
      paths.insert(line.substr(at));
  }
  for (const std::string& path : paths) unlink(path.c_str());  // those already gone end in " (deleted)"
}

}  // namespace rankine::runtime
