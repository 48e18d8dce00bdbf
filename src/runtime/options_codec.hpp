// SPDX-License-Identifier: Apache-2.0
// The user's Options as bytes (a task that submits sends them to the head) and as the scheduler's TaskClass.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/runtime/options.hpp>

#include "scheduler/types.hpp"

namespace rankine::runtime {

std::vector<std::byte> pack_options(const Options& options);
Options unpack_options(std::span<const std::byte> bytes);

/// What a rank was granted, or a class of tasks asks for.
std::vector<std::byte> pack_resources(const scheduler::Resources& resources);
scheduler::Resources unpack_resources(std::span<const std::byte> bytes);

/// Throws InputError for negative amounts and the like, naming the option.
scheduler::TaskClass task_class_of(FunctionId function, const Options& options);

}  // namespace rankine::runtime
