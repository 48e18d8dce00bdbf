// SPDX-License-Identifier: Apache-2.0
// The scheduler's commands in the words of a scenario.
#pragma once

#include <string>

#include "scheduler/commands.hpp"

namespace rankine::scheduler {

std::string say(const Command& command);

}  // namespace rankine::scheduler
