// SPDX-License-Identifier: Apache-2.0
// What workers keep of the Starts that they were sent: the tickets that go with what they say of a piece. For
// tests that name pieces by their ids.
#pragma once

#include <variant>
#include <vector>

#include "scheduler/commands.hpp"
#include "scheduler/events.hpp"

namespace rankine::scheduler {

class Tickets {
 public:
  void note(const Commands& commands) {
    for (const Command& command : commands) {
      if (const auto* start = std::get_if<Start>(&command)) starts_.push_back(*start);
    }
  }
  /// Of the newest Start of the task in this attempt on the worker; an empty one if there was none.
  Ticket find(Rank worker, TaskId task, std::uint16_t attempt) const {
    for (auto at = starts_.rbegin(); at != starts_.rend(); ++at) {
      if (at->worker == worker && at->attempt == attempt && number(task) - number(at->first) < at->count)
        return at->ticket;
    }
    return {};
  }
  /// Puts it into an event that has none, but should.
  void fill(Event& event) const {
    std::visit(
        [this](auto& said) {
          if constexpr (requires { said.ticket; }) {
            if (said.ticket != Ticket{}) return;
            if constexpr (requires { said.task; }) {
              said.ticket = find(said.worker, said.task, said.attempt);
            } else {
              said.ticket = find(said.worker, said.first, said.attempt);
            }
          }
        },
        event);
  }

 private:
  std::vector<Start> starts_;
};

}  // namespace rankine::scheduler
