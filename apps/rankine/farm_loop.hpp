// SPDX-License-Identifier: Apache-2.0
// The loop of rank 0 over the commands of a farm: which are submitted, together where they are short, what
// became of each, and what is tried again.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <rankine/rankine.hpp>

#include "farm/batch_size.hpp"
#include "farm/command_list.hpp"
#include "farm/outcome.hpp"
#include "farm/output_store.hpp"
#include "farm/run_command.hpp"

namespace apps {

class FarmLoop {
 public:
  /// `run`: the run directory. `grace`: from SIGTERM to SIGKILL for what is over its time.
  FarmLoop(const rankine::farm::CommandList& list, std::filesystem::path run, rankine::Nanoseconds grace);

  /// Until every command has ended for good. Throws rankine::Drained when the time of the run is over.
  void run();

  const std::vector<rankine::farm::Outcome>& outcomes() const { return outcomes_; }

 private:
  using Commands = std::vector<std::size_t>;  ///< indices in the list

  /// Commands that ask for the same: a window of each is submitted, so that those that wait for what is rare
  /// do not keep the others back.
  struct Class {
    rankine::Options options;
    rankine::farm::BatchSize batch;
    std::deque<std::size_t> waiting;
    std::size_t flying = 0;
  };
  struct Flying {
    Commands commands;
    Class* kind;
  };

  void take_what_is_done();
  void refill();
  Commands next_of(Class& kind);
  void submit(Class& kind, Commands commands);
  void take_ended();
  void take_ready();
  void take(std::size_t flight);
  void take_results(const Flying& flown, rankine::farm::BatchResult results);
  void take_loss(const Flying& flown, const rankine::Error& error);
  void fail(const Flying& flown, std::size_t command, const rankine::Error& error);
  void settle(Class& kind, std::size_t command);
  bool find_in_output(const rankine::farm::OutputReader& reader, std::size_t command);
  void keep(std::size_t command);

  const rankine::farm::CommandList& list_;
  std::filesystem::path run_;
  rankine::Nanoseconds grace_;
  std::size_t slots_ = 1;  ///< commands that run at once, about
  std::size_t window_ = 0;
  std::vector<rankine::farm::Outcome> outcomes_;
  std::vector<std::uint8_t> lost_;  ///< ranks that a command was lost with
  std::map<std::string, Class> classes_;
  std::vector<rankine::Future<rankine::farm::BatchResult>> futures_;
  std::vector<Flying> flying_;  ///< beside them
  std::uint64_t ended_ = 0;
};

}  // namespace apps
