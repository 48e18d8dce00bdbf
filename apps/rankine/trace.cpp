// SPDX-License-Identifier: Apache-2.0
// rankine trace RUN: who ran what when, as JSON for Perfetto (ui.perfetto.dev). Changes nothing.
#include <iostream>
#include <memory>
#include <string>

#include <fmt/format.h>

#include <rankine/trace.hpp>

#include "command.hpp"

namespace apps {

namespace rk = rankine;

namespace {

int print_trace(const std::string& run, bool only_summary) {
  const rk::TraceSummary summary =
      only_summary ? rk::summarise_trace(run) : rk::write_trace_json(run, std::cout);
  if (only_summary) {
    std::cout << fmt::format(
        "{}: {} on {} ranks, {} of {} tasks ended in {} pieces, {} failed, {:.3f} s, "
        "{:.3f} s of work, {} bytes\n",
        summary.path, summary.program, summary.ranks, summary.finished, summary.tasks, summary.pieces,
        summary.failed, summary.seconds, summary.busy_seconds, summary.bytes);
  }
  if (summary.left_out > 0)
    std::cerr << fmt::format("{}: {} records were left out\n", summary.path, summary.left_out);
  if (summary.trouble.empty()) return 0;
  std::cerr << fmt::format("{}: ends early: {}\n", summary.path, summary.trouble);
  return kTrouble;
}

struct Wishes {
  std::string run;
  bool only_summary = false;
};

}  // namespace

Command add_trace(CLI::App& app) {
  const auto wishes = std::make_shared<Wishes>();
  CLI::App* trace = app.add_subcommand("trace", "who ran what when, as JSON for Perfetto (ui.perfetto.dev)");
  trace->add_option("RUN", wishes->run, "run directory, or a trace")->required();
  trace->add_flag("--summary", wishes->only_summary, "only a line about the whole");
  trace->footer("Exit code: 0 the whole, 1 there is no trace, 3 it ends early.");
  return {trace, [wishes] { return print_trace(wishes->run, wishes->only_summary); }};
}

}  // namespace apps
