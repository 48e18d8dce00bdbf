// SPDX-License-Identifier: Apache-2.0
// rankine-train --plan: which mesh of the workers would be fastest, by measured speeds and a cost model.
#pragma once

#include "train_settings.hpp"

namespace train_app {

/// Measures for about a second on `workers` ranks, prints the ranking and a line of JSON; the exit code.
int plan(const Settings& settings, int workers);

}  // namespace train_app
