// SPDX-License-Identifier: Apache-2.0
// What pretended workers have: pieces in the order of their arrival, begun when what they ask for fits into
// what is free (the rule of scheduler/dispatch.cpp, as runtime/worker follows it). It knows no time: whoever
// uses it says when a piece ends.
#pragma once

#include <cstdint>
#include <vector>

#include "scheduler/commands.hpp"
#include "scheduler/node_table.hpp"
#include "scheduler/slab.hpp"

namespace rankine::simulate {

using scheduler::Index;
using scheduler::kNone;

/// A piece at a worker.
struct Work {
  enum class State : std::uint8_t { queued, running, blocked };
  TaskId first{};
  std::uint32_t count = 1;
  std::uint32_t element = 0;
  Rank worker{};
  std::uint32_t demand = 0;
  std::uint64_t payload = 0;  ///< as in Start
  Index next = kNone;         ///< in the worker's list of this state
  Index previous = kNone;
  scheduler::Ticket ticket{};
  std::uint16_t attempt = 1;
  State state = State::queued;
  // For who tells the time.
  bool told = false;             ///< the head knows that it began
  std::uint32_t generation = 0;  ///< what was planned for it before the last change is void
  std::uint32_t at = 0;          ///< element that runs
  std::uint32_t step = 0;        ///< of that element's script
  std::uint32_t until = 0;       ///< elements before this one run without a stop
  Time began;                    ///< the present stretch
  Nanoseconds fetch = 0;         ///< how long its arguments take to come
  Nanoseconds busy = 0;          ///< so far, in stretches that are over
};

class Workers {
 public:
  /// A number for what a task asks for.
  std::uint32_t demand_of(const scheduler::Resources& request);
  void join(Rank rank, const scheduler::Resources& resources);
  /// Forgets the worker and all that it has.
  void lose(Rank rank);
  bool live(Rank rank) const {
    const auto at = static_cast<std::size_t>(index(rank));
    return at < workers_.size() && workers_[at].live;
  }

  /// Behind all that the worker has.
  Index add(const scheduler::Start& start, std::uint32_t demand);
  /// The next piece, if it may begin now: it runs. Else kNone.
  Index begin_next(Rank rank);
  /// The piece is gone.
  void end(Index index);
  void block(Index index);
  void unblock(Index index);
  /// The piece that contains the element; kNone: there is none in this state.
  Index find(Rank rank, TaskId element, std::uint16_t attempt, Work::State state) const;

  Work& operator[](Index index) { return works_[index]; }
  const Work& operator[](Index index) const { return works_[index]; }

 private:
  struct List {
    Index head = kNone;
    Index tail = kNone;
  };
  struct Worker {
    scheduler::Supply free;
    List lists[3];  ///< by state
    bool live = false;
  };

  Worker& of(Rank rank) { return workers_[static_cast<std::size_t>(index(rank))]; }
  void push(Worker& worker, Index index, Work::State state);
  void unlink(Worker& worker, Index index);
  std::uint32_t custom_number(const std::string& name);

  std::vector<Worker> workers_;
  std::vector<scheduler::Demand> demands_;
  std::vector<std::string> customs_;
  scheduler::Slab<Work> works_;
};

}  // namespace rankine::simulate
