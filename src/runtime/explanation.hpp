// SPDX-License-Identifier: Apache-2.0
// The scheduler's explanation of a task as bytes, and as the user sees it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <rankine/runtime/explanation.hpp>

#include "scheduler/scheduler.hpp"

namespace rankine::runtime {

/// Names at most as many missing objects as fit a message; the sentence gives their number.
std::vector<std::byte> pack_explanation(const scheduler::Explanation& explanation);
Explanation unpack_explanation(std::span<const std::byte> bytes);

}  // namespace rankine::runtime
