// SPDX-License-Identifier: Apache-2.0
// A recording as the JSON that Perfetto and chrome://tracing open: a process a rank, a slice a piece, what
// the driver submitted and waited for, and counters of what was pending.
#pragma once

#include <ostream>

#include "trace/recording.hpp"

namespace rankine::trace {

void write_chrome(const Recording& recording, std::ostream& to);

}  // namespace rankine::trace
