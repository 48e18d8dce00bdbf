// SPDX-License-Identifier: Apache-2.0
// The bulk-synchronous program: each rank owns a block of columns, and after a step the ranks send each other
// the values that the next step needs, one message a pair. The best that a static program can do.
#pragma once

#include <cstdint>

#include "metg_graph.hpp"

namespace rankine::bench {

/// On all ranks together; the seconds from the first step until all have done the last one.
double run_blocks(const TaskGraph& graph, std::int64_t iterations);

}  // namespace rankine::bench
