// SPDX-License-Identifier: Apache-2.0
// Wall times as people and Slurm write them.
#pragma once

#include <chrono>
#include <string_view>

namespace rankine {

/// "90" and "90s" are seconds; "30m", "1.5h", "2d" and "1h30m" as they look; "30:00" minutes and seconds,
/// "1:30:00", "2-12", "2-12:30" and "2-12:30:00" (days-hours...) as Slurm writes them. Throws InputError for
/// anything else and for what is not more than nothing.
std::chrono::nanoseconds parse_walltime(std::string_view text);

}  // namespace rankine
