// SPDX-License-Identifier: Apache-2.0
// The environment of commands: that of the rank without what the MPI launcher told this rank about itself, so
// that a command may be an MPI program, or start mpirun, of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rankine::farm {

/// Whether a variable is the launcher's word to this one process, or a word to this run alone.
bool is_launchers(std::string_view name);
/// "NAME=value" of all others.
std::vector<std::string> command_environment(const char* const* variables);
/// Functions that bash hands on by variables: a plain word may then be one of them.
bool has_functions(const std::vector<std::string>& environment);

}  // namespace rankine::farm
