// SPDX-License-Identifier: Apache-2.0
// When a run must end and when it begins to stop: decisions about plain values. Who asks Slurm and the
// environment is launch_walltime.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <rankine/core/time.hpp>

namespace rankine::runtime {

inline constexpr Time kNeverEnds{std::numeric_limits<std::int64_t>::max()};

/// What the launcher and the user say.
struct WallTimeFacts {
  Nanoseconds option = 0;         ///< RuntimeOptions::walltime, from `start`; 0: not given
  Nanoseconds option_margin = 0;  ///< RuntimeOptions::walltime_margin; 0: not given
  std::string variable;           ///< RANKINE_WALLTIME
  std::string margin_variable;    ///< RANKINE_WALLTIME_MARGIN
  std::string job_end;            ///< SLURM_JOB_END_TIME, in seconds since 1970
  Time start;                     ///< of the program
  Time now;
  double unix_now = 0;  ///< the same instant in seconds since 1970
  std::function<std::string()>
      ask_slurm;  ///< what `squeue -h -o %L` says; only called if all else is missing
};

/// The end of the allocation and the time before it in which the run stops.
struct WallTime {
  Time end = kNeverEnds;
  Nanoseconds margin = 0;
  std::string source;  ///< who said so, for people; empty: nobody
};

/// Throws InputError naming the variable that is wrong.
WallTime decide_wall_time(const WallTimeFacts& facts);

/// Like rankine::parse_walltime; nothing for what is no time, such as Slurm's UNLIMITED.
std::optional<Nanoseconds> read_duration(std::string_view text);

/// 5 % of the time, at least 10 s and at most 2 minutes, but never more than a quarter.
Nanoseconds default_margin(Nanoseconds whole);

/// The three instants at which a run comes to its end.
struct DrainPlan {
  Time begin = kNeverEnds;  ///< from here on nothing is started
  Time cut = kNeverEnds;    ///< what still runs is asked to stop; the driver's waits throw; actors are saved
  Time leave = kNeverEnds;  ///< what is left is ended by force
};

/// Before the end of the allocation.
DrainPlan plan_for(const WallTime& wall);
/// From now on: a signal came and leaves `grace`, or less if the allocation ends sooner.
DrainPlan plan_from(Time now, Nanoseconds grace, Time end);

}  // namespace rankine::runtime
