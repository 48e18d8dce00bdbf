// SPDX-License-Identifier: Apache-2.0
// The options of a task.
#pragma once

#include <rankine/runtime/options.hpp>  // IWYU pragma: export
