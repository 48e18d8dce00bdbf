// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/simulator.hpp>

#include <algorithm>
#include <optional>
#include <queue>
#include <tuple>
#include <utility>

#include <rankine/core/error.hpp>

namespace rankine::tune {

namespace {

class Run {
 public:
  Run(Study& study, Objective& objective, const SimulationOptions& options)
      : study_(study), objective_(objective), options_(options), workers_(options.workers) {
    for (std::size_t k = options.workers; k-- > 0;) idle_.push_back(k);
  }

  Simulation go() {
    hand_out();
    while (!events_.empty() && !over_) {
      const auto [when, order, worker] = events_.top();
      events_.pop();
      now_ = when;
      reach(worker);
      if (!over_) hand_out();
    }
    result_.seconds = now_;
    return std::move(result_);
  }

 private:
  struct Worker {
    std::optional<Assignment> assignment;
    Step step = 0;         ///< of the report that is due
    double step_cost = 0;  ///< since the report before it
  };

  void hand_out() {
    while (!idle_.empty()) {
      std::optional<Assignment> assignment = study_.ask(now_);
      if (!assignment) return;
      const std::size_t worker = idle_.back();
      idle_.pop_back();
      objective_.begin(*assignment);
      workers_[worker].assignment = std::move(assignment);
      workers_[worker].step = workers_[worker].assignment->from;
      go_on(worker);
    }
  }

  /// The worker sets out for its next report.
  void go_on(std::size_t index) {
    Worker& worker = workers_[index];
    const Configuration& configuration = worker.assignment->configuration;
    const Step from = worker.step;
    worker.step = std::min(objective_.after(from), objective_.steps_max());
    const auto between = [&](auto&& measure) {
      return measure(worker.step) - (from == 0 ? 0.0 : measure(from));
    };
    worker.step_cost = between([&](Step step) { return objective_.cost(configuration, step); });
    const double seconds = between([&](Step step) { return objective_.seconds(configuration, step); });
    result_.busy_seconds += seconds;
    events_.emplace(now_ + seconds, order_++, index);
  }

  void reach(std::size_t index) {
    Worker& worker = workers_[index];
    Assignment& assignment = *worker.assignment;
    result_.cost += worker.step_cost;
    if (assignment.trial >= trial_cost_.size()) trial_cost_.resize(assignment.trial + 1);
    double& cost = trial_cost_[assignment.trial];
    cost += worker.step_cost;
    const std::vector<double> values = objective_.values(assignment, worker.step);
    const bool last = worker.step >= objective_.steps_max();
    ++result_.reports;
    const Verdict verdict = study_.report(assignment.number, {worker.step, values, cost}, now_);
    over_ = result_.cost >= options_.cost_max;
    if (verdict.decision == Decision::exchange) {
      assignment.configuration = verdict.configuration;
      assignment.checkpoint = verdict.source;
      objective_.begin(assignment);
    } else if (verdict.decision != Decision::go_on || last) {
      const bool finished = verdict.decision == Decision::go_on;
      Ending ending;
      ending.kind = finished ? Ending::Kind::finished : Ending::Kind::paused;
      study_.end(assignment.number, std::move(ending), now_);
      if (last) note(assignment.trial, values.front());
      worker.assignment.reset();
      idle_.push_back(index);
      return;
    }
    go_on(index);
  }

  void note(TrialId trial, double value) {
    const double loss = study_.history().loss(value);
    if (!result_.incumbents.empty() && loss >= result_.incumbents.back().loss) return;
    result_.incumbents.push_back({now_, result_.cost, trial, loss});
    if (loss <= options_.target) over_ = true;
  }

  Study& study_;
  Objective& objective_;
  SimulationOptions options_;
  Simulation result_;
  std::vector<Worker> workers_;
  std::vector<std::size_t> idle_;
  std::vector<double> trial_cost_;
  using Event = std::tuple<double, std::uint64_t, std::size_t>;  // when, order, worker
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  double now_ = 0;
  std::uint64_t order_ = 0;
  bool over_ = false;
};

}  // namespace

double Simulation::loss_at_cost(double cost, double before_any) const {
  double loss = before_any;
  for (const Incumbent& incumbent : incumbents) {
    if (incumbent.cost <= cost) loss = incumbent.loss;
  }
  return loss;
}

Simulation simulate(Study& study, Objective& objective, const SimulationOptions& options) {
  if (options.workers == 0) throw InputError("a simulation needs 1 virtual worker or more");
  return Run(study, objective, options).go();
}

}  // namespace rankine::tune
