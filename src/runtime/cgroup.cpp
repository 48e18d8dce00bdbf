// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace rankine::runtime {

namespace {

constexpr const char* kRoot = "/sys/fs/cgroup";
/// Version 1 says "no limit" with a number close to 2^63.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;

template <class T>
void tighten(std::optional<T>& limit, const std::optional<T>& other) {
  if (other && (!limit || *other < *limit)) limit = other;
}

/// Calls visit(folder) for the group at `path` below `mount` and for all that enclose it.
template <class Visit>
void for_enclosing(const std::string& mount, std::string path, const Visit& visit) {
  for (;;) {
    while (!path.empty() && path.back() == '/') path.pop_back();
    visit(mount + path);
    if (path.empty()) return;
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

bool names(const std::string& controllers, const std::string& wanted) {
  std::istringstream list(controllers);
  std::string one;
  while (std::getline(list, one, ',')) {
    if (one == wanted) return true;
  }
  return false;
}

void add_version_2(const ReadFile& read, const std::string& path, CgroupLimits& limits) {
  for_enclosing(kRoot, path, [&](const std::string& folder) {
    if (const auto text = read(folder + "/cpu.max")) tighten(limits.cpus, parse_cpu_max(*text));
    if (const auto text = read(folder + "/memory.max")) tighten(limits.memory_bytes, parse_memory_max(*text));
  });
}

void add_cpu_version_1(const ReadFile& read, const std::string& path, CgroupLimits& limits) {
  for_enclosing(std::string(kRoot) + "/cpu", path, [&](const std::string& folder) {
    const auto quota = read(folder + "/cpu.cfs_quota_us");
    const auto period = read(folder + "/cpu.cfs_period_us");
    if (quota && period) tighten(limits.cpus, parse_cpu_max(*quota + " " + *period));
  });
}

void add_memory_version_1(const ReadFile& read, const std::string& path, CgroupLimits& limits) {
  for_enclosing(std::string(kRoot) + "/memory", path, [&](const std::string& folder) {
    if (const auto text = read(folder + "/memory.limit_in_bytes"))
      tighten(limits.memory_bytes, parse_memory_max(*text));
  });
}

}  // namespace

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return {};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::optional<double> parse_cpu_max(const std::string& text) {
  std::istringstream words(text);
  double quota = 0;
  double period = 0;
  if (!(words >> quota >> period) || quota <= 0 || period <= 0) return {};
  return quota / period;
}

std::optional<std::uint64_t> parse_memory_max(const std::string& text) {
  std::istringstream words(text);
  std::uint64_t bytes = 0;
  if (!(words >> bytes) || bytes >= kNoLimit) return {};
  return bytes;
}

CgroupLimits cgroup_limits(const ReadFile& read) {
  CgroupLimits limits;
  const std::optional<std::string> groups = read("/proc/self/cgroup");
  if (!groups) return limits;
  limits.path = *groups;
  std::istringstream lines(*groups);
  std::string line;
  while (std::getline(lines, line)) {  // hierarchy:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) add_version_2(read, path, limits);
    if (names(controllers, "cpu")) add_cpu_version_1(read, path, limits);
    if (names(controllers, "memory")) add_memory_version_1(read, path, limits);
  }
  return limits;
}

}  // namespace rankine::runtime
