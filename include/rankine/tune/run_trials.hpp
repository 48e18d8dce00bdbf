// SPDX-License-Identifier: Apache-2.0
// A study on the ranks of a run: its assignments are tasks or gangs, its checkpoints objects of the store,
// its history is in the journal. Stands on the public API only; what to try and what to stop is the study's.
//
// Two modes (study.hpp). *ordered*: the same history, bit for bit, on any number of ranks, whatever failed on
// the way. *async*: no slot waits for another one; what came when is journalled, and a resumed run replays
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <rankine/gang.hpp>
#include <rankine/task.hpp>
#include <rankine/tune/trial_context.hpp>

namespace rankine::tune {

struct TrialsOptions {
  detail::NotPositional not_positional = detail::NotPositional();

  /// Of each piece of a trial (of a gang: of each member). `key` names the study in the journal; 0 counts
  /// as 1.
  Options task = {};
  /// How many ranks train one trial: a gang if more than 1. By hyperparameters where `ranks_of` is given.
  int ranks = 1;
  std::function<int(const Parameters&)> ranks_of = {};
  /// Where a whole trial ends, if the trial does not know it.
  Step steps_max = kLastStep;
  /// Ranks' worth of trials in flight, for async studies. 0: as many as there are workers.
  std::size_t slots = 0;
  /// Further attempts of a piece whose function threw.
  int retries = 0;
  /// Reports come while a trial runs, so that it can be stopped in the middle: for async studies whose
  /// scheduler stops trials that cannot be resumed (median; asha with resumable = false). Not for gangs.
  bool live = false;
  bool show_progress = true;
  std::uint64_t trials_in_all = 0;  ///< for the progress line; 0: not known
};

struct TrialsOutcome {
  std::uint64_t pieces = 0;              ///< assignments, also those of earlier runs of the study
  std::uint64_t replayed = 0;            ///< of them: known from the journal, not trained again
  std::uint64_t failed = 0;              ///< trials that failed for good
  double seconds = 0;                    ///< of this run
  std::optional<Array<std::byte>> best;  ///< what the best trial saved last

