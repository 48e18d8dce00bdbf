// SPDX-License-Identifier: Apache-2.0
// What is done with the journal that a run finds in its directory: gone on from, moved aside, or refused in a
// sentence.
#pragma once

#include <cstdint>
#include <string>

#include "journal/file.hpp"
#include "journal/index.hpp"

namespace rankine::journal {

enum class Policy : std::uint8_t {
  automatic,  ///< begin anew behind a run that finished, go on from one of the same program and options, else
              ///< refuse
  fresh,      ///< move it aside and begin anew
  required,   ///< go on from it, also if it finished or another build made it; refuse where there is none
};

struct Opened {
  File file;
  std::uint64_t bytes = 0;  ///< where the next record goes
  Index index;
  bool resumed = false;
  std::string said;  ///< lines for the user: what is resumed, what was lost; may be empty
};

/// Opens `path` for the run of `mine`. A new journal has its first record written. Throws InputError where it
/// refuses, SystemError where the system does.
Opened open_journal(const std::string& path, const Program& mine, Policy policy);

}  // namespace rankine::journal
