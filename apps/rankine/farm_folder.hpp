// SPDX-License-Identifier: Apache-2.0
// The files of a farm in its run directory beside results and journal: which line is which command, and what
// commands printed.
#pragma once

#include <filesystem>

#include "farm/command_list.hpp"

namespace apps {

/// Driver only. Where a new run begins, outputs of the one before are put aside.
void begin_farm_folder(const std::filesystem::path& run, const rankine::farm::CommandList& list);

}  // namespace apps
