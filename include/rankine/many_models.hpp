// SPDX-License-Identifier: Apache-2.0
// Many independent models in one run: a list of chunks of any kind, with progress, journal and failures kept
// apart (run_chunks).
#pragma once

#include <rankine/many_models/chunks.hpp>    // IWYU pragma: export
#include <rankine/many_models/progress.hpp>  // IWYU pragma: export
