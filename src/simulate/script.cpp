// SPDX-License-Identifier: Apache-2.0
#include "simulate/script.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <rankine/core/error.hpp>

namespace rankine::simulate {

namespace {

constexpr std::uint64_t kTasksMax = std::uint64_t{1} << 28;

/// From recorded ids to submissions.
class Names {
 public:
  void add(const trace::Submission& submission, std::uint32_t target) {
    if (submission.range) {
      ranges_[number(submission.first)] = {target, submission.count};
    } else {
      singles_[number(submission.first)] = target;
    }
  }
  std::optional<Dependency> find(ObjectId id) const {
    if (const auto single = singles_.find(number(id)); single != singles_.end())
      return Dependency{single->second, 0};
    const auto after = ranges_.upper_bound(number(id));
    if (after == ranges_.begin()) return {};
    const auto& [first, range] = *std::prev(after);
    if (number(id) - first >= range.count) return {};
    return Dependency{range.target, static_cast<std::uint32_t>(number(id) - first)};
  }

 private:
  struct Range {
    std::uint32_t target;
    std::uint32_t count;
  };
  std::unordered_map<std::uint64_t, std::uint32_t> singles_;
  std::map<std::uint64_t, Range> ranges_;
};

/// When a task ended, and how long it was busy; -1: it travelled with others, and nobody knows.
struct Span {
  Nanoseconds end = 0;
  Nanoseconds busy = -1;
};

class Maker {
 public:
  explicit Maker(const trace::Recording& recording) : recording_(recording) {}

  Program make() {
    for (const trace::Class& one : recording_.classes) program_.classes.push_back(one.options);
    program_.piece_max = std::max(1u, recording_.begin.piece_max);
    program_.ranks = recording_.begin.ranks;
    program_.worker = usual_worker();
    program_.scripts.emplace_back();
    take_submissions();
    take_pieces();
    write_driver();
    write_tasks();
    if (program_.submissions.empty())
      throw InputError("rankine: the trace " + recording_.path +
                       " has no task. Remedy: name a run directory in which tasks were submitted");
    return std::move(program_);
  }

 private:
  /// What most workers had.
  scheduler::Resources usual_worker() const {
    std::vector<std::pair<scheduler::Resources, int>> kinds;
    for (const trace::Worker& worker : recording_.workers) {
      const auto known = std::find_if(kinds.begin(), kinds.end(),
                                      [&](const auto& kind) { return kind.first == worker.resources; });
      if (known != kinds.end()) {
        ++known->second;
      } else {
        kinds.emplace_back(worker.resources, 1);
      }
    }
    const auto most = std::max_element(kinds.begin(), kinds.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most != kinds.end()) return most->first;
    scheduler::Resources one;
    one.cpus = Amount(1);
    return one;
  }

  void take_submissions() {
    for (std::size_t i = 0; i < recording_.submissions.size(); ++i) {
      const trace::Submission& said = recording_.submissions[i];
      targets_.push_back(std::nullopt);
      if (said.gang_ranks > 0) {
        ++program_.gangs;
        continue;
      }
      if (program_.durations.size() + said.count > kTasksMax)
        throw InputError("rankine: the trace " + recording_.path + " has more tasks than can be simulated");
      const auto target = static_cast<std::uint32_t>(program_.submissions.size());
      Planned& planned = program_.submissions.emplace_back();
      planned.task_class = said.task_class;
      planned.count = said.count;
      planned.range = said.range;
      planned.argument_bytes = said.argument_bytes;
      planned.durations = program_.durations.size();
      program_.durations.resize(program_.durations.size() + said.count, -1);
      for (const ObjectId id : said.dependencies) {
        if (const auto found = names_.find(id)) planned.dependencies.push_back(*found);
      }
      names_.add(said, target);
      targets_.back() = target;
      if (said.parent != kDriver) planned.parent = script_for(said.parent);
    }
  }

  /// The script of a task, made if it has none.
  std::uint32_t script_for(TaskId task) {
    const auto known = scripts_.find(number(task));
    if (known != scripts_.end()) return known->second;
    const auto place = names_.find(task);
    if (!place) return 0;  // of an actor: as if the driver had submitted it
    const auto script = static_cast<std::uint32_t>(program_.scripts.size());
    program_.scripts.emplace_back();
    Planned& planned = program_.submissions[place->target];
    if (planned.range) {
      program_.element_scripts[std::uint64_t{place->target} << 32 | place->element] = script;
    } else {
      planned.script = script;
    }
    scripts_[number(task)] = script;
    places_.push_back(*place);
    return script;
  }

  /// Durations of elements, bytes of results, and how many children had ended at the end of each wait.
  void take_pieces() {
    std::vector<std::uint64_t> ended(program_.scripts.size());
    std::vector<std::size_t> order(recording_.pauses.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return recording_.pauses[a].pieces < recording_.pauses[b].pieces;
    });
    pause_counts_.resize(order.size());
    std::size_t pause = 0;
    std::size_t wait = 0;
    for (std::size_t i = 0; i <= recording_.pieces.size(); ++i) {
      for (; pause < order.size() && recording_.pauses[order[pause]].pieces <= i; ++pause) {
        const auto script = scripts_.find(number(recording_.pauses[order[pause]].task));
        pause_counts_[order[pause]] = script != scripts_.end() ? ended[script->second] : 0;
      }
      for (; wait < recording_.waits.size() && recording_.waits[wait].pieces <= i; ++wait)
        wait_counts_.push_back(ended[0]);
      if (i < recording_.pieces.size()) take_piece(recording_.pieces[i], ended);
    }
    for (Nanoseconds& duration : program_.durations) {
      program_.unrecorded += duration < 0 ? 1 : 0;
      duration = std::max<Nanoseconds>(duration, 0);
    }
  }

