// SPDX-License-Identifier: Apache-2.0
// What an event costs: a million trivial tasks submitted, finished and released, as singles and as one range,
// with few and with many workers. Prints nanoseconds an event and bytes a pending task; checks that all ended
// and were freed.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <vector>

#include "scheduler/scheduler.hpp"

using namespace rankine;
using namespace rankine::scheduler;

namespace {

/// Processor time: the machine may be shared.
class Stopwatch {
 public:
  double ns() const { return static_cast<double>(std::clock() - start_) * (1e9 / CLOCKS_PER_SEC); }

 private:
  std::clock_t start_ = std::clock();
};

/// Workers that finish what they get at once, in order.
class Echo {
 public:
  Echo(int workers, bool nested) : nested_(nested) {
    TaskClass options;
    options.request.cpus = Amount(1);
    class_ = scheduler_.intern(options);
    Resources has;
    has.cpus = Amount(1);
    for (int i = 1; i <= workers; ++i) handle(WorkerJoined{Rank{i}, NodeId{i / 64}, has});
  }

  void handle(const Event& event) {
    commands_.clear();
    scheduler_.handle(event, Time{}, commands_);
    ++events_;
    for (const Command& command : commands_) {
      if (const auto* start = std::get_if<Start>(&command)) started_.push_back(*start);
    }
  }
  ObjectId id(std::uint64_t n) const { return nested_ ? child_id(ObjectId{7}, n) : ObjectId{n}; }
  void submit(std::uint64_t n, std::uint32_t count = 1) {
    Submitted event;
    event.first = id(n);
    event.count = count;
    event.range = count > 1;
    event.submitter = kHead;
    event.task_class = class_;
    event.payload = Payload{n};
    handle(event);
  }
  bool finish_one() {
    if (started_.empty()) return false;
    const Start start = started_.front();
    started_.pop_front();
    outcomes_.resize(start.count, Outcome{Value{Payload{5}, 8, kNoNode}, false});
    Finished event;
    event.first = start.first;
    event.count = start.count;
    event.worker = start.worker;
    event.attempt = start.attempt;
    event.busy = Nanoseconds{1000} * start.count;
    event.outcomes = {outcomes_.data(), start.count};
    handle(event);
    return true;
  }

  Scheduler scheduler_;
  std::uint64_t events_ = 0;

 private:
  bool nested_;
  ClassId class_{};
  Commands commands_;
  std::deque<Start> started_;
  std::vector<Outcome> outcomes_;
};

void report(const char* what, double ns, std::uint64_t events, std::uint64_t tasks, const Counts& counts) {
  std::printf("%-44s %8.1f ns/event %8.1f ns/task\n", what, ns / static_cast<double>(events),
              ns / static_cast<double>(tasks));
  if (counts.finished != tasks || counts.live_objects != 0) {
    std::printf("FAILED: %llu of %llu finished, %llu objects live\n",
                static_cast<unsigned long long>(counts.finished), static_cast<unsigned long long>(tasks),
                static_cast<unsigned long long>(counts.live_objects));
    std::exit(1);
  }
}

void all_at_once(const char* what, int workers, std::uint64_t tasks, bool nested) {
  Echo echo(workers, nested);
  const std::uint64_t before = echo.events_;
  const Stopwatch watch;
  for (std::uint64_t n = 1; n <= tasks; ++n) echo.submit(n);
  const std::uint64_t memory = echo.scheduler_.counts().memory_bytes;
  while (echo.finish_one()) {
  }
  for (std::uint64_t n = 1; n <= tasks; ++n) echo.handle(Released{echo.id(n), kHead});
  report(what, watch.ns(), echo.events_ - before, tasks, echo.scheduler_.counts());
  std::printf("%-44s %8.1f bytes a pending task\n", "",
              static_cast<double>(memory) / static_cast<double>(tasks));
}

void steady(const char* what, int workers, std::uint64_t tasks) {
  Echo echo(workers, false);
  const std::uint64_t before = echo.events_;
  const Stopwatch watch;
  for (std::uint64_t n = 1; n <= tasks; ++n) {
    echo.submit(n);
    echo.finish_one();
    if (n > 1000) echo.handle(Released{echo.id(n - 1000), kHead});
  }
  while (echo.finish_one()) {
  }
  for (std::uint64_t n = tasks - 999; n <= tasks; ++n) echo.handle(Released{echo.id(n), kHead});
  report(what, watch.ns(), echo.events_ - before, tasks, echo.scheduler_.counts());
}

void one_range(const char* what, int workers, std::uint32_t tasks) {
  Echo echo(workers, false);
  const std::uint64_t before = echo.events_;
  const Stopwatch watch;
  echo.submit(1, tasks);
  while (echo.finish_one()) {
  }
  echo.handle(Released{ObjectId{1}, kHead});
  report(what, watch.ns(), echo.events_ - before, tasks, echo.scheduler_.counts());
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t tasks = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  steady("submit, finish, release; 1 worker", 1, tasks);
  steady("submit, finish, release; 8 workers", 8, tasks);
  steady("submit, finish, release; 100,000 workers", 100'000, tasks);
  all_at_once("all submitted first; 8 workers", 8, tasks, false);
  all_at_once("all submitted first, derived ids; 8 workers", 8, tasks, true);
  one_range("one range; 8 workers", 8, static_cast<std::uint32_t>(tasks));
  one_range("one range; 1,000 workers", 1000, static_cast<std::uint32_t>(tasks));
  return 0;
}
