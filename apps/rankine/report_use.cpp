// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "plot/chart.hpp"
#include "plot/svg.hpp"
#include "report_sections.hpp"

namespace apps::report {

namespace rk = rankine;
namespace plot = rankine::plot;

std::string percent(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "0 %";
}

std::string seconds_text(double seconds) {
  if (seconds >= 1 || seconds == 0) return fmt::format("{:.3f} s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.3f} ms", seconds * 1e3);
  return fmt::format("{:.1f} us", seconds * 1e6);
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) * 1e-3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) * 1e-6);
}

namespace {

std::vector<std::string> row_of(const std::string& name, std::uint64_t tasks,
                                const rk::TraceTimeline::Rank& use) {
  return {name,
          std::to_string(tasks),
          fmt::format("{:.3f}", use.granted),
          percent(use.executing, use.granted),
          percent(use.idle_waited_for, use.granted),
          percent(use.idle_nothing, use.granted)};
}

}  // namespace

void write_use(plot::Page& page, const rk::TraceTimeline& run) {
  page.heading("Where the time went");
  rk::TraceTimeline::Rank all;
  for (const auto& rank : run.ranks) {
    all.granted += rank.granted;
    all.executing += rank.executing;
    all.idle_waited_for += rank.idle_waited_for;
    all.idle_nothing += rank.idle_nothing;
    all.tasks += rank.tasks;
  }
  std::vector<rk::TraceTimeline::Rank> ranks = run.ranks;
  std::stable_sort(ranks.begin(), ranks.end(), [](const auto& a, const auto& b) {
    return a.executing * b.granted < b.executing * a.granted;
  });
  Rows rows{row_of("all", all.tasks, all)};
  for (std::size_t i = 0; i < std::min(kRowsMax, ranks.size()); ++i)
    rows.push_back(row_of(
        fmt::format("{} (node {}{})", ranks[i].rank, ranks[i].node, ranks[i].lost_at >= 0 ? ", lost" : ""),
        ranks[i].tasks, ranks[i]));
  page.table({"rank", "tasks", "CPU s", "executing", "idle, tasks waited", "idle, no tasks"}, rows);
  page.text(
      "Idle while tasks waited: for rank 0, for messages, for what they depend on, or for room. Ranks that "
      "did "
      "least stand first." +
      std::string(ranks.size() > kRowsMax ? " The others are left out." : ""));
  double waited = 0;
  for (const auto& wait : run.driver_waits) waited += wait.to - wait.from;
  const double driver = run.driver_left >= 0 ? run.driver_left : run.summary.seconds;
  page.text(fmt::format(
      "The driver took {:.3f} s; it waited for {} of that, the rest was its own code and submitting.", driver,
      percent(waited, driver)));
}

/// The share of the granted CPUs that ran something, and the tasks not yet begun, over time.
void write_over_time(plot::Page& page, const rk::TraceTimeline& run) {
  constexpr int kBins = 240;
  const double width = run.summary.seconds / kBins;
  if (!(width > 0) || run.ranks.empty()) return;
  std::vector<double> busy(kBins, 0.0);
  double cpus = 0;
  for (const auto& rank : run.ranks) cpus += rank.cpus;
  for (const auto& slice : run.slices) {
    const int last = std::min(kBins - 1, static_cast<int>(slice.to / width));
    for (int bin = static_cast<int>(slice.from / width); bin <= last; ++bin)
      busy[static_cast<std::size_t>(bin)] +=
          std::max(0.0, std::min(slice.to, (bin + 1) * width) - std::max(slice.from, bin * width));
  }
  plot::Curve curve{.name = "", .x = {}, .y = {}};
  for (int bin = 0; bin < kBins; ++bin) {
    curve.x.push_back((bin + 0.5) * width);
    curve.y.push_back(100 * busy[static_cast<std::size_t>(bin)] / (width * cpus));
  }
  page.picture(plot::svg_of(plot::Chart{.title = "Tasks under way",
                                        .x_label = "time (s)",
                                        .y_label = "of the CPUs (%)",
                                        .curves = {std::move(curve)},
                                        .width = 1100,
                                        .height = 240}),
               "Tasks that wait for other tasks count as under way.");
}

/// Bytes over the time of the run, and sums.
void write_memory(plot::Page& page, const rk::TraceTimeline& run) {
  if (run.memory.empty()) return;
  page.heading("Memory and objects");
  constexpr double mib = 1024.0 * 1024.0;
  plot::Curve used{.name = "in shared memory", .x = {}, .y = {}};
  plot::Curve disk{.name = "on disk", .x = {}, .y = {}};
  rk::TraceTimeline::Memory most;
  for (const auto& one : run.memory) {
    used.x.push_back(one.at);
    used.y.push_back(static_cast<double>(one.used) / mib);
    disk.x.push_back(one.at);
    disk.y.push_back(static_cast<double>(one.disk) / mib);
    most.used = std::max(most.used, one.used);
    most.disk = std::max(most.disk, one.disk);
  }
  const auto& last = run.memory.back();
  std::uint64_t results = 0;
  for (const auto& slice : run.slices) results += slice.bytes;
  if (run.memory.size() > 2)
    page.picture(plot::svg_of(plot::Chart{.title = "Objects on rank 0's node",
                                          .x_label = "time (s)",
                                          .y_label = "MiB",
                                          .curves = {std::move(used), std::move(disk)},
                                          .width = 1100,
                                          .height = 240}));
  page.table({"of rank 0's node, seen once a second", ""},
             {{"room for objects in shared memory", bytes_text(last.capacity)},
              {"most that was in use", bytes_text(most.used)},
              {"most that was on disk for want of room", bytes_text(most.disk)},
              {"written to disk altogether", bytes_text(last.spilled)},
              {"objects read back from disk", std::to_string(last.restored_objects)},
              {"copied here from other nodes", bytes_text(last.pulled)},
              {"results of all tasks, on all nodes", bytes_text(results)}});
}

}  // namespace apps::report
