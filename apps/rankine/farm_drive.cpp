// SPDX-License-Identifier: Apache-2.0
// A farm from its list of commands to its report, on rank 0; the loop is farm_loop's.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <rankine/core/clock.hpp>
#include <rankine/rankine.hpp>

#include "apps/rankine/farm.hpp"
#include "apps/rankine/farm_folder.hpp"
#include "apps/rankine/farm_loop.hpp"
#include "farm/outcome.hpp"
#include "files/csv.hpp"

namespace apps {

namespace rk = rankine;
namespace farm = rankine::farm;
namespace fs = std::filesystem;

namespace {

std::string read_all(const std::string& file) {
  if (file != "-") return rk::files::read_text(file);
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

farm::Settings defaults_of(const FarmWishes& wishes) {
  farm::Settings settings;
  for (const std::string& words : wishes.defaults) farm::apply_all(settings, words);
  return settings;
}

}  // namespace

farm::CommandList read_command_list(const FarmWishes& wishes) {
  if (wishes.file.empty() == wishes.command.empty())
    throw rk::InputError("farm: name a file of commands (- for standard input), or one by --command");
  const std::string name = wishes.file.empty()  ? "--command"
                           : wishes.file == "-" ? "standard input"
                                                : wishes.file;
  const std::string text = wishes.file.empty() ? wishes.command : read_all(wishes.file);
  farm::CommandList list = farm::parse_commands(text, name, defaults_of(wishes));
  if (!wishes.array.empty()) return farm::make_array(list, farm::parse_indices(wishes.array));
  if (!wishes.csv.empty()) return farm::make_rows(list, read_all(wishes.csv), wishes.csv);
  return list;
}

namespace {

void report(const FarmWishes& wishes, const farm::CommandList& list,
            const std::vector<farm::Outcome>& outcomes, int ranks, double seconds, bool stopped) {
  constexpr std::size_t failures_shown = 20;
  const fs::path run = wishes.run.out;
  const farm::Counts counts = farm::count(outcomes);
  farm::write_csv(run / "results.csv", list, outcomes);
  farm::write_hdf5(run / "results.h5", list, outcomes);
  if (counts.failed > 0) {
    std::cout << farm::failure_table(list, outcomes, failures_shown)
              << fmt::format("what one of them printed: rankine farm output {} LINE\n", run.string());
  }
  nlohmann::ordered_json json;
  json["app"] = "farm";
  json["commands"] = list.commands.size();
  json["succeeded"] = counts.succeeded;
  json["failed"] = counts.failed;
  json["not_run"] = counts.not_run;
  json["resumed"] = counts.resumed;
  json["timed_out"] = counts.timed_out;
  json["retried"] = counts.retried;
  json["stopped"] = stopped;
  json["ranks"] = ranks;
  json["seconds"] = seconds;
  json["commands_per_second"] =
      static_cast<double>(counts.succeeded + counts.failed - counts.resumed) / std::max(seconds, 1e-9);
  json["results"] = (run / "results.csv").string();
  std::cout << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

}  // namespace

int drive_farm(const FarmWishes& wishes, int ranks) {
  const rk::Time start = rk::now();
  fs::create_directories(wishes.run.out);
  const farm::CommandList list = read_command_list(wishes);
  begin_farm_folder(wishes.run.out, list);
  FarmLoop loop(list, wishes.run.out, rk::parse_walltime(wishes.kill_after).count());
  try {
    loop.run();
  } catch (const rk::Drained&) {
    report(wishes, list, loop.outcomes(), ranks, rk::seconds_since(start), true);
    throw;
  }
  report(wishes, list, loop.outcomes(), ranks, rk::seconds_since(start), false);
  return farm::count(loop.outcomes()).failed > 0 ? kSomeFailed : 0;
}

}  // namespace apps
