// SPDX-License-Identifier: Apache-2.0
// Disjoint gangs of 2+2 beside a stream of single tasks on four workers: what each rank did, and what waited
// meanwhile, is computed from records of the work itself. No rank is idle for long while something waited
// that it could have run, and nothing starves. The work naps, so that the cores of the machine are not what
// is measured. gangs_beside_tasks [SECONDS]
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <rankine/rankine.hpp>

#include "checks.hpp"

namespace rk = rankine;

namespace {

constexpr int kWorkers = 4;
constexpr std::size_t kTasksPending = 6;

std::int64_t node_clock() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}
void nap(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

/// What one rank did from begin to end, in nanoseconds of the node's clock.
struct Record {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t pid = 0;
};
Record single(int ms) {
  const std::int64_t begin = node_clock();
  nap(ms);
  return {begin, node_clock(), getpid()};
}
Record together(rk::Gang& gang, int ms) {
  const std::int64_t begin = node_clock();
  gang.comm().barrier();
  nap(ms);
  return {begin, node_clock(), getpid()};
}

/// One piece that was submitted: when it was, and what it did.
template <class Future>
struct Pending {
  std::int64_t submitted = 0;
  Future future;
};
struct Piece {
  std::int64_t submitted = 0;
  std::vector<Record> records;
};

struct Trace {
  std::vector<Piece> gangs;
  std::vector<Piece> tasks;
};

/// Some tasks and, with `gangs_max`, gangs are always pending.
Trace run_for(double seconds, std::size_t gangs_max) {
  Trace trace;
  std::vector<Pending<rk::FutureRange<Record>>> gangs;
  std::vector<Pending<rk::Future<Record>>> tasks;
  const std::int64_t end = node_clock() + static_cast<std::int64_t>(seconds * 1e9);
  int n = 0;
  for (bool more = true; more || !gangs.empty() || !tasks.empty(); more = node_clock() < end) {
    while (more && gangs.size() < gangs_max)
      gangs.push_back({node_clock(), rk::submit_gang_all<together>({.ranks = 2}, 3 + n++ % 5)});
    while (more && tasks.size() < kTasksPending)
      tasks.push_back({node_clock(), rk::submit<single>(2 + n++ % 9)});
    std::erase_if(gangs, [&](const auto& gang) {
      if (gang.future.ended() < 2) return false;
      trace.gangs.push_back({gang.submitted, gang.future.get()});
      return true;
    });
    std::erase_if(tasks, [&](const auto& task) {
      if (!task.future.ready()) return false;
      trace.tasks.push_back({task.submitted, {task.future.get()}});
      return true;
    });
    if (!tasks.empty()) tasks.front().future.wait(std::chrono::milliseconds(1));
  }
  return trace;
}

double longest_wait_ms(const std::vector<Piece>& pieces) {
  std::int64_t longest = 0;
  for (const Piece& piece : pieces) longest = std::max(longest, piece.records[0].begin - piece.submitted);
  return static_cast<double>(longest) * 1e-6;
}

/// The share of its time in which a rank did nothing. Tasks wait all the time, so every gap counts, also
/// those in which it is kept for a gang whose other rank is still busy.
double idle_share(const Trace& trace, std::int64_t pid) {
  std::vector<Record> mine;
  for (const auto* pieces : {&trace.gangs, &trace.tasks}) {
    for (const Piece& piece : *pieces) {
      for (const Record& record : piece.records) {
        if (record.pid == pid) mine.push_back(record);
      }
    }
  }
  std::sort(mine.begin(), mine.end(), [](const Record& a, const Record& b) { return a.begin < b.begin; });
  std::int64_t idle = 0;
  for (std::size_t i = 1; i < mine.size(); ++i)
    idle += std::max<std::int64_t>(0, mine[i].begin - mine[i - 1].end);
  return static_cast<double>(idle) / static_cast<double>(mine.back().end - mine.front().begin);
}

Checks expect("gangs_beside_tasks");

double worst_idle_share(const Trace& trace) {
  std::vector<std::int64_t> pids;
  for (const Piece& piece : trace.tasks) pids.push_back(piece.records[0].pid);
  for (const Piece& piece : trace.gangs) {
    for (const Record& record : piece.records) pids.push_back(record.pid);
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  expect(pids.size() == kWorkers, "all workers work");
  double worst = 0;
  for (const std::int64_t pid : pids) worst = std::max(worst, idle_share(trace, pid));
  return worst;
}

/// `alone`: the tasks without gangs, which shows what the machine adds.
void judge(const Trace& alone, const Trace& trace, double seconds) {
  for (const Piece& piece : trace.gangs) {
    expect(piece.records.size() == 2 && piece.records[0].pid != piece.records[1].pid,
           "the members of a gang are on different ranks");
    expect(piece.records[0].begin < piece.records[1].end && piece.records[1].begin < piece.records[0].end,
           "the members of a gang run at the same time");
  }
  const double idle = worst_idle_share(trace);
  const double idle_alone = worst_idle_share(alone);
  const double gang_wait = longest_wait_ms(trace.gangs);
  const double task_wait = longest_wait_ms(trace.tasks);
  std::cout << "gangs " << trace.gangs.size() << ", tasks " << trace.tasks.size() << ", worst idle share "
            << idle << " (tasks alone: " << idle_alone << "), longest wait of a gang " << gang_wait
            << " ms, of a task " << task_wait << " ms\n";
  expect(static_cast<double>(trace.gangs.size()) > 10 * seconds, "gangs go on");
  expect(static_cast<double>(trace.tasks.size()) > 10 * seconds, "tasks go on");
  // A worker drains for up to the length of a task before a gang begins.
  expect(idle < idle_alone + 0.5, "ranks work most of the time");
  expect(gang_wait < 2000, "no gang starves");
  expect(task_wait < 2000, "no task starves");
}

}  // namespace

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  const double seconds = argc > 1 ? std::stod(argv[1]) : 5;
  return runtime.run([&runtime, seconds] {
    if (runtime.size() != kWorkers + 1) {
      std::cerr << "gangs_beside_tasks: run with 5 ranks\n";
      return 1;
    }
    const Trace alone = run_for(seconds / 4, 0);
    judge(alone, run_for(seconds, 2), seconds);
    return expect.exit_code();
  });
}