  /// The best trial's checkpoint. Nothing: it saved none, or no trial finished.
  template <class T>
  std::optional<T> load_best() const {
    if (!best) return std::nullopt;
    Reader reader(best->span());
    return unpack<T>(reader);
  }
};

namespace detail {

/// Starts a piece: on how many ranks, with which options, from whose result (if any).
using Launch = std::function<Future<TrialResult>(const TrialRequest&, int ranks, const Options&,
                                                 const std::optional<Future<TrialResult>>&)>;
TrialsOutcome run_trials(Study& study, const TrialsOptions& options, const Launch& launch);

template <class F, class... A>
std::vector<double> values_of(F function, A&&... arguments) {
  if constexpr (std::is_void_v<std::invoke_result_t<F, A...>>) {
    function(std::forward<A>(arguments)...);
    return {};
  } else if constexpr (std::is_convertible_v<std::invoke_result_t<F, A...>, double>) {
    return {static_cast<double>(function(std::forward<A>(arguments)...))};
  } else {
    return function(std::forward<A>(arguments)...);
  }
}

template <auto F, class... Common>
TrialResult train(const TrialRequest& request, const TrialResult& previous, const Common&... common) {
  TrialContext context(request, previous);
  return context.finish(values_of(F, context, common...));
}

template <auto F, class... Common>
TrialResult train_in_gang(Gang& gang, const TrialRequest& request, const TrialResult& previous,
                          const Common&... common) {
  TrialContext context(request, previous);
  return context.finish(values_of(F, gang, context, common...));
}

inline GangOptions gang_options(int ranks, const Options& task) {
  GangOptions gang;
  gang.ranks = ranks;
  gang.per_rank = {
      .cpus = task.cpus, .gpus = task.gpus, .memory_bytes = task.memory_bytes, .custom = task.custom};
  gang.strategy = task.placement;
  gang.priority = task.priority;
  gang.max_retries = task.max_retries;
  gang.retry_exceptions = task.retry_exceptions;
  gang.timeout = task.timeout;
  gang.name = task.name;
  gang.key = task.key;
  return gang;
}

/// A Future among the common arguments is a dependency: the trial gets its value.
template <class C>
struct CommonValue {
  using type = C;
};
template <class T>
struct CommonValue<Future<T>> {
  using type = T;
};
template <class C>
using ValueOf = typename CommonValue<C>::type;

template <auto F, class... Common>
inline constexpr bool trains_alone =
    std::is_invocable_v<decltype(F), TrialContext&, const ValueOf<Common>&...>;

template <auto F, class... Common>
Future<TrialResult> launch_one(const TrialRequest& request, int ranks, const Options& task,
                               const std::optional<Future<TrialResult>>& previous, const Common&... common) {
  if constexpr (trains_alone<F, Common...>) {
    static_cast<void>(ranks);
    if (previous) return submit<train<F, ValueOf<Common>...>>(task, request, *previous, common...);
    return submit<train<F, ValueOf<Common>...>>(task, request, TrialResult{}, common...);
  } else {
    static_assert(std::is_invocable_v<decltype(F), Gang&, TrialContext&, const ValueOf<Common>&...>,
                  "rankine: a trial is double f(TrialContext&, ...) or double f(Gang&, TrialContext&, ...)");
    const GangOptions gang = gang_options(ranks, task);
    if (previous)
      return submit_gang<train_in_gang<F, ValueOf<Common>...>>(gang, request, *previous, common...);
    return submit_gang<train_in_gang<F, ValueOf<Common>...>>(gang, request, TrialResult{}, common...);
  }
}

}  // namespace detail

/// Runs the study to its end: F(trial, common...) for each piece of each trial. A large common argument
/// should be a Future made by rk::put: F gets its value. F returns the trial's final value, several
/// (std::vector<double>), or nothing where it reported them; it takes a Gang& first if a trial is a gang.
/// Driver only. Throws Drained when the time of the run is over (the next run goes on), InputError if the
/// journal is of another study.
template <auto F, class... Common>
TrialsOutcome run_trials(Study& study, const TrialsOptions& options, const Common&... common) {
  return detail::run_trials(study, options,
                            [&](const TrialRequest& request, int ranks, const Options& task,
                                const std::optional<Future<TrialResult>>& previous) {
                              return detail::launch_one<F, Common...>(request, ranks, task, previous,
                                                                      common...);
                            });
}

/// The same with single-rank trials by F and gangs by G, both at once: `ranks_of` says which.
template <auto F, auto G, class... Common>
requires(detail::trains_alone<F, Common...> && !detail::trains_alone<G, Common...>) TrialsOutcome
    run_mixed_trials(Study& study, const TrialsOptions& options, const Common&... common) {
  return detail::run_trials(
      study, options,
      [&](const TrialRequest& request, int ranks, const Options& task,
          const std::optional<Future<TrialResult>>& previous) {
        if (ranks == 1) return detail::launch_one<F, Common...>(request, ranks, task, previous, common...);
        return detail::launch_one<G, Common...>(request, ranks, task, previous, common...);
      });
}

/// A trial that is an object: T(parameters), double step() trains a step and says how good it is, save() and
/// load(state) as an actor's. run_trials<stepwise<T>>(study, options).
template <class T>
double stepwise(TrialContext& trial) {
  using State = std::remove_cvref_t<decltype(std::declval<const T&>().save())>;
  T object(trial.parameters());
  if (auto state = trial.load<State>()) object.load(*state);
  double value = 0;
  for (Step step = trial.from() + 1; step <= trial.until(); ++step) {
    value = object.step();
    if (trial.report(step, value) != Decision::go_on) break;
  }
  trial.save(object.save());
  return value;
}

}  // namespace rankine::tune
