// SPDX-License-Identifier: Apache-2.0
// Gangs beside a stream of single tasks over virtual time: no worker idles while something could use it,
// unless it is kept for the gang in front, and neither side starves.
#include <algorithm>
#include <map>
#include <vector>

#include <rankine/core/philox.hpp>

#include "harness.hpp"

using namespace rankine;
using namespace rankine::scheduler;

namespace {

constexpr int kWorkers = 5;
constexpr std::uint64_t kFirstTask = 100'000;

Limits one_at_a_time() {
  Limits limits;
  limits.ahead = 0;  // what starts here runs at once
  return limits;
}

/// Work that ends at its time; gangs of two come again as soon as they have ended, tasks always wait.
class Machine {
 public:
  Machine() : h_(one_at_a_time()), class_(h_.intern(1)) {
    for (int rank = 1; rank <= kWorkers; ++rank) h_.join(rank);
    take();
    for (int i = 0; i < 3 * kWorkers; ++i) submit_task();
    for (int i = 0; i < 2; ++i) submit_gang();
  }

  void step() {
    const auto next = std::min_element(running_.begin(), running_.end(), [](const auto& a, const auto& b) {
      return a.second.end < b.second.end;
    });
    const int rank = next->first;
    const Work work = next->second;
    running_.erase(next);
    h_.now = Time{std::max(h_.now.ns, work.end)};
    if (work.gang) {
      end_member(rank, number(work.id));
    } else {
      h_.finish(number(work.id), rank, 1, 1, false, work.end - work.begin);
      take();
      ++tasks_ended_;
      submit_task();
    }
    look_for_idle();
  }

  std::uint64_t gangs_ended() const { return gangs_ended_; }
  std::uint64_t tasks_ended() const { return tasks_ended_; }
  Nanoseconds longest_wait() const { return longest_wait_; }
  double idle_share() const {
    return static_cast<double>(idle_) / (static_cast<double>(h_.now.ns) * kWorkers);
  }

 private:
  struct Work {
    TaskId id{};
    bool gang = false;
    Nanoseconds begin = 0;
    Nanoseconds end = 0;
  };

  Nanoseconds duration() { return static_cast<Nanoseconds>(kMillisecond + random_.below(4 * kMillisecond)); }

  void submit_task() {
    h_.submit(next_task_++, class_);
    take();
  }
  void submit_gang() {
    submitted_[next_gang_] = h_.now.ns;
    const std::uint64_t id = next_gang_++;
    h_.submit_gang(id, 2, class_);
    take();
  }

  void end_member(int rank, std::uint64_t gang) {
    h_.member_finished(gang, rank);
    take();
    if (h_.state(gang) != ObjectState::sealed) return;
    ++gangs_ended_;
    submit_gang();
  }

  /// What the last event started. A member of a gang runs as long as the gang does.
  void take() {
    for (const Start& start : h_.of<Start>()) begin(index(start.worker), start.first, false, duration());
    Nanoseconds of_gang = 0;
    for (const PrepareGang& prepare : h_.of<PrepareGang>()) {
      if (prepare.member == 0) {
        of_gang = duration();
        longest_wait_ = std::max(longest_wait_, h_.now.ns - submitted_.at(number(prepare.gang)));
      }
      begin(index(prepare.worker), prepare.gang, true, of_gang);
    }
  }

  void begin(int rank, TaskId id, bool gang, Nanoseconds time) {
    if (running_.contains(rank)) FAIL("two things run on a worker of one cpu");
    running_[rank] = {id, gang, h_.now.ns, h_.now.ns + time};
  }

  void look_for_idle() {
    const Nanoseconds passed = h_.now.ns - last_look_;
    last_look_ = h_.now.ns;
    idle_ += was_idle_ * passed;
    std::vector<Rank> kept;
    for (const auto& [gang, since] : submitted_) {
      const Explanation said = h_.scheduler.explain(ObjectId{gang});
      kept.insert(kept.end(), said.kept.begin(), said.kept.end());
    }
    was_idle_ = 0;
    for (int rank = 1; rank <= kWorkers; ++rank) {
      if (running_.contains(rank)) continue;
      ++was_idle_;
      if (std::find(kept.begin(), kept.end(), Rank{rank}) == kept.end())
        FAIL("rank " << rank << " idles, kept for nobody, while tasks wait");
    }
    std::erase_if(submitted_, [&](const auto& gang) { return h_.state(gang.first) == ObjectState::sealed; });
  }

  Harness h_;
  ClassId class_;
  Philox random_{7, 7};
  std::map<int, Work> running_;
  std::map<std::uint64_t, Nanoseconds> submitted_;  ///< gangs that have not ended
  std::uint64_t next_task_ = kFirstTask;
  std::uint64_t next_gang_ = 1;
  std::uint64_t gangs_ended_ = 0;
  std::uint64_t tasks_ended_ = 0;
  Nanoseconds longest_wait_ = 0;
  Nanoseconds last_look_ = 0;
  Nanoseconds idle_ = 0;
  Nanoseconds was_idle_ = 0;
};

}  // namespace

TEST_CASE(
    "two gangs of two beside a stream of tasks: nobody starves, nobody idles but for the gang in front") {
  Machine machine;
  for (int i = 0; i < 2000; ++i) machine.step();
  CHECK(machine.gangs_ended() > 100);
  CHECK(machine.tasks_ended() > 400);
  CHECK(machine.longest_wait() < 15 * kMillisecond);  // three times what a task or a gang takes at most
  CHECK(machine.idle_share() < 0.15);
}
