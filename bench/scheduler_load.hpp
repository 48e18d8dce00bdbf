// SPDX-License-Identifier: Apache-2.0
// A load for the scheduler alone: pretended workers that take what they are sent and finish in random order,
// and a driver that keeps them busy with a mix of tasks. Only the scheduler's own time is counted.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "scheduler/scheduler.hpp"
#include "simulate/workers.hpp"

namespace rankine::bench {

struct LoadSettings {
  int workers = 1000;
  std::uint64_t seed = 1;
  /// Seven of ten tasks ask for a cpu, the others for 4 cpus, a gpu or come first by priority; one in eight
  /// depends on one to three others, one in a hundred submissions is a map of up to 256, one in 200 is
  /// cancelled; workers have 1, 4 or 8 cpus and some gpus; ten are lost on the way. Else: tasks of one cpu
  /// each, on workers of one cpu.
  bool mixed = true;
};

class Load {
 public:
  explicit Load(const LoadSettings& settings);

  /// Submits and ends about so many tasks, with all workers busy and a tenth more waiting.
  void run(std::uint64_t tasks);
  /// Submits so many that nobody has time for.
  void pile_up(std::uint64_t tasks);
  /// Ends and releases all there is.
  void finish_all();

  double seconds() const { return seconds_; }             ///< of the scheduler
  std::uint64_t decisions() const { return decisions_; }  ///< pieces that were placed
  std::uint64_t events() const { return events_; }
  std::uint64_t slots() const { return slots_; }  ///< tasks of one cpu that all workers hold
  const scheduler::Scheduler& scheduler() const { return scheduler_; }
  std::uint64_t memory_bytes() const { return scheduler_.counts().memory_bytes; }
  void restart_clock() { seconds_ = 0, decisions_ = 0, events_ = 0; }
  void forget_losses() { losses_left_ = 0; }

 private:
  struct Running {
    scheduler::Index work;
    std::uint32_t generation;
  };
  struct Held {
    std::uint64_t first;
    std::uint32_t count;
  };

  std::uint64_t random(std::uint64_t below);
  void add_workers(int count);
  void intern_classes();
  void submit_some(std::size_t submissions);
  void end_some(std::size_t pieces);
  void disturb();
  void release_old(std::size_t keep);
  void handle(const std::vector<scheduler::Event>& events);
  void carry_out();
  void answer_recall(const scheduler::Recall& recall);
  void begin_on(Rank rank);

  LoadSettings settings_;
  scheduler::Scheduler scheduler_;
  scheduler::Commands commands_;
  simulate::Workers workers_;
  std::vector<ClassId> classes_;
  std::vector<std::uint32_t> demands_;  ///< by class
  std::vector<Nanoseconds> lengths_;    ///< by class
  std::vector<Running> running_;
  std::deque<Held> held_;
  std::vector<scheduler::Event> events_to_come_;
  std::vector<std::vector<ObjectId>> dependencies_;
  std::vector<scheduler::Outcome> outcomes_;
  std::uint64_t state_;
  std::uint64_t next_id_ = 1;
  std::uint64_t losses_left_ = 10;
  std::uint64_t slots_ = 0;
  std::uint64_t decisions_ = 0;
  std::uint64_t events_ = 0;
  double seconds_ = 0;
  Time now_;
};

}  // namespace rankine::bench
