// SPDX-License-Identifier: Apache-2.0
// A manager-worker program by hand: rank 0 counts the dependencies of every task and sends what is ready to
// the workers, in batches of one MPI message, two on their way to each worker; a worker answers a batch by
// one message.
#pragma once

#include <cstdint>

#include "metg_graph.hpp"

namespace rankine::bench {

/// On rank 0; the seconds it took. Throws WrongResult where a value is wrong.
double manage(const TaskGraph& graph, std::int64_t iterations);
/// On the others, until the manager has all values.
void work_for_manager(const TaskGraph& graph, std::int64_t iterations);

}  // namespace rankine::bench
