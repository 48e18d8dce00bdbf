// SPDX-License-Identifier: Apache-2.0
// Counts of the tasks of a run: rk::statistics().
#pragma once

#include <rankine/runtime/statistics.hpp>  // IWYU pragma: export
