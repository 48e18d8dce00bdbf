// SPDX-License-Identifier: Apache-2.0
#include "farm/environment.hpp"

#include <algorithm>
#include <array>

namespace rankine::farm {

bool is_launchers(std::string_view name) {
  // What was said to this run is not meant for a run that a command may be.
  constexpr std::array<std::string_view, 6> own = {"RANKINE_RUN_DIR",         "RANKINE_WALLTIME",
                                                   "RANKINE_WALLTIME_MARGIN", "RANKINE_REQUEUE",
                                                   "RANKINE_RESOURCES",       "RANKINE_GPUS"};
  if (std::find(own.begin(), own.end(), name) != own.end()) return true;
  // Of Open MPI's own variables a user sets OMPI_MCA_pml and its like, and the permission to be root.
  constexpr std::array<std::string_view, 14> prefixes = {"PMIX_",
                                                         "PMI_",
                                                         "PMI2_",
                                                         "HYDRA_",
                                                         "OMPI_MCA_orte_",
                                                         "OMPI_MCA_ess",
                                                         "OMPI_MCA_pmix",
                                                         "OMPI_MCA_plm",
                                                         "OMPI_MCA_prte",
                                                         "OMPI_MCA_rmaps",
                                                         "OMPI_MCA_hwloc_",
                                                         "OMPI_MCA_initial_wdir",
                                                         "OMPI_MCA_shmem_RUNTIME",
                                                         "OMPI_MCA_mca_base_env_list"};
  const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
  if (std::any_of(prefixes.begin(), prefixes.end(), begins)) return true;
  return name.starts_with("OMPI_") && !name.starts_with("OMPI_MCA_") &&
         !name.starts_with("OMPI_ALLOW_RUN_AS_ROOT");
}

std::vector<std::string> command_environment(const char* const* variables) {
  std::vector<std::string> kept;
  for (; *variables != nullptr; ++variables) {
    const std::string_view variable = *variables;
    if (!is_launchers(variable.substr(0, variable.find('=')))) kept.emplace_back(variable);
  }
  return kept;
}

bool has_functions(const std::vector<std::string>& environment) {
  return std::any_of(environment.begin(), environment.end(),
                     [](const std::string& variable) { return variable.starts_with("BASH_FUNC_"); });
}

}  // namespace rankine::farm
