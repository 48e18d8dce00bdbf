// SPDX-License-Identifier: Apache-2.0
// rankine report RUN: RUN/report.html, a page that needs no network: a timeline of the ranks that can be
// zoomed, where the time went, the slowest tasks, tasks by function, failures and retries, and the pictures
// (*.svg) that the program left in RUN. Reads RUN/trace, RUN/status and RUN/journal; changes none of them.
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <rankine/error.hpp>
#include <rankine/journal.hpp>
#include <rankine/trace.hpp>

#include "command.hpp"
#include "embedded.hpp"
#include "plot/chart.hpp"
#include "plot/page.hpp"
#include "plot/svg.hpp"
#include "report_slices.hpp"
#include "run_folder.hpp"

namespace apps {

namespace rk = rankine;
namespace plot = rankine::plot;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kSlicesMax =
    400'000;                          // drawn; more are put together where they are shorter than a pixel
constexpr std::size_t kRowsMax = 40;  // of a table
constexpr std::size_t kSlowest = 20;

using Rows = std::vector<std::vector<std::string>>;

constexpr std::string_view kStyle = R"(
body { max-width: 1180px; }
#timeline { width: 100%; display: block; cursor: grab; touch-action: none; }
#tip { display: none; position: fixed; white-space: pre; pointer-events: none; padding: 6px 9px;
  font-size: 13px; border-radius: 5px; background: #222d; color: #fff; }
#legend span { display: inline-block; margin-right: 1.2em; font-size: 13px; overflow-wrap: anywhere; }
#legend i { display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.4em; border-radius: 2px; }
img { max-width: 100%; }
)";

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

std::string utc(double unix_seconds) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

void write_head(plot::Page& page, const rk::TraceTimeline& run, const nlohmann::json& status) {
  const rk::TraceSummary& all = run.summary;
  page.text(fmt::format(
      "{} on {} ranks, begun {}: {} of {} tasks ended in {:.3f} s, {} failed. It worked {:.3f} s "
      "altogether.{}",
      all.program, all.ranks, utc(run.began_unix), all.finished, all.tasks, all.seconds, all.failed,
      all.busy_seconds, status.contains("state") ? " The run is " + status.value("state", "") + "." : ""));
  if (!all.trouble.empty()) page.text("The trace ends early: " + all.trouble);
  if (all.left_out > 0)
    page.text(
        fmt::format("{} records of the trace were left out: what they tell is missing below.", all.left_out));
}

/// Waits with less than a pixel between them are one.
nlohmann::json joined_waits(const rk::TraceTimeline& run) {
  const double pixel = run.summary.seconds / 2000;
  nlohmann::json waits = nlohmann::json::array();
  for (const rk::TraceTimeline::Span& wait : run.driver_waits) {
    if (!waits.empty() && wait.from - waits.back()[1].get<double>() < pixel) {
      waits.back()[1] = wait.to;
    } else {
      waits.push_back({wait.from, wait.to});
    }
  }
  return waits;
}

