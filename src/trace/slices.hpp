// SPDX-License-Identifier: Apache-2.0
// The pieces of a recording as bars on rows, one bar or more a rank at a time, for pictures; and what a rank
// did with its time. Pure functions of a recording.
#pragma once

#include <cstddef>
#include <vector>

#include "trace/recording.hpp"

namespace rankine::trace {

struct Slice {
  Nanoseconds from = 0;
  Nanoseconds to = 0;
  std::size_t row = 0;  ///< of its rank: none lies upon another of the same row
  const Piece* piece = nullptr;
  const Submission* owner = nullptr;  ///< nullptr: its submission was not recorded
};

/// In the order of `from`. A piece that waited for others was there from before its wait. What a rank of one
/// CPU ran one after another is drawn so, also where the head heard of several ends at once.
std::vector<Slice> slices_of(const Recording& recording);

/// What the CPUs of one rank did, in CPU nanoseconds; together they are `granted`.
struct TimeUse {
  Rank rank{};
  double cpus = 1;       ///< at least 1
  double granted = 0;    ///< cpus times the time that the rank was there
  double executing = 0;  ///< tasks ran
  double idle_waited_for =
      0;                    ///< free, while tasks waited: for rank 0, for messages, for what they depend on
  double idle_nothing = 0;  ///< free, and no task waited
};

/// One for each worker, in their order. `slices` as slices_of() made them.
std::vector<TimeUse> time_uses(const Recording& recording, const std::vector<Slice>& slices);

}  // namespace rankine::trace
