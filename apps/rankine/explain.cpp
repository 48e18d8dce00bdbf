// SPDX-License-Identifier: Apache-2.0
// rankine explain RUN TASK: why a task waited, where it ran, what was tried again, what it depended on and
// how long each stage took, from RUN/trace and RUN/journal, also while the run goes on. Changes nothing.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <rankine/error.hpp>
#include <rankine/journal.hpp>
#include <rankine/task_story.hpp>

#include "command.hpp"

namespace apps {

namespace rk = rankine;
namespace fs = std::filesystem;

namespace {

using rk::TaskStory;
using State = TaskStory::State;

struct Wishes {
  std::string run;
  std::string task;
  std::optional<std::uint64_t> key;
  std::uint64_t element = 0;
  std::size_t most = 20;
  bool json = false;
};

constexpr const char* kStates[] = {"waits for others", "is ready or runs", "ended", "failed",
                                   "was cancelled"};
const char* word_of(const TaskStory& story) {
  return kStates[static_cast<std::size_t>(story.state)];
}

std::string seconds_text(double seconds) {
  if (seconds >= 1 || seconds == 0) return fmt::format("{:.3f} s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.3f} ms", seconds * 1e3);
  return fmt::format("{:.1f} us", seconds * 1e6);
}

std::string name_of(const TaskStory& story) {
  std::string name = fmt::format("task 0x{:x}, {}", story.task, story.function);
  if (story.gang_ranks > 0) return name + fmt::format(", a gang of {} ranks", story.gang_ranks);
  if (story.elements > 0) name += fmt::format(", element {} of a map of {}", story.element, story.elements);
  return name;
}

std::string name_of(const TaskStory::Link& link) {
  return fmt::format("0x{:x} {}{}", link.task, link.function.empty() ? "a value that was put" : link.function,
                     link.function.empty() ? ""
                     : link.ended < 0      ? " (not ended)"
                                           : fmt::format(" (ended at {:.6f} s)", link.ended));
}

std::string names_of(const std::vector<TaskStory::Link>& links, std::uint64_t all) {
  std::vector<std::string> names;
  for (const TaskStory::Link& link : links) {
    if (names.size() == 10) break;
    names.push_back(name_of(link));
  }
  return fmt::format("{}{}", fmt::join(names, ", "),
                     all > names.size() ? fmt::format(" and {} more", all - names.size()) : "");
}

void say(const char* stage, const std::string& words) {
  std::cout << fmt::format("  {:<11} {}\n", stage, words);
}

/// Why it is not running or done, in a sentence; empty where it is.
std::string why(const TaskStory& story, double now) {
  if (story.state == State::waiting) {
    std::vector<TaskStory::Link> missing;
    for (const TaskStory::Link& link : story.depends_on)
      if (!link.function.empty() && link.ended < 0) missing.push_back(link);
    return fmt::format("It waits for {} of the {} that it depends on: {}.", missing.size(),
                       story.depends_on.size(), names_of(missing, missing.size()));
  }
  if (story.state != State::ready) return {};
  if (!story.possible) return fmt::format("No rank that is there has {}.", story.request);
  return fmt::format(
      "It has been ready for {}: it runs, or waits for a rank with room; a trace hears of a task when it "
      "ends.",
      seconds_text(std::max(0.0, now - story.ready)));
}

void say_wait(const TaskStory& story) {
  const double begun = story.attempts.empty() ? -1 : story.attempts.front().from;
  say("ready", fmt::format("at {:.6f} s{}", story.ready,
                           story.depends_on.empty()
                               ? ""
                               : fmt::format(", {} for what it depends on",
                                             seconds_text(std::max(0.0, story.ready - story.submitted)))));
  std::string wait =
      begun < 0 ? "has not ended" : seconds_text(std::max(0.0, begun - story.ready)) + " for a rank";
  if (story.cpus_used >= 0)
    wait += fmt::format("; meanwhile {:.0f} % of the CPUs were in use and {} other tasks began",
                        100 * story.cpus_used, story.began_before);
  say("waited", wait);
}

void say_attempts(const TaskStory& story) {
  const int first = story.attempts.empty() ? 0 : story.attempts.front().number;
  std::string lost;
  for (const TaskStory::Loss& loss : story.losses)
    lost += fmt::format("{}rank {} at {:.6f} s", lost.empty() ? "" : ", ", loss.rank, loss.at);
  if (first > 1)
    say("tried again", fmt::format("{} attempts before did not end; ranks that were lost: {}", first - 1,
                                   lost.empty() ? "none that is recorded" : lost));
  else if (!lost.empty())
    say("lost ranks", lost);
  for (const TaskStory::Attempt& attempt : story.attempts) {
    say(fmt::format("attempt {}", attempt.number).c_str(),
        fmt::format("on rank {} (node {}), from {:.6f} to {:.6f} s, {} on the CPU{}, {} bytes of results{}",
                    attempt.rank, attempt.node, attempt.from, attempt.to, seconds_text(attempt.busy),
                    attempt.together > 1 ? fmt::format(" for {} elements together", attempt.together) : "",
                    attempt.bytes,
                    !attempt.threw         ? ""
                    : attempt.together > 1 ? "; some threw"
                                           : "; it threw"));
  }
  for (const std::string& words : story.said) say("threw", words);
  if (story.paused > 0) say("paused", seconds_text(story.paused) + " for other tasks, while it ran");
}

/// Where the result is kept for a run that goes on; empty: nowhere.
std::string in_journal(const std::string& run, const TaskStory& story) {
  if (story.key == 0 || !fs::exists(fs::path(run) / "journal")) return {};
  bool kept = false;
  rk::read_journal(run, [&](const rk::JournalEntry& entry) {
    const bool range = entry.kind == "elements";
    if ((entry.kind != "task" && !range) || entry.key != story.key) return;
    kept = kept || !range || (story.element >= entry.first && story.element - entry.first < entry.count);
  });
  return kept ? "its result is there: a run that goes on does not run it again" : "its result is not there";
}

void print(const Wishes& wishes, const TaskStory& story, double now) {
  std::cout << fmt::format("{}: {}\n", name_of(story), word_of(story));
  if (const std::string words = why(story, now); !words.empty()) std::cout << words << '\n';
  say("submitted", fmt::format("at {:.6f} s by {} on rank {}, {} bytes of arguments", story.submitted,
                               story.parent == 0 ? "the driver" : fmt::format("task 0x{:x}", story.parent),
                               story.submitter, story.argument_bytes));
  say("asked for", story.request + (story.priority != 0 ? fmt::format(", priority {}", story.priority) : ""));
  if (!story.depends_on.empty()) say("depends on", names_of(story.depends_on, story.depends_on.size()));
  if (story.ready >= 0) say_wait(story);
  say_attempts(story);
  if (story.submitted_by_it > 0) say("submitted", fmt::format("{} tasks itself", story.submitted_by_it));
  if (story.needed_by_all > 0) say("needed by", names_of(story.needed_by, story.needed_by_all));
  if (const std::string words = in_journal(wishes.run, story); !words.empty())
    say("journal", fmt::format("key {}: {}", story.key, words));
}

nlohmann::ordered_json json_of(const TaskStory& story) {
  constexpr const char* states[] = {"waiting", "ready", "ended", "failed", "cancelled"};
  nlohmann::ordered_json json;
  json["task"] = fmt::format("0x{:x}", story.task);
  json["function"] = story.function;
  json["state"] = states[static_cast<std::size_t>(story.state)];
  if (story.key != 0) json["key"] = story.key;
  if (story.elements > 0) json["element"] = story.element;
  json["submitted_s"] = story.submitted;
  if (story.ready >= 0) json["ready_s"] = story.ready;
  json["asked_for"] = story.request;
  json["possible"] = story.possible;
  json["depends_on"] = nlohmann::json::array();
  for (const TaskStory::Link& link : story.depends_on)
    json["depends_on"].push_back({{"task", fmt::format("0x{:x}", link.task)}, {"ended_s", link.ended}});
  json["attempts"] = nlohmann::json::array();
  for (const TaskStory::Attempt& one : story.attempts)
    json["attempts"].push_back({{"attempt", one.number},
                                {"rank", one.rank},
                                {"from_s", one.from},
                                {"to_s", one.to},
                                {"busy_s", one.busy},
                                {"elements", one.together},
                                {"threw", one.threw}});
  if (!story.said.empty()) json["threw"] = story.said;
  json["ranks_lost"] = nlohmann::json::array();
  for (const TaskStory::Loss& loss : story.losses) json["ranks_lost"].push_back(loss.rank);
  return json;
}

void print_row(const TaskStory& story) {
  std::string last;
  if (!story.attempts.empty()) {
    const TaskStory::Attempt& attempt = story.attempts.back();
    last = fmt::format("{} on rank {}, attempt {}", seconds_text(attempt.busy / attempt.together),
                       attempt.rank, attempt.number);
  }
  std::cout << fmt::format("  0x{:<18x} {:<17} {}  {}\n", story.task, word_of(story), story.function, last);
}

std::optional<std::uint64_t> number_in(const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const std::uint64_t number = std::strtoull(text.c_str(), &end, 0);
  if (text.empty() || text[0] == '-' || *end != '\0' || errno != 0) return std::nullopt;
  return number;
}

int explain(const Wishes& wishes) {
  rk::TaskQuestion question{.key = wishes.key, .element = wishes.element, .most = wishes.most};
  if (const auto number = number_in(wishes.task)) {
    question.task = number;
  } else {
    question.name = wishes.task;
  }
  const rk::TaskStories told = rk::tell_stories(wishes.run, question);
  if (wishes.json) {
    for (const TaskStory& story : told.stories)
      std::cout << json_of(story).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  }
  if (told.matching == 0) {
    if (wishes.task.empty() && !wishes.key) {
      if (!wishes.json) std::cout << "All tasks that were submitted have ended.\n";
      return 0;
    }
    throw rk::InputError(fmt::format(
        "rankine: {} has no such task. Remedy: give its number as the report shows it (0x1f), a part of its "
        "function's name, or --key",
        told.summary.path));
  }
  if (wishes.json) return 0;
  if (told.matching == 1) {
    print(wishes, told.stories.front(), told.summary.seconds);
    return 0;
  }
  std::cout << fmt::format("{} tasks; those that have not ended first, then the longest:\n", told.matching);
  for (const TaskStory& story : told.stories) print_row(story);
  std::cout << fmt::format("rankine explain {} 0x{:x} tells all of one.\n", wishes.run,
                           told.stories.front().task);
  return 0;
}

}  // namespace

Command add_explain(CLI::App& app) {
  const auto wishes = std::make_shared<Wishes>();
  CLI::App* options =
      app.add_subcommand("explain", "why a task waited, where it ran, what was tried again, what it needed");
  options->add_option("RUN", wishes->run, "run directory, also of a run that is under way")->required();
  options->add_option("TASK", wishes->task,
                      "its number, or a part of its function's name; default: all that have not ended");
  options->add_option("--key", wishes->key, "instead of TASK: the key that the program gave it");
  options->add_option("--element", wishes->element, "of the map of that key")->capture_default_str();
  options->add_option("--most", wishes->most, "tasks that are listed")->capture_default_str();
  options->add_flag("--json", wishes->json, "a line of JSON for each task");
  options->footer("As of a second ago. Exit code: 0, 1 there is no trace or no such task.");
  return {options, [wishes] { return explain(*wishes); }};
}

}  // namespace apps
