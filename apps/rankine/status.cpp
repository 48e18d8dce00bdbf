// SPDX-License-Identifier: Apache-2.0
// rankine status RUN: how a run stands, while it runs and afterwards: done, failed, rate, time left, and what
// each rank ended last. From RUN/status and RUN/trace, which the head writes every second; asks no process of
// the run anything and changes nothing.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include <cerrno>
#include <csignal>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <rankine/error.hpp>
#include <rankine/trace.hpp>

#include "command.hpp"
#include "run_folder.hpp"

namespace apps {

namespace rk = rankine;
namespace fs = std::filesystem;

namespace {

constexpr double kRecent = 10;  // seconds that the rate is taken over
constexpr std::size_t kRanksMax = 16;

/// running, finished, failed, drained, interrupted as RUN/status says; killed: it says running, and the head
/// is gone; unknown.
std::string state_of(const nlohmann::json& status) {
  const std::string state = status.value("state", "unknown");
  if (state != "running") return state;
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  const auto pid = static_cast<pid_t>(status.value("pid", 0));
  const bool gone = status.value("host", "") == host && pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
  return gone ? "killed" : state;
}

struct LastEnd {
  std::uint64_t tasks = 0;
  double at = 0;
  std::uint32_t function = 0;
};

struct Standing {
  std::string state;
  rk::TraceSummary run;
  double seconds = 0;  ///< since it began, or until it ended
  double rate = 0;     ///< tasks a second: lately while it runs, else on the whole
  double left = -1;    ///< seconds until all that is submitted has ended; negative: cannot be said
  std::map<int, LastEnd> ranks;
};

Standing standing_of(const rk::TraceTimeline& timeline, const nlohmann::json& status) {
  Standing now;
  now.state = state_of(status);
  now.run = timeline.summary;
  const bool running = now.state == "running";
  const std::chrono::duration<double> clock = std::chrono::system_clock::now().time_since_epoch();
  now.seconds = running ? std::max(timeline.summary.seconds, clock.count() - timeline.began_unix)
                        : status.value("seconds", timeline.summary.seconds);
  // The trace is a second late: the rate is taken until what it knows.
  const double until = timeline.summary.seconds;
  const double from = running ? std::max(0.0, until - kRecent) : 0;
  std::uint64_t lately = 0;
  for (const rk::TraceTimeline::Slice& slice : timeline.slices) {
    if (slice.to > from) lately += slice.count;
    LastEnd& last = now.ranks[slice.rank];
    last.tasks += slice.count;
    if (slice.to >= last.at) {
      last.at = slice.to;
      last.function = slice.function;
    }
  }
  for (const rk::TraceTimeline::Rank& rank : timeline.ranks) now.ranks[rank.rank];
  if (until > from) now.rate = static_cast<double>(lately) / (until - from);
  if (running && now.rate > 0) now.left = static_cast<double>(now.run.tasks - now.run.finished) / now.rate;
  return now;
}

void print(const Standing& now, const rk::TraceTimeline& timeline, const nlohmann::json& status) {
  std::cout << fmt::format("{} on {} ranks is {}, {:.1f} s{}\n", now.run.program, now.run.ranks, now.state,
                           now.seconds, now.state == "running" ? " since it began" : "");
  std::cout << fmt::format("{} of {} submitted tasks ended, {} failed, {:.1f}/s", now.run.finished,
                           now.run.tasks, now.run.failed, now.rate);
  std::cout << (now.left >= 0 ? fmt::format(", ETA {:.0f} s for what is submitted\n", now.left) : "\n");
  if (const std::string why = status.value("reason", ""); !why.empty())
    std::cout << fmt::format("stopped {}; {} tasks left\n", why, status.value("tasks_left", 0));
  std::size_t shown = 0;
  for (const auto& [rank, last] : now.ranks) {
    if (++shown > kRanksMax) {
      std::cout << fmt::format("... and {} ranks more\n", now.ranks.size() - kRanksMax);
      break;
    }
    std::string lost;
    for (const auto& one : timeline.ranks)
      if (one.rank == rank && one.lost_at >= 0) lost = fmt::format(", lost after {:.1f} s", one.lost_at);
    std::cout << fmt::format("rank {:>4}: {:>9} tasks{}{}\n", rank, last.tasks,
                             last.tasks == 0 ? ""
                                             : fmt::format(", the last {} at {:.1f} s",
                                                           timeline.functions[last.function], last.at),
                             lost);
  }
}

int print_status(const std::string& run, bool json) {
  const nlohmann::json status = status_of(run);
  if (!fs::is_directory(run) || (status.empty() && !fs::exists(fs::path(run) / "trace"))) {
    throw rk::InputError("rankine: there is no run in " + run +
                         ". Remedy: name a run directory (--out, --run, RANKINE_RUN_DIR)");
  }
  rk::TraceTimeline timeline;
  timeline.summary.program = "the run";
  timeline.summary.ranks = status.value("ranks", 0);
  if (fs::exists(fs::path(run) / "trace")) timeline = rk::read_timeline(run);
  const Standing now = standing_of(timeline, status);
  if (json) {
    nlohmann::ordered_json line{{"state", now.state},        {"seconds", now.seconds},
                                {"ranks", now.run.ranks},    {"submitted", now.run.tasks},
                                {"ended", now.run.finished}, {"failed", now.run.failed},
                                {"tasks_a_second", now.rate}};
    if (now.left >= 0) line["seconds_left"] = now.left;
    std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    print(now, timeline, status);
  }
  const bool well = now.state == "running" || now.state == "finished" || now.state == "drained";
  return well ? 0 : kTrouble;
}

struct Wishes {
  std::string run;
  bool json = false;
};

}  // namespace

Command add_status(CLI::App& app) {
  const auto wishes = std::make_shared<Wishes>();
  CLI::App* status =
      app.add_subcommand("status", "how a run stands: done, failed, rate, time left, each rank");
  status->add_option("RUN", wishes->run, "run directory, also of a run that is under way")->required();
  status->add_flag("--json", wishes->json, "one line of JSON");
  status->footer(
      "As of a second ago. Exit code: 0 it runs, has finished or was drained, 1 there is no run, 3 it "
      "failed,\n"
      "was interrupted or killed.");
  return {status, [wishes] { return print_status(wishes->run, wishes->json); }};
}

}  // namespace apps
