// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/run_trials.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include <rankine/actor.hpp>
#include <rankine/core/clock.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/draining.hpp>
#include <rankine/many_models/progress.hpp>
#include <rankine/state.hpp>
#include <rankine/statistics.hpp>

#include "tune/run/desk.hpp"
#include "tune/run/study_log.hpp"

namespace rankine::tune::detail {

namespace {

using namespace std::chrono_literals;

class Driver {
 public:
  Driver(Study& study, const TrialsOptions& options, const Launch& launch)
      : study_(study),
        options_(options),
        launch_(launch),
        key_(options.task.key == 0 ? 1 : options.task.key),
        log_(key_),
        progress_("trials", options.trials_in_all, options.show_progress),
        start_(rankine::now()) {
    if (options_.retries > 0) {
      options_.task.retry_exceptions = true;
      options_.task.max_retries = std::max(options_.task.max_retries, options_.retries);
    }
    if (options_.task.name.empty()) options_.task.name = "trial";
    if (!options_.live) return;
    desk_name_ = fmt::format("tune-desk-{}", key_);
    desk_ = spawn<Desk>({.name = desk_name_, .max_restarts = -1, .max_task_retries = -1});
  }
  ~Driver() {
    if (!drained_) {
      for (const Flying& piece : flying_) piece.result.cancel();
    }
    progress_.leave();
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  TrialsOutcome go() {
    try {
      replay();
      ask({});
      while (!flying_.empty()) {
        ask(wait_for_events());
        tell_progress();
      }
    } catch (const Drained&) {
      drained_ = true;
      throw;
    }
    return finish();
  }

 private:
  /// A piece of a trial, as it was asked for.
  struct Piece {
    TrialRequest request;
    int ranks = 1;
    std::optional<std::uint64_t> source;  ///< the assignment whose checkpoint it begins from
    std::optional<Future<TrialResult>> result;
    Step told = 0;  ///< the last step that the study heard of
    bool closed = false;
  };
  struct Flying {
    std::uint64_t number;
    Future<TrialResult> result;
  };

  double now() const { return before_ + seconds_since(start_); }

  // ---- asking

  /// Notes a piece that the study asks for. `Piece::result` comes with launch().
  std::uint64_t note(const Assignment& assignment) {
    Piece piece;
    piece.request.assignment = assignment;
    piece.request.parameters = study_.history().space().parameters(assignment.configuration);
    piece.request.steps_max = options_.steps_max;
    piece.request.desk = desk_name_;
    const Trial& trial = study_.history().trial(assignment.trial);
    piece.request.cost_before = trial.cost;
    piece.told = assignment.checkpoint == assignment.trial ? assignment.from : 0;
    piece.ranks = options_.ranks_of ? options_.ranks_of(piece.request.parameters) : options_.ranks;
    if (piece.ranks < 1)
      throw InputError(fmt::format("trial {} asks for {} ranks", assignment.trial, piece.ranks));
    if (assignment.checkpoint != kNoTrial) {
      const auto saved = checkpoints_.find(assignment.checkpoint);
      if (saved != checkpoints_.end()) piece.source = saved->second;
    }
    pieces_.emplace(assignment.number, std::move(piece));
    ++outcome_.pieces;
    return assignment.number;
  }

  /// The result of a piece: submitted now, or long ago. A piece of an earlier run that is asked for again
  /// comes from the journal, by its key.
  const Future<TrialResult>& launch(std::uint64_t number) {
    Piece& piece = pieces_.at(number);
    if (piece.result) return *piece.result;
    const std::string name = checkpoint_name(number);
    if (const auto kept = piece.ranks > 1 ? load_state<std::vector<std::byte>>(name) : std::nullopt) {
      TrialResult result;
      result.checkpoint = Array<std::byte>(std::span<const std::byte>(*kept));
      return piece.result.emplace(put(result));
    }
    std::optional<Future<TrialResult>> previous;
    if (piece.source) previous = launch(*piece.source);
    Options task = options_.task;
    task.key = hash_mix(key_, number);
    return piece.result.emplace(launch_(piece.request, piece.ranks, task, previous));
  }

  bool has_room() const {
    if (study_.options().mode == Mode::ordered) return true;  // the study's window says it
    const std::size_t slots =
        options_.slots > 0 ? options_.slots : std::max<std::size_t>(1, statistics().workers);
    return used_ < slots;
  }

  /// Journals what came and what is asked for then, and starts that.
  void ask(std::vector<StudyEvent> events) {
    StudyRecord record;
    record.now = now();
    for (const StudyEvent& event : events) tell(event, record.now);
    record.events = std::move(events);
    std::vector<std::uint64_t> asked;
    // While the run drains nothing is asked for but what can be waited for: the wait says that the time is
    // over.
    while (has_room() && (!draining() || (flying_.empty() && asked.empty()))) {
      const auto assignment = study_.ask(record.now);
      count_in_order();
      if (!assignment) break;
      asked.push_back(note(*assignment));
      record.asked.push_back(hash_of(*assignment));
      used_ += static_cast<std::size_t>(pieces_.at(asked.back()).ranks);
    }
    if (!record.events.empty() || !asked.empty()) log_.append(record);
    for (const std::uint64_t number : asked) fly(number);
  }

  void fly(std::uint64_t number) { flying_.push_back({number, launch(number)}); }

  // ---- what comes

  std::vector<StudyEvent> wait_for_events() {
    std::vector<Future<TrialResult>> futures;
    futures.reserve(flying_.size());
    for (const Flying& piece : flying_) futures.push_back(piece.result);
    const auto ended = rankine::wait(futures, 1, options_.live ? 20ms : 200ms);
    std::vector<StudyEvent> events;
    if (options_.live) take_from_desk(events);
    for (const std::uint32_t which : ended) collect(flying_[which].number, flying_[which].result, events);
    std::vector<std::uint32_t> gone(ended);
    std::sort(gone.begin(), gone.end(), std::greater<>());
    for (const std::uint32_t which : gone) flying_.erase(flying_.begin() + which);
    return events;
  }

  /// The events of a piece that ended.
  void collect(std::uint64_t number, const Future<TrialResult>& future, std::vector<StudyEvent>& events) {
    Piece& piece = pieces_.at(number);
    used_ -= static_cast<std::size_t>(piece.ranks);
    StudyEvent end;
    end.assignment = number;
    end.ended = true;
    try {
      const TrialResult result = future.get();
      check_values(result);
      for (const Report& report : result.reports) add_report(number, report, events);
      end.ending = result.ending;
      end.has_checkpoint = !result.checkpoint.empty();
      if (end.has_checkpoint && piece.ranks > 1) keep_checkpoint(number, result);
    } catch (const Drained&) {
      throw;
    } catch (const Error& error) {
      end.ending.kind = Ending::Kind::failed;
      end.ending.words = error.what();
    }
    events.push_back(std::move(end));
  }

  /// A trial that does not say what the study wants to know fails; the others go on.
  void check_values(const TrialResult& result) const {
    const std::size_t wanted = study_.history().objectives();
    const auto check = [&](const std::vector<double>& values) {
      if (values.size() == wanted) return;
      throw InputError(
          fmt::format("the trial gave {} values, the study has {} objectives", values.size(), wanted));
    };
    for (const Report& report : result.reports) check(report.values);
    const bool ended = result.ending.kind == Ending::Kind::finished;
    if (ended && (!result.ending.values.empty() || result.reports.empty())) check(result.ending.values);
  }

  /// A trial that began anew repeats steps: the study hears of each once.
  void add_report(std::uint64_t number, const Report& report, std::vector<StudyEvent>& events) {
    const auto found = pieces_.find(number);
    if (found == pieces_.end() || report.step <= found->second.told) return;
    found->second.told = report.step;
    StudyEvent event;
    event.assignment = number;
    event.report = report;
    events.push_back(std::move(event));
  }

  void take_from_desk(std::vector<StudyEvent>& events) {
    try {
      if (!taking_) taking_ = desk_.call<&Desk::take>();
      if (!taking_->ready()) return;
      const auto reports = std::exchange(taking_, std::nullopt)->get();
      for (const auto& [number, report] : reports) add_report(number, report, events);
    } catch (const Drained&) {
      throw;
    } catch (const Error&) {
      taking_.reset();  // it lives again without what it had; that comes with the results
    }
  }

  void tell(const StudyEvent& event, double when) {
    const auto found = pieces_.find(event.assignment);
    if (found == pieces_.end())
      throw InputError("the journal is of another study: it knows an assignment that this one never gave");
    Piece& piece = found->second;
    if (!event.ended) {
      if (piece.closed) return;
      const Verdict verdict = study_.report(event.assignment, event.report, when);
      piece.closed = verdict.decision != Decision::go_on;
      if (piece.closed && desk_.valid() && !replaying_)
        desk_.call<&Desk::decide>(event.assignment, static_cast<int>(verdict.decision));
      return;
    }
    study_.end(event.assignment, event.ending, when);
    if (desk_.valid() && !replaying_) desk_.call<&Desk::forget>(event.assignment);
    arrived_.emplace(event.assignment, event.has_checkpoint);
    if (study_.options().mode == Mode::async) count(event.assignment);
  }

  /// What a piece brought counts from now on. Of a trial the latest checkpoint is kept; of those that ended,
  /// that of the best one.
  void count(std::uint64_t number) {
    const auto arrived = arrived_.find(number);
    if (arrived == arrived_.end()) return;
    const bool has_checkpoint = arrived->second;
    arrived_.erase(arrived);
    const Trial& trial = study_.history().trial(pieces_.at(number).request.assignment.trial);
    if (!has_checkpoint) {
      pieces_.erase(number);
    } else {
      const auto [latest, first] = checkpoints_.emplace(trial.id, number);
      if (!first) pieces_.at(std::exchange(latest->second, number)).result.reset();
    }
    if (!trial.ended()) return;
    TrialId dropped = trial.id;
    if (study_.history().best() == trial.id) dropped = std::exchange(best_, trial.id);
    const auto latest = checkpoints_.find(dropped);
    if (latest != checkpoints_.end()) pieces_.at(latest->second).result.reset();
  }
  /// An ordered study counts in the order of numbers, when it is asked.
  void count_in_order() {
    if (study_.options().mode == Mode::async) return;
    while (counted_ < study_.counted()) count(counted_++);
  }

  // ---- what an earlier run left

  void replay() {
    replaying_ = true;
    while (const auto record = log_.next()) {
      for (const StudyEvent& event : record->events) {
        if (event.ended) open_.erase(event.assignment);
        tell(event, record->now);
        if (event.ended) ++outcome_.replayed;
      }
      for (const std::uint64_t hash : record->asked) {
        const auto assignment = study_.ask(record->now);
        count_in_order();
        if (!assignment || hash_of(*assignment) != hash) {
          throw InputError(
              "the journal is of another study: this one asks for other trials. Remedy: --fresh, another run "
              "directory");
        }
        open_.insert(note(*assignment));
      }
      before_ = record->now;
    }
    replaying_ = false;
    start_ = rankine::now();
    for (const std::uint64_t number : open_) {
      used_ += static_cast<std::size_t>(pieces_.at(number).ranks);
      fly(number);
    }
  }

  std::string checkpoint_name(std::uint64_t number) const {
    return fmt::format("tune-{}-checkpoint-{}", key_, number);
  }
  /// Results of gangs are not in the journal.
  void keep_checkpoint(std::uint64_t number, const TrialResult& result) {
    save_state(checkpoint_name(number),
               std::vector<std::byte>(result.checkpoint.begin(), result.checkpoint.end()));
  }

  // ---- people

  void tell_progress() {
    if (!progress_.due(draining())) return;
    progress_.show(ended_trials(), draining());
  }
  std::uint64_t ended_trials() const {
    return study_.history().trials().size() - study_.history().running().size();
  }

  TrialsOutcome finish() {
    const TrialId best = study_.history().best();
    const auto saved = best == kNoTrial ? checkpoints_.end() : checkpoints_.find(best);
    if (saved != checkpoints_.end()) outcome_.best = launch(saved->second).get().checkpoint;
    for (const Trial& trial : study_.history().trials()) outcome_.failed += trial.state == TrialState::failed;
    outcome_.seconds = seconds_since(start_);
    progress_.done(ended_trials());
    return std::move(outcome_);
  }

  Study& study_;
  TrialsOptions options_;
  const Launch& launch_;
  std::uint64_t key_;
  StudyLog log_;
  ProgressLine progress_;
  Time start_;
  double before_ = 0;  ///< seconds of earlier runs
  TrialsOutcome outcome_;
  std::map<std::uint64_t, Piece> pieces_;
  std::map<std::uint64_t, bool> arrived_;         ///< ended, not counted yet; whether with a checkpoint
  std::uint64_t counted_ = 0;                     ///< ordered: those before it are
  std::map<TrialId, std::uint64_t> checkpoints_;  ///< the assignment that saved each trial's latest one
  TrialId best_ = kNoTrial;
  std::vector<Flying> flying_;
  std::size_t used_ = 0;  ///< ranks by what flies
  std::set<std::uint64_t> open_;
  bool replaying_ = false;
  bool drained_ = false;
  std::string desk_name_;
  Actor<Desk> desk_;
  std::optional<Future<Desk::Reports>> taking_;
};

}  // namespace

TrialsOutcome run_trials(Study& study, const TrialsOptions& options, const Launch& launch) {
  return Driver(study, options, launch).go();
}

}  // namespace rankine::tune::detail
