// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/study.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <rankine/core/check.hpp>
#include <rankine/core/error.hpp>

namespace rankine::tune {

Study::Study(Space space, StudyOptions options, std::unique_ptr<Sampler> sampler,
             std::unique_ptr<Scheduler> scheduler)
    : options_(std::move(options)),
      history_(std::move(space), options_.directions, options_.seed),
      sampler_(std::move(sampler)),
      scheduler_(std::move(scheduler)) {
  if (options_.directions.empty()) throw InputError("a study needs a direction: minimise or maximise");
  if (options_.window == 0) throw InputError("a study with a window of 0 would never begin; take 1 or more");
  if (history_.space().size() == 0) throw InputError("the search space has no dimensions");
}

bool Study::budget_left(double now) const {
  return history_.trials().size() < options_.trials_max && cost_ < options_.cost_max &&
         now < options_.seconds_max;
}

std::optional<Assignment> Study::ask(double now) {
  // Ordered: what ended counts one assignment at a time, and only when nothing can be asked for before it
  // does. So assignment n sees the same history, whenever the ends come.
  for (;;) {
    if (options_.mode == Mode::async || open_.size() < options_.window) {
      if (auto made = ask_scheduler(now)) {
        over_ = false;
        return made;
      }
    }
    if (!apply_first()) break;
  }
  over_ = true;
  return std::nullopt;
}

std::optional<Assignment> Study::ask_scheduler(double now) {
  const bool money = cost_ < options_.cost_max && now < options_.seconds_max;
  while (money) {
    const Next next = scheduler_->next(history_, now, !exhausted_ && budget_left(now));
    if (next.kind == Next::Kind::wait) break;
    if (next.kind == Next::Kind::resume) return resume(next);
    check(!exhausted_ && budget_left(now), "a scheduler starts a trial that may not start");
    if (auto started = start(next)) return started;
    exhausted_ = true;
  }
  return std::nullopt;
}

Assignment Study::resume(const Next& next) {
  check(history_.trial(next.trial).state == TrialState::paused, "a trial that is not paused is resumed");
  if (next.source != kNoTrial) {
    Trial& trial = history_.change(next.trial);
    trial.exchanges.push_back({trial.last_step(), next.source, next.configuration});
    trial.configuration = next.configuration;
  }
  history_.set_state(next.trial, TrialState::running);
  return assign(next.trial, next);
}

std::optional<Assignment> Study::start(const Next& next) {
  const auto id = static_cast<TrialId>(history_.trials().size());
  std::optional<Configuration> configuration = sampler_->ask(history_, id);
  if (!configuration) return std::nullopt;
  const Trial& trial = history_.begin(std::move(*configuration));
  scheduler_->on_start(history_, trial);
  return assign(id, next);
}

Assignment Study::assign(TrialId id, const Next& next) {
  const Trial& trial = history_.trial(id);
  Assignment made;
  made.number = next_number_++;
  made.trial = id;
  made.configuration = trial.configuration;
  made.until = next.until;
  if (!trial.reports.empty()) {
    made.from = trial.last_step();
    made.checkpoint = id;
  }
  if (next.source != kNoTrial) {
    made.from = history_.trial(next.source).last_step();
    made.checkpoint = next.source;
  }
  Open open;
  open.trial = id;
  open.until = next.until;
  open_.emplace_hint(open_.end(), made.number, std::move(open));
  return made;
}

Study::Open& Study::opened(std::uint64_t assignment) {
  const auto found = open_.find(assignment);
  if (found == open_.end() || found->second.ending) {
    throw InputError(
        fmt::format("assignment {} of the study is not open: it was never given or has ended", assignment));
  }
  return found->second;
}

Verdict Study::report(std::uint64_t assignment, Report report, double now) {
  Open& open = opened(assignment);
  if (report.values.size() != history_.objectives()) {
    throw InputError(fmt::format("a report gives {} values, the study has {} objectives",
                                 report.values.size(), history_.objectives()));
  }
  if (options_.mode == Mode::async) return apply_report(open, std::move(report), now);
  Verdict verdict;
  if (report.step >= open.until) verdict.decision = Decision::pause;
  open.reports.emplace_back(std::move(report), now);
  return verdict;
}

Verdict Study::apply_report(Open& open, Report report, double now) {
  Verdict verdict;
  verdict.decision = Decision::stop;
  if (open.closed) return verdict;
  Trial& trial = history_.change(open.trial);
  cost_ += std::max(0.0, report.cost - trial.cost);
  trial.cost = std::max(trial.cost, report.cost);
  trial.values = report.values;
  const Step step = report.step;
  trial.reports.push_back(std::move(report));
  verdict = scheduler_->on_report(history_, trial, now);
  if (verdict.decision == Decision::go_on && step >= open.until) verdict.decision = Decision::pause;
  if (verdict.decision == Decision::exchange) {
    trial.exchanges.push_back({step, verdict.source, verdict.configuration});
    trial.configuration = verdict.configuration;
  } else if (verdict.decision != Decision::go_on) {
    open.closed = true;
    leave(open.trial, verdict.decision == Decision::stop ? TrialState::stopped : TrialState::paused, now);
  }
  return verdict;
}

void Study::leave(TrialId id, TrialState state, double now) {
  history_.set_state(id, state);
  const Trial& trial = history_.trial(id);
  if (state != TrialState::paused) sampler_->told(history_, trial);
  scheduler_->on_end(history_, trial, now);
}

void Study::apply_end(Open& open, Ending ending, double now) {
  if (open.closed) return;
  Trial& trial = history_.change(open.trial);
  if (ending.cost >= 0) {
    cost_ += std::max(0.0, ending.cost - trial.cost);
    trial.cost = std::max(trial.cost, ending.cost);
  }
  if (ending.kind == Ending::Kind::failed) trial.words = std::move(ending.words);
  if (ending.kind == Ending::Kind::finished && !ending.values.empty())
    trial.values = std::move(ending.values);
  switch (ending.kind) {
    case Ending::Kind::finished:
      return leave(open.trial, TrialState::finished, now);
    case Ending::Kind::paused:
      return leave(open.trial, TrialState::paused, now);
    case Ending::Kind::failed:
      return leave(open.trial, TrialState::failed, now);
  }
}

void Study::end(std::uint64_t assignment, Ending ending, double now) {
  Open& open = opened(assignment);
  over_ = false;
  if (ending.kind == Ending::Kind::finished) {
    const std::size_t given = ending.values.size();
    const bool reported = !open.reports.empty() || !history_.trial(open.trial).reports.empty();
    if (given != history_.objectives() && !(given == 0 && reported)) {
      throw InputError(fmt::format("a trial ended with {} values, the study has {} objectives", given,
                                   history_.objectives()));
    }
  }
  if (options_.mode == Mode::async) {
    apply_end(open, std::move(ending), now);
    open_.erase(assignment);
    return;
  }
  open.ending.emplace(std::move(ending), now);
}

bool Study::apply_first() {
  if (open_.empty() || !open_.begin()->second.ending) return false;
  Open& open = open_.begin()->second;
  for (auto& [report, when] : open.reports) apply_report(open, std::move(report), when);
  apply_end(open, std::move(open.ending->first), open.ending->second);
  open_.erase(open_.begin());
  return true;
}

void Study::tell(std::uint64_t assignment, std::vector<double> values, double cost, double now) {
  Ending ending;
  ending.values = std::move(values);
  ending.cost = cost;
  end(assignment, std::move(ending), now);
}

void Study::warm_start(const std::vector<Trial>& earlier) {
  for (const Trial& trial : earlier) {
    if (!trial.ended() || trial.state == TrialState::failed) continue;
    if (trial.configuration.values.size() != history_.space().size()) {
      throw InputError(fmt::format("a trial of the earlier study has {} dimensions, this space {}",
                                   trial.configuration.values.size(), history_.space().size()));
    }
    history_.add_earlier(trial);
  }
}

std::vector<TrialId> Study::pareto_front() const {
  std::vector<TrialId> front;
  const auto no_worse = [&](const Trial& a, const Trial& b) {
    bool better = false;
    for (std::size_t k = 0; k < history_.objectives(); ++k) {
      if (history_.loss(a, k) > history_.loss(b, k)) return false;
      better |= history_.loss(a, k) < history_.loss(b, k);
    }
    return better;
  };
  for (const Trial& candidate : history_.trials()) {
    if (candidate.state != TrialState::finished) continue;
    const bool beaten =
        std::any_of(history_.trials().begin(), history_.trials().end(), [&](const Trial& other) {
          return other.state == TrialState::finished && no_worse(other, candidate);
        });
    if (!beaten) front.push_back(candidate.id);
  }
  return front;
}

}  // namespace rankine::tune
