// SPDX-License-Identifier: Apache-2.0
// The numbers of a recording that has been read.
#pragma once

#include <rankine/trace.hpp>

#include "trace/recording.hpp"

namespace rankine {

TraceSummary summary_of(const trace::Recording& recording);

}  // namespace rankine
