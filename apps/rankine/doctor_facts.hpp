// SPDX-License-Identifier: Apache-2.0
// Looks at the machine, and lets ranks send messages to each other. Judges nothing.
#pragma once

#include <optional>
#include <string>

#include "doctor_findings.hpp"

namespace apps {

/// All but what ranks measure together.
DoctorFacts facts_of_machine();
/// CPUs that this process may use: its affinity within its control group's quota. At least 1.
int granted_cpus();
/// The path of a program on the PATH; empty: it is not there.
std::string program_on_path(const std::string& name);

/// Whether a launcher started this process as a rank.
bool is_rank();
/// Collective over all ranks, which it makes an MPI job of; nothing on ranks other than 0. `mpi`: the
/// library.
std::optional<Measured> measure_as_rank(std::string& mpi);
/// Starts `ranks` ranks of this program (`rankine doctor --ranks-only`) and reads what they found; else says
/// in facts.not_measured why there is nothing.
void measure_by_launching(int ranks, DoctorFacts& facts);
/// A line that measure_by_launching() reads.
std::string line_of(const Measured& measured, const std::string& mpi);

}  // namespace apps