void write_timeline(plot::Page& page, const rk::TraceTimeline& run) {
  page.heading("Timeline");
  const ReportSlices slices = slices_of(run, kSlicesMax);
  page.text(
      "The wheel zooms, dragging moves, a double click shows all. Red tasks failed, framed ones were tried "
      "again. The bar of the driver is dark while it waits.");
  if (slices.joined > 0)
    page.text(fmt::format("{} pieces are drawn together with their neighbours.", slices.joined));
  nlohmann::json facts;
  facts["seconds"] = std::max(run.summary.seconds, 1e-9);
  facts["lanes"] = slices.lanes;
  facts["functions"] = slices.functions;
  facts["waits"] = joined_waits(run);
  facts["lost"] = nlohmann::json::array();
  for (const auto& rank : run.ranks)
    if (rank.lost_at >= 0) facts["lost"].push_back({rank.rank, rank.lost_at});
  page.raw("<canvas id=\"timeline\"></canvas><div id=\"legend\"></div><div id=\"tip\"></div>\n");
  page.json("facts", facts.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  page.data("slices", std::as_bytes(std::span(slices.words)));
  page.script(embedded::timeline_js);
}

std::vector<std::string> row_of(const std::string& name, std::uint64_t tasks,
                                const rk::TraceTimeline::Rank& use) {
  return {name,
          std::to_string(tasks),
          fmt::format("{:.3f}", use.granted),
          percent(use.executing, use.granted),
          percent(use.idle_waited_for, use.granted),
          percent(use.idle_nothing, use.granted)};
}

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

struct FunctionUse {
  std::uint64_t tasks = 0, failed = 0, retried = 0, bytes = 0;
  double seconds = 0, longest = 0;
};

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
  Rows rows;
  std::size_t all = 0;
  for (const auto& slice : run.slices) {
    if (slice.failed == 0 && slice.attempt <= 1) continue;
    if (++all <= kRowsMax) rows.push_back(row_of(run, slice));
  }
  if (all == 0) return page.text("No task that ended had thrown or was a further attempt.");
  page.table(kTaskColumns, rows);
  if (all > kRowsMax) page.text(fmt::format("The first {} of {}.", kRowsMax, all));
}

void write_journal(plot::Page& page, const fs::path& folder) {
  if (!fs::exists(folder / "journal")) return;
  const rk::JournalSummary kept = rk::read_journal(folder.string(), [](const rk::JournalEntry&) {});
  page.heading("Journal");
  page.text(fmt::format("{} finished tasks, {} actors and {} saved values in {}; {} starts. {}", kept.tasks,
                        kept.actors, kept.saved_values, bytes_text(kept.bytes), kept.starts, kept.trouble));
}

/// As images: a picture cannot run scripts there.
void write_pictures(plot::Page& page, const fs::path& folder) {
  std::vector<fs::path> pictures;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".svg") pictures.push_back(entry.path());
  std::sort(pictures.begin(), pictures.end());
  if (!pictures.empty()) page.heading("Pictures of the program");
  for (const fs::path& path : pictures) {
    const std::string text = text_of_file(path);
    page.raw(
        fmt::format("<figure><img alt=\"{0}\" "
                    "src=\"data:image/svg+xml;base64,{1}\"><figcaption>{0}</figcaption></figure>\n",
                    plot::escaped(path.filename().string()), plot::base64(std::as_bytes(std::span(text)))));
  }
}

int write_report(const std::string& run, std::string to) {
  const rk::TraceTimeline timeline = rk::read_timeline(run);
  const fs::path folder = fs::is_directory(run) ? fs::path(run) : fs::path(run).parent_path();
  const nlohmann::json status = status_of(folder);
  if (to.empty()) to = (folder / "report.html").string();
  plot::Page page(fmt::format("Run {}", fs::absolute(folder).lexically_normal().string()));
  page.style(kStyle);
  write_head(page, timeline, status);
  write_timeline(page, timeline);
  write_over_time(page, timeline);
  write_use(page, timeline);
  write_functions(page, timeline);
  write_slowest(page, timeline);
  write_failures(page, timeline, status);
  write_journal(page, folder);
  write_pictures(page, folder);
  page.write(to);
  std::cout << to << '\n';
  if (timeline.summary.trouble.empty()) return 0;
  std::cerr << fmt::format("{}: ends early: {}\n", timeline.summary.path, timeline.summary.trouble);
  return kTrouble;
}

struct Wishes {
  std::string run;
  std::string to;
};

}  // namespace

Command add_report(CLI::App& app) {
  const auto wishes = std::make_shared<Wishes>();
  CLI::App* report = app.add_subcommand("report", "a page about a run: timeline, use of time, slowest tasks");
  report->add_option("RUN", wishes->run, "run directory, or a trace")->required();
  report->add_option("--to", wishes->to, "the page; default: RUN/report.html");
  report->footer("Prints the page's path. Exit code: 0, 1 there is no trace, 3 the trace ends early.");
  return {report, [wishes] { return write_report(wishes->run, wishes->to); }};
}

}  // namespace apps
