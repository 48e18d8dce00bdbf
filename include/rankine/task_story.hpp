// SPDX-License-Identifier: Apache-2.0
// What a run's trace knows of single tasks, for people who look at it from outside: `rankine explain RUN
// TASK`. Also while the run goes on, as of a second ago.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <rankine/trace.hpp>

namespace rankine {

/// Times in seconds since the run began; negative: it has not happened, or is not recorded.
struct TaskStory {
  enum class State : std::uint8_t {
    waiting,  ///< for what it depends on
    ready,    ///< for a rank, or it runs: a trace hears of a task when it ends
    ended,
    failed,     ///< its last attempt threw
    cancelled,  ///< somebody asked for that before it ended
  };
  /// One that ended on a rank; `together` elements of its map ran one after another in that time.
  struct Attempt {
    int number = 1;
    int rank = 0;
    int node = -1;
    double from = -1;
    double to = -1;
    double busy = 0;     ///< on the CPU, of all together
    bool threw = false;  ///< it, or one that ran together with it
    std::uint32_t together = 1;
    std::uint64_t bytes = 0;  ///< of the results
  };
  /// Another task.
  struct Link {
    std::uint64_t task = 0;
    std::string function;  ///< empty: a value that was put
    double ended = -1;
  };
  struct Loss {
    int rank = 0;
    double at = 0;
  };
  State state = State::waiting;
  std::uint64_t task = 0;
  std::string function;        ///< or the name that it was given
  std::uint64_t key = 0;       ///< the user's, of the submission; 0: none
  std::uint64_t element = 0;   ///< of its map,
  std::uint64_t elements = 0;  ///< which has so many; 0: no map
  int gang_ranks = 0;          ///< 0: no gang
  std::string request;         ///< what it asked for, for people
  bool possible = true;        ///< a rank that lives has as much
  std::int32_t priority = 0;
  double submitted = -1;
  int submitter = 0;
  std::uint64_t parent = 0;  ///< 0: the driver
  std::uint64_t argument_bytes = 0;
  std::vector<Link> depends_on;
  double ready = -1;               ///< all of them had ended
  std::vector<Attempt> attempts;   ///< in the order in which they ended
  std::vector<std::string> said;   ///< what it threw, each time: type and text
  double paused = 0;               ///< it waited for other tasks while it ran
  std::vector<Loss> losses;        ///< ranks that were lost after it was ready and before it ended
  double cpus_used = -1;           ///< between `ready` and its first start, of all CPUs: 0 .. 1
  std::uint64_t began_before = 0;  ///< tasks that began in that time
  std::uint64_t submitted_by_it = 0;
  std::vector<Link> needed_by;  ///< the first of them
  std::uint64_t needed_by_all = 0;
};

struct TaskQuestion {
  std::optional<std::uint64_t> task = {};  ///< by number, as reports and traces show it
  std::optional<std::uint64_t> key = {};   ///< by the key that the user gave it
  std::uint64_t element = 0;               ///< of a map, with `key`
  std::string name = {};                   ///< all whose function or name contains this
  std::size_t most = 20;                   ///< stories, of those that match
};

struct TaskStories {
  TraceSummary summary;
  std::vector<TaskStory> stories;  ///< those that have not ended first, then the longest
  std::uint64_t matching = 0;      ///< tasks; the elements of maps count one by one
};

/// `run` and errors as summarise_trace(). A question that names nothing is for all that have not ended.
TaskStories tell_stories(const std::string& run, const TaskQuestion& question);

}  // namespace rankine