  void take_piece(const trace::Piece& piece, std::vector<std::uint64_t>& ended) {
    const auto place = names_.find(piece.first);
    if (!place || piece.count == 0) return;
    Planned& planned = program_.submissions[place->target];
    const std::uint32_t count = std::min(piece.count, planned.count - place->element);
    for (std::uint32_t i = 0; i < count; ++i) {
      Nanoseconds& duration = program_.durations[planned.durations + place->element + i];
      ended[planned.parent] += duration < 0 ? 1 : 0;
      duration = piece.busy / count;
    }
    planned.result_bytes = piece.bytes / count;
    if (const auto script = scripts_.find(number(piece.first)); script != scripts_.end())
      spans_[script->second] = {piece.at, count == 1 ? piece.busy : -1};
  }

  void write_driver() {
    Script& script = program_.scripts[0];
    Nanoseconds at = 0;
    std::size_t wait = 0;
    const auto think_until = [&](Nanoseconds next) {
      const Nanoseconds think = std::max<Nanoseconds>(0, next - at);
      at = std::max(at, next);
      return think;
    };
    const auto write_waits = [&](std::size_t submissions) {
      for (; wait < recording_.waits.size() && recording_.waits[wait].submissions <= submissions; ++wait) {
        const trace::Waited& waited = recording_.waits[wait].waited;
        Step step;
        step.think = think_until(waited.at - waited.length);
        at = std::max(at, waited.at);
        const auto place = names_.find(waited.first);
        if (place) {
          step.kind = Step::Kind::wait_for;
          step.target = place->target;
          step.element = place->element;
          step.count = std::min(waited.count, program_.submissions[place->target].count - place->element);
        } else if (waited.first == kNoObject) {
          step.kind = Step::Kind::wait_count;
          step.count = wait_counts_[wait];
        } else {
          step.kind = Step::Kind::pause;
          step.length = waited.length;
        }
        script.push_back(step);
      }
    };
    for (std::size_t i = 0; i < recording_.submissions.size(); ++i) {
      if (!targets_[i] || program_.submissions[*targets_[i]].parent != 0) continue;
      write_waits(i);
      Step step;
      step.kind = Step::Kind::submit;
      step.target = *targets_[i];
      step.think = think_until(recording_.submissions[i].at);
      script.push_back(step);
    }
    write_waits(recording_.submissions.size());
    Step leave;
    leave.think = recording_.end ? think_until(recording_.end->driver_left) : 0;
    script.push_back(leave);
  }

  /// Of the tasks that have children. Their thinking is what they were busy in all; where it fell between
  /// their steps is known by the clock.
  void write_tasks() {
    struct Mark {
      Nanoseconds at;
      Nanoseconds length;
      Step step;
    };
    std::vector<std::vector<Mark>> marks(program_.scripts.size());
    for (std::size_t i = 0; i < recording_.submissions.size(); ++i) {
      if (!targets_[i]) continue;
      const std::uint32_t parent = program_.submissions[*targets_[i]].parent;
      if (parent == 0) continue;
      Step step;
      step.kind = Step::Kind::submit;
      step.target = *targets_[i];
      marks[parent].push_back({recording_.submissions[i].at, 0, step});
    }
    for (std::size_t i = 0; i < recording_.pauses.size(); ++i) {
      const trace::Recording::Pause& pause = recording_.pauses[i];
      const auto script = scripts_.find(number(pause.task));
      if (script == scripts_.end()) continue;
      Step step;
      step.kind = pause_counts_[i] > 0 ? Step::Kind::wait_count : Step::Kind::pause;
      step.count = pause_counts_[i];
      step.length = pause.to - pause.from;
      marks[script->second].push_back({pause.from, step.length, step});
    }
    for (std::uint32_t script = 1; script < marks.size(); ++script) {
      auto& all = marks[script];
      std::stable_sort(all.begin(), all.end(), [](const Mark& a, const Mark& b) { return a.at < b.at; });
      Nanoseconds paused = 0;
      for (const Mark& mark : all) paused += mark.length;
      const Span span = spans_[script];
      const Dependency& place = places_[script - 1];
      Nanoseconds left =
          span.busy >= 0 ? span.busy
                         : program_.durations[program_.submissions[place.target].durations + place.element];
      Nanoseconds at = span.end - paused - left;
      for (Mark& mark : all) {
        mark.step.think = span.busy < 0 ? 0 : std::clamp<Nanoseconds>(mark.at - at, 0, left);
        left -= mark.step.think;
        at = std::max(at, mark.at + mark.length);
        program_.scripts[script].push_back(mark.step);
      }
      Step leave;
      leave.think = left;
      program_.scripts[script].push_back(leave);
    }
  }

  const trace::Recording& recording_;
  Program program_;
  Names names_;
  std::vector<std::optional<std::uint32_t>> targets_;         ///< of recorded submissions
  std::unordered_map<std::uint64_t, std::uint32_t> scripts_;  ///< by recorded task
  std::vector<Dependency> places_;                            ///< the task of script i + 1
  std::unordered_map<std::uint32_t, Span> spans_;             ///< by script
  std::vector<std::uint64_t> pause_counts_;
  std::vector<std::uint64_t> wait_counts_;
};

}  // namespace

Program make_program(const trace::Recording& recording) {
  return Maker(recording).make();
}

}  // namespace rankine::simulate
