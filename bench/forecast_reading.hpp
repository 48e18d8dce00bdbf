// SPDX-License-Identifier: Apache-2.0
// Rows of rankine-bench-forecast on reading CSV: as series and as groups, beside reading its bytes.
#pragma once

#include "suite.hpp"

namespace rankine::bench {

/// Adds the rows; they write a file of about `bytes` bytes into the folder for temporary files, and remove
/// it.
void add_reading(Suite& suite, std::size_t bytes);

}  // namespace rankine::bench
