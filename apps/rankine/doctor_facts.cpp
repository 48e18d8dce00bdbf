// SPDX-License-Identifier: Apache-2.0
#include "doctor_facts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include <dlfcn.h>
#include <hdf5.h>
#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace apps {

namespace fs = std::filesystem;

namespace {

constexpr int kPatienceSeconds = 60;  ///< for two ranks that start, measure and end

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

std::string line_in(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// What a command of a shell writes to its standard output.
std::string output_of(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  char part[4096];
  while (pipe && std::fgets(part, sizeof part, pipe.get()) != nullptr) text += part;
  return text;
}

std::string shell_word(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Its one-sided components, and whether messages can go by UCX. Lines are "mca:osc:ucx:version:...".
void ask_ompi_info(DoctorFacts& facts) {
  if (program_on_path("ompi_info").empty()) return;
  std::istringstream lines(output_of("ompi_info --parsable 2>/dev/null"));
  bool pml = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("mca:pml:ucx:")) pml = true;
    if (!line.starts_with("mca:osc:")) continue;
    const std::string name = line.substr(8, line.find(':', 8) - 8);
    const bool known = std::find(facts.osc.begin(), facts.osc.end(), name) != facts.osc.end();
    if (!known && name != "base" && name != "monitoring") facts.osc.push_back(name);
  }
  facts.ucx = pml && std::find(facts.osc.begin(), facts.osc.end(), "ucx") != facts.osc.end();
}

/// NVIDIA's displays and 3D controllers on the PCI bus.
int gpus_on_bus() {
  int gpus = 0;
  std::error_code none;
  for (const auto& device : fs::directory_iterator("/sys/bus/pci/devices", none))
    gpus +=
        line_in(device.path() / "vendor") == "0x10de" && line_in(device.path() / "class").starts_with("0x03");
  return gpus;
}

std::string driver_version() {
  if (const std::string version = line_in("/sys/module/nvidia/version"); !version.empty()) return version;
  void* library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return {};
  const auto start = reinterpret_cast<int (*)(unsigned)>(dlsym(library, "cuInit"));
  const auto ask = reinterpret_cast<int (*)(int*)>(dlsym(library, "cuDriverGetVersion"));
  int version = 0;
  if (start == nullptr || ask == nullptr || start(0) != 0 || ask(&version) != 0) return {};
  return fmt::format("for CUDA {}.{}", version / 1000, version % 1000 / 10);
}

std::string nccl_version() {
  void* library = dlopen("libnccl.so.2", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return {};
  const auto ask = reinterpret_cast<int (*)(int*)>(dlsym(library, "ncclGetVersion"));
  int version = 0;
  if (ask == nullptr || ask(&version) != 0) return {};
  return fmt::format("{}.{}.{}", version / 10000, version % 10000 / 100, version % 100);
}

}  // namespace

int granted_cpus() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  int cpus = sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 1;
  std::string group = line_in("/proc/self/cgroup");  // "0::/path" with version 2
  if (group.starts_with("0::")) {
    std::istringstream limit(line_in("/sys/fs/cgroup" + group.substr(3) + "/cpu.max"));
    double quota = 0;
    double period = 0;
    if (limit >> quota >> period && period > 0)
      cpus = std::min(cpus, static_cast<int>(std::ceil(quota / period)));
  }
  return std::max(1, cpus);
}

std::string program_on_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string program = folder + "/" + name;
    if (access(program.c_str(), X_OK) == 0 && !fs::is_directory(program)) return program;
  }
  return {};
}

bool is_rank() {
  return is_set("OMPI_COMM_WORLD_SIZE") || is_set("PMIX_RANK") || is_set("PMI_RANK");
}

DoctorFacts facts_of_machine() {
  DoctorFacts facts;
  facts.root = geteuid() == 0;
  facts.root_allowed = is_set("OMPI_ALLOW_RUN_AS_ROOT") && is_set("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM");
  facts.cpus = granted_cpus();
  facts.mpirun = program_on_path("mpirun");
  ask_ompi_info(facts);
  struct statvfs room {};
  if (statvfs("/dev/shm", &room) == 0) {
    facts.shared_bytes = std::uint64_t{room.f_blocks} * room.f_frsize;
    facts.shared_free = std::uint64_t{room.f_bavail} * room.f_frsize;
  }
  facts.gpus = gpus_on_bus();
  if (facts.gpus > 0) facts.gpu_driver = driver_version();
  facts.cuda_built = RANKINE_DOCTOR_CUDA;
  if (facts.gpus > 0) facts.nccl = nccl_version();
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  facts.hdf5 = fmt::format("{}.{}.{}", major, minor, release);
  facts.slurm = !program_on_path("sbatch").empty();
  if (is_set("SLURM_JOB_ID")) facts.slurm_job = std::getenv("SLURM_JOB_ID");
  if (is_set("SLURM_JOB_NUM_NODES")) facts.slurm_nodes = std::atoi(std::getenv("SLURM_JOB_NUM_NODES"));
  return facts;
}

std::string line_of(const Measured& measured, const std::string& mpi) {
  nlohmann::json json;
  json["ranks"] = measured.ranks;
  json["nodes"] = measured.nodes;
  json["ranks_here"] = measured.ranks_here;
  json["cpus_here"] = measured.cpus_here;
  json["threads"] = static_cast<int>(measured.threads);
  json["one_sided"] = measured.one_sided;
  json["one_sided_error"] = measured.one_sided_error;
  json["latency_us"] = measured.latency_us;
  json["bandwidth"] = measured.bandwidth;
  json["mpi"] = mpi;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void measure_by_launching(int ranks, DoctorFacts& facts) {
  if (facts.mpirun.empty()) {
    facts.not_measured = "there is no mpirun";
    return;
  }
  const std::string self = fs::read_symlink("/proc/self/exe").string();
  // What it says on standard error is shown when it fails only, at the end of its output.
  const std::string said =
      output_of(fmt::format("OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 timeout -k 5 {} {} -n "
                            "{} --oversubscribe --bind-to "
                            "none {} doctor --ranks-only 2>&1 </dev/null",
                            kPatienceSeconds, shell_word(facts.mpirun), ranks, shell_word(self)));
  std::istringstream lines(said);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) {
      if (line.find_first_not_of("- ") != std::string::npos) last = line;
      continue;
    }
    facts.mpi = json.value("mpi", "");
    facts.measured = Measured{.ranks = json.value("ranks", 1),
                              .nodes = json.value("nodes", 1),
                              .ranks_here = json.value("ranks_here", 1),
                              .cpus_here = json.value("cpus_here", 1),
                              .threads = static_cast<Measured::Threads>(json.value("threads", 0)),
                              .one_sided = json.value("one_sided", false),
                              .one_sided_error = json.value("one_sided_error", ""),
                              .latency_us = json.value("latency_us", 0.0),
                              .bandwidth = json.value("bandwidth", 0.0)};
    return;
  }
  facts.not_measured = last.empty() ? fmt::format("they said nothing within {} s", kPatienceSeconds) : last;
}

}  // namespace apps
