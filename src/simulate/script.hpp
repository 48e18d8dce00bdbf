// SPDX-License-Identifier: Apache-2.0
// A recorded run as something that can be run again elsewhere: what is submitted, how long each task takes,
// and, of the driver and of each task that has children, in which order it thinks, submits and waits.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/types.hpp"
#include "trace/recording.hpp"

namespace rankine::simulate {

/// One step of the driver or of a task.
struct Step {
  enum class Kind : std::uint8_t {
    submit,      ///< submission `target`
    wait_for,    ///< elements [element, element + count) of submission `target`
    wait_count,  ///< until `count` elements of its own submissions have ended
    pause,       ///< for `length`, waiting for something that the trace does not know
    leave,       ///< the last step
  };
  Nanoseconds think = 0;  ///< computing before it
  Kind kind = Kind::leave;
  std::uint32_t target = 0;
  std::uint32_t element = 0;
  std::uint64_t count = 0;
  Nanoseconds length = 0;
};
using Script = std::vector<Step>;

struct Dependency {
  std::uint32_t target = 0;  ///< submission
  std::uint32_t element = 0;
};

struct Planned {
  std::uint32_t task_class = 0;
  std::uint32_t count = 1;
  bool range = false;
  std::uint64_t argument_bytes = 0;
  std::uint64_t result_bytes = 0;  ///< of an element, on average
  std::size_t durations = 0;       ///< of its elements: Program::durations from here on
  std::vector<Dependency> dependencies;
  std::uint32_t parent = 0;  ///< script that submits it
  std::uint32_t script = 0;  ///< of its only element; 0: it just computes
};

struct Program {
  std::vector<scheduler::TaskClass> classes;
  std::vector<Planned> submissions;
  std::vector<Nanoseconds> durations;
  std::vector<Script> scripts;                                       ///< the first is the driver's
  std::unordered_map<std::uint64_t, std::uint32_t> element_scripts;  ///< of ranges: by submission and element
  std::uint32_t piece_max = 1;
  scheduler::Resources worker;  ///< what most had
  std::uint32_t ranks = 0;      ///< of the recorded run
  // What is not simulated:
  std::uint64_t gangs = 0;
  std::uint64_t unrecorded = 0;  ///< tasks that did not run to their end: they take no time

  std::uint64_t tasks() const { return durations.size(); }
  std::uint32_t script_of(std::uint32_t submission, std::uint32_t element) const {
    const Planned& planned = submissions[submission];
    if (!planned.range) return planned.script;
    if (element_scripts.empty()) return 0;
    const auto found = element_scripts.find(std::uint64_t{submission} << 32 | element);
    return found != element_scripts.end() ? found->second : 0;
  }
};

/// Throws InputError where there is nothing to run, or more than can be numbered.
Program make_program(const trace::Recording& recording);

}  // namespace rankine::simulate
