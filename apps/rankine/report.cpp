// SPDX-License-Identifier: Apache-2.0
// rankine report RUN: RUN/report.html, a page that needs no network: a timeline of the ranks that can be
// zoomed, where the time went, the slowest tasks, tasks by function, failures and retries, memory and
// objects, and the pictures (*.svg) that the program left in RUN. Reads RUN/trace, RUN/status and
// RUN/journal; changes none of them.
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
#include "report_sections.hpp"
#include "report_slices.hpp"
#include "run_folder.hpp"

namespace apps {

namespace rk = rankine;
namespace plot = rankine::plot;
namespace fs = std::filesystem;
using namespace report;

namespace {

constexpr std::size_t kSlicesMax =
    400'000;  // drawn; more are put together where they are shorter than a pixel

constexpr std::string_view kStyle = R"(
body { max-width: 1180px; }
#timeline { width: 100%; display: block; cursor: grab; touch-action: none; }
#tip { display: none; position: fixed; white-space: pre; pointer-events: none; padding: 6px 9px;
  font-size: 13px; border-radius: 5px; background: #222d; color: #fff; }
#legend span { display: inline-block; margin-right: 1.2em; font-size: 13px; overflow-wrap: anywhere; }
#legend i { display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.4em; border-radius: 2px; }
img { max-width: 100%; }
)";

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
  write_memory(page, timeline);
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
