// SPDX-License-Identifier: Apache-2.0
// A scheduler that is told one line of text at a time and answers in lines.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scheduler/scheduler.hpp"
#include "tickets.hpp"
#include "words.hpp"

namespace rankine::scheduler {

class Scenario {
 public:
  /// The lines which the scheduler answers to one event line.
  std::vector<std::string> step(const std::string& line);

 private:
  // Each knows some first words, and returns false where it does not know the line's.
  bool on_question(const Words& words, std::string& answer) const;
  bool on_run(const Words& words);
  bool on_task(const Words& words);
  bool on_piece(const Words& words);
  bool on_object(const Words& words);
  bool on_actor(const Words& words);
  bool on_gang(const Words& words);

  bool handle(Event event);  ///< true
  std::string object(ObjectId id) const;

  Scheduler scheduler_;
  Tickets tickets_;
  Time now_;
  Commands commands_;  ///< that answer the line
  std::map<std::string, ClassId> classes_;
};

}  // namespace rankine::scheduler
