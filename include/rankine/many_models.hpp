// SPDX-License-Identifier: Apache-2.0
// Many independent models in one run: a user's function over the groups of a table (read_groups,
// many_models), and below it a list of chunks of any kind (run_chunks), with progress, journal and failures
// kept apart.
#pragma once

#include <rankine/many_models/chunks.hpp>          // IWYU pragma: export
#include <rankine/many_models/groups.hpp>          // IWYU pragma: export
#include <rankine/many_models/progress.hpp>        // IWYU pragma: export
#include <rankine/many_models/result_columns.hpp>  // IWYU pragma: export
#include <rankine/table/groups.hpp>                // IWYU pragma: export
