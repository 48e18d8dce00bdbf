// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "report_sections.hpp"

namespace apps::report {

namespace rk = rankine;
namespace plot = rankine::plot;

namespace {

constexpr std::size_t kSlowest = 20;

struct FunctionUse {
  std::uint64_t tasks = 0, failed = 0, retried = 0, bytes = 0;
  double seconds = 0, longest = 0;
};

std::vector<std::string> row_of(const rk::TraceTimeline& run, const rk::TraceTimeline::Slice& slice) {
  return {run.functions[slice.function],
          fmt::format("0x{:x}", slice.task),
          slice.count > 1 ? fmt::format("{} from {}", slice.count, slice.element) : "",
          seconds_text(slice.busy),
          fmt::format("{:.6f}", slice.from),
          std::to_string(slice.rank),
          std::to_string(slice.attempt),
          std::to_string(slice.failed)};
}
const std::vector<std::string> kTaskColumns{"function", "task", "elements", "ran",
                                            "from s",   "rank", "attempt",  "failed"};

void write_cancelled(plot::Page& page, const rk::TraceTimeline& run) {
  if (run.cancelled.empty()) return;
  Rows rows;
  for (const auto& one : run.cancelled) {
    if (rows.size() == kRowsMax) break;
    rows.push_back(
        {fmt::format("0x{:x}", one.task), std::to_string(one.count), fmt::format("{:.6f}", one.at)});
  }
  page.table({"asked to end", "tasks", "at s"}, rows);
  if (run.cancelled.size() > kRowsMax)
    page.text(fmt::format("The first {} of {}.", kRowsMax, run.cancelled.size()));
}

}  // namespace

void write_functions(plot::Page& page, const rk::TraceTimeline& run) {
  page.heading("Tasks by function");
  std::vector<FunctionUse> uses(run.functions.size());
  for (const auto& slice : run.slices) {
    FunctionUse& use = uses[slice.function];
    use.tasks += slice.count;
    use.failed += slice.failed;
    use.retried += slice.attempt > 1 ? slice.count : 0;
    use.bytes += slice.bytes;
    use.seconds += slice.busy;
    use.longest = std::max(use.longest, slice.busy / slice.count);
  }
  std::vector<std::size_t> order(uses.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return uses[a].seconds > uses[b].seconds; });
  Rows rows;
  for (const std::size_t i : order) {
    if (rows.size() == kRowsMax) break;
    const FunctionUse& use = uses[i];
    rows.push_back({run.functions[i], std::to_string(use.tasks), fmt::format("{:.3f}", use.seconds),
                    seconds_text(use.seconds / static_cast<double>(std::max<std::uint64_t>(1, use.tasks))),
                    seconds_text(use.longest), std::to_string(use.failed), std::to_string(use.retried),
                    bytes_text(use.bytes)});
  }
  page.table({"function", "tasks", "total s", "mean", "longest", "failed", "tried again", "results"}, rows);
  page.text("Elements of a map that ran together count with their mean.");
}

void write_slowest(plot::Page& page, const rk::TraceTimeline& run) {
  page.heading("Slowest tasks");
  std::vector<const rk::TraceTimeline::Slice*> slices;
  for (const auto& slice : run.slices) slices.push_back(&slice);
  const std::size_t some = std::min(kSlowest, slices.size());
  std::partial_sort(slices.begin(), slices.begin() + static_cast<std::ptrdiff_t>(some), slices.end(),
                    [](const auto* a, const auto* b) { return a->busy / a->count > b->busy / b->count; });
  Rows rows;
  for (std::size_t i = 0; i < some; ++i) rows.push_back(row_of(run, *slices[i]));
  page.table(kTaskColumns, rows);
}

void write_failures(plot::Page& page, const rk::TraceTimeline& run, const nlohmann::json& status) {
  page.heading("Failures and retries");
  for (const auto& [name, words] : {std::pair{"tasks_failed", "failed"},
                                    {"tasks_retried", "were tried again"},
                                    {"tasks_cancelled", "were cancelled"},
                                    {"tasks_left", "were left undone"}})
    if (status.value(name, 0) > 0) page.text(fmt::format("{} tasks {}.", status[name].dump(), words));
  for (const auto& rank : run.ranks)
    if (rank.lost_at >= 0)
      page.text(fmt::format("Rank {} was lost after {:.3f} s.", rank.rank, rank.lost_at));
  write_cancelled(page, run);
  Rows rows;
  std::size_t all = 0;
  std::unordered_map<std::uint64_t, const std::string*> threw;
  for (const auto& failure : run.failures) threw[failure.task] = &failure.words;
  for (const auto& slice : run.slices) {
    if (slice.failed == 0 && slice.attempt <= 1) continue;
    if (++all > kRowsMax) continue;
    rows.push_back(row_of(run, slice));
    for (std::uint64_t task = slice.task; task < slice.task + slice.count; ++task)
      if (const auto words = threw.find(task);
          words != threw.end() && rows.back().size() == kTaskColumns.size())
        rows.back().push_back(*words->second);
  }
  if (all == 0) return page.text("No task that ended had thrown or was a further attempt.");
  std::vector<std::string> columns = kTaskColumns;
  columns.emplace_back("threw");
  page.table(columns, rows);
  if (all > kRowsMax) page.text(fmt::format("The first {} of {}.", kRowsMax, all));
  page.text("rankine explain RUN TASK tells what a task waited for and which ranks it was lost with.");
}

}  // namespace apps::report
