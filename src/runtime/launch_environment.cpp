// SPDX-License-Identifier: Apache-2.0
// What must be set before MPI_Init, and when it may be.
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <dlfcn.h>

#include "runtime/launch.hpp"

namespace rankine::runtime {

namespace {

bool several_nodes() {
  const int size = number_in_environment("OMPI_COMM_WORLD_SIZE");
  const int local = number_in_environment("OMPI_COMM_WORLD_LOCAL_SIZE");
  return (size > 0 && local > 0 && local < size) || number_in_environment("SLURM_STEP_NUM_NODES") > 1;
}

bool user_chose_networks() {
  for (const char* name : {"OMPI_MCA_pml", "OMPI_MCA_osc", "OMPI_MCA_btl"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

/// Whether this Open MPI has its UCX messaging, built in or as a plug-in beside it, and UCX itself is there.
/// A component asked for and not found would fail MPI_Init.
bool mpi_has_ucx() {
  if (dlsym(RTLD_DEFAULT, "mca_pml_ucx_component") != nullptr) return true;
  Dl_info library{};
  void* const function = dlsym(RTLD_DEFAULT, "MPI_Init_thread");
  if (function == nullptr || dladdr(function, &library) == 0 || library.dli_fname == nullptr) return false;
  std::error_code error;
  const auto folder = std::filesystem::canonical(library.dli_fname, error).parent_path();
  bool found = false;
  for (const char* plugins : {"openmpi", "openmpi/lib/openmpi3"}) {  // Open MPI's place, Debian's
    for (const char* part : {"mca_pml_ucx.so", "mca_osc_ucx.so"}) {
      found = std::filesystem::exists(folder / plugins / part, error);
      if (!found) break;
    }
    if (found) break;
  }
  if (!found) return false;
  void* const ucx = dlopen("libucp.so.0", RTLD_LAZY | RTLD_LOCAL);
  if (ucx == nullptr) return false;
  dlclose(ucx);
  return true;
}

}  // namespace

int number_in_environment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::atoi(text);
}

void prepare_environment() {
  std::signal(SIGPIPE, SIG_IGN);  // over ob1/TCP sending to a dead rank would kill the sender
  if (!several_nodes() || user_chose_networks() || !mpi_has_ucx()) return;
  constexpr std::array<std::pair<const char*, const char*>, 5> kVariables{{
      {"OMPI_MCA_pml", "ucx"},
      {"OMPI_MCA_osc", "ucx,sm"},
      {"OMPI_MCA_pml_ucx_tls", "any"},
      {"OMPI_MCA_pml_ucx_devices", "any"},
      {"OMPI_MCA_osc_ucx_tls", "any"},
  }};
  for (const auto& [name, value] : kVariables) setenv(name, value, 0);
}

}  // namespace rankine::runtime
