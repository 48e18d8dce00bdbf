// SPDX-License-Identifier: Apache-2.0
// A task graph run by Rankine: one submit a point, whose arguments are the futures that it depends on.
#pragma once

#include <cstdint>

#include "metg_curve.hpp"
#include "metg_graph.hpp"

namespace rankine::bench {

/// In the driver. Every value is collected and verified; throws WrongResult where one is wrong.
Measured run_by_submit(const TaskGraph& graph, std::int64_t iterations);
/// The same by one map a step, of a graph without dependencies.
Measured run_by_map(const TaskGraph& graph, std::int64_t iterations);

}  // namespace rankine::bench
