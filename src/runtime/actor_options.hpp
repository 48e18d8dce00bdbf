// SPDX-License-Identifier: Apache-2.0
// The user's ActorOptions as what the scheduler and the ranks need of them.
#pragma once

#include <string>

#include <rankine/runtime/actor.hpp>

#include "runtime/actor_messages.hpp"

namespace rankine::runtime {

/// Throws InputError naming the option and the class.
ActorTraits traits_of(const ActorOptions& options, bool can_be_saved, const std::string& class_name);

/// Where it may live and what it holds there, as for a task.
Options placement_of(const ActorOptions& options);

}  // namespace rankine::runtime
