// SPDX-License-Identifier: Apache-2.0
// The driver's part of a training: where it begins, what it does when a rank is lost, how it ends.
#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include <rankine/core/clock.hpp>
#include <rankine/draining.hpp>
#include <rankine/statistics.hpp>
#include <rankine/task.hpp>
#include <rankine/train/trainer.hpp>

#include "train/trainer/spans.hpp"

namespace rankine::train {

namespace detail {

namespace {

/// What results depend on. Not the number of steps: a run may be made longer.
std::string results_depend_on(const TrainerOptions& o, const std::string& config, std::uint64_t digest) {
  constexpr const char* kinds[] = {"constant", "linear", "cosine"};
  return fmt::format(
      "{}; batch {}, shards {}, seed {}; rate {} {} to {}, warm-up {}, decay {}; AdamW {} {} {} {}; clip {}; "
      "data {:016x}",
      config, o.shape.batch, o.shape.shards, o.shape.seed, kinds[static_cast<std::size_t>(o.rate.kind)],
      o.rate.rate, o.rate.minimum, o.rate.warm_up, o.rate.decay, o.adamw.beta1, o.adamw.beta2,
      o.adamw.epsilon, o.adamw.weight_decay, o.clip, digest);
}

void say(const std::string& words) {
  std::fprintf(stderr, "rankine: training: %s\n", words.c_str());
}

std::size_t living_workers() {
  return static_cast<std::size_t>(std::max<std::uint64_t>(1, statistics().workers));
}

void check_options(const TrainerOptions& options) {
  options.shape.check();
  options.rate.check();
  if (options.log_every == 0) throw InputError("the curve has a point every 1 step or more, not 0");
  check(options.parallel, options.shape.shards, std::numeric_limits<std::size_t>::max());
  const std::size_t workers = living_workers();
  const std::size_t wanted = options.parallel.ranks();
  if (wanted > workers) {
    throw InputError(
        fmt::format("{} needs {} ranks, and {} can work. Remedy: mpirun -n {}, one more for the driver, or a "
                    "smaller mesh",
                    describe(options.parallel), wanted, workers, wanted + 1));
  }
}

/// Where to begin: a checkpoint, or without a path nothing.
struct Beginning {
  std::string checkpoint;
  std::uint64_t steps = 0;
};

/// A checkpoint of other options is refused.
Beginning first_checkpoint(const TrainerOptions& options, const std::string& config) {
  if (!options.resume || options.folder.empty()) return {};
  const auto path = last_checkpoint(options.folder, [](const std::string& words) { say(words); });
  if (!path) return {};
  const CheckpointReader reader(*path);
  if (reader.progress().config != config) {
    throw InputError(fmt::format(
        "{} was made with other options ({}); now it is: {}. Start over with --fresh or in another folder",
        path->string(), reader.progress().config, config));
  }
  return {path->string(), reader.progress().steps};
}

/// The gang's member threw this; what a user did wrong is said as such.
[[noreturn]] void rethrow(const TaskError& error) {
  if (error.parts().type.find("InputError") != std::string::npos) throw InputError(error.parts().text);
  throw error;
}

void nothing(Gang& gang) {
  static_cast<void>(gang);
}

bool fits(std::size_t ranks, double cpus, double gpus) {
  try {
    submit_gang<nothing>(
        {.ranks = static_cast<int>(ranks), .per_rank = {.cpus = cpus, .gpus = gpus}, .name = "what fits"})
        .get();
    return true;
  } catch (const Unsatisfiable&) {
    return false;
  }
}

/// The most CPUs that each of `ranks` ranks can hold at once: found by asking for them.
std::size_t cpus_of(std::size_t ranks) {
  const auto fit = [&](std::size_t cpus) { return fits(ranks, static_cast<double>(cpus), 0); };
  std::size_t most = 1;
  while (fit(2 * most)) most *= 2;
  for (std::size_t step = most / 2; step > 0; step /= 2)
    if (fit(most + step)) most += step;
  return most;
}

std::size_t threads_of(const TrainerOptions& options) {
  const std::size_t ranks = options.parallel.ranks();
  if (options.gpus > 0 && !fits(ranks, 1, options.gpus))
    throw InputError(
        fmt::format("{} needs {} rank{} with {} GPU{} each, and this run does not have them. Remedy: a build "
                    "with CUDA and a job with GPUs (sbatch --gpus-per-task 1), a smaller mesh, or the CPU",
                    describe(options.parallel), ranks, ranks == 1 ? "" : "s", options.gpus,
                    options.gpus == 1 ? "" : "s"));
  if (options.threads > 0) return options.threads;
  return options.gpus > 0 ? 1 : cpus_of(ranks);
}

struct Attempt {
  std::optional<MemberReport> report;
  std::string lost;  // why there is none
};

Attempt try_once(Future<MemberReport> future) {
  try {
    return {future.get(), {}};
  } catch (const TaskError& error) {
    rethrow(error);
  } catch (const Drained&) {
    throw;
  } catch (const WorkerDied& error) {
    return {{}, error.what()};
  } catch (const Unsatisfiable& error) {
    return {{}, error.what()};
  }
}

Trained result_of(const TrainerOptions& options, const MemberReport& report) {
  Trained trained;
  trained.progress = report.progress;
  trained.validation = {report.loss, report.count, report.right};
  trained.stopped_early = report.stopped_early;
  trained.tokens_per_second = report.seconds > 0 ? report.tokens / report.seconds : 0;
  trained.peak = report.peak;
  trained.flops_a_step = report.flops_a_step;
  if (report.peak > 0 && report.seconds > 0)
    trained.utilisation = report.flops / report.seconds / report.peak;
  trained.parameters = report.parameters;
  trained.memory_bytes = report.memory_bytes;
  for (const std::string& lines : report.spans) trained.spans.push_back(spans_of(lines));
  if (!options.folder.empty()) {
    const auto found = find_checkpoints(options.folder);
    if (!found.empty()) trained.checkpoint = found.back().path;
  }
  return trained;
}

}  // namespace

Trained drive(const TrainerOptions& options, const std::string& job, const Examples& examples,
              const std::function<Future<MemberReport>(const GangOptions&, const Mission&)>& start) {
  check_options(options);
  const Time began = now();
  const std::string config = results_depend_on(options, job, examples.digest);
  const Beginning beginning = first_checkpoint(options, config);
  Mission mission{options, beginning.checkpoint, config};
  mission.options.threads = threads_of(options);
  int restarts = 0;
  for (int in_a_row = 0;;) {
    const GangOptions gang{
        .ranks = static_cast<int>(mission.options.parallel.ranks()),
        .per_rank = {.cpus = static_cast<double>(mission.options.threads), .gpus = options.gpus},
        .max_retries = 0,
        .name = "train"};
    const Attempt attempt = try_once(start(gang, mission));
    if (attempt.report && attempt.report->drained) {
      throw Drained(fmt::format("rankine: training stopped after {} of {} steps; it goes on from {}",
                                attempt.report->progress.steps, options.steps,
                                options.folder.empty() ? "the start" : "its last checkpoint"));
    }
    if (attempt.report) {
      Trained trained = result_of(options, *attempt.report);
      trained.steps_resumed = beginning.steps;
      trained.restarts = restarts;
      trained.parallel = mission.options.parallel;
      trained.seconds = seconds_since(began);
      return trained;
    }
    if (draining()) throw Drained("rankine: a rank was lost while the run drains: " + attempt.lost);
    const std::string before = mission.checkpoint;
    if (!options.folder.empty()) {
      const auto path = last_checkpoint(options.folder, [](const std::string& words) { say(words); });
      mission.checkpoint = path ? path->string() : std::string();
    }
    in_a_row = mission.checkpoint == before ? in_a_row + 1 : 0;
    ++restarts;
    if (in_a_row > options.restarts_max) throw WorkerDied(attempt.lost);
    mission.options.parallel = shrink(options.parallel, living_workers());
    say(fmt::format("a rank was lost ({}); it goes on from {} with {}", attempt.lost,
                    mission.checkpoint.empty() ? "the start" : mission.checkpoint,
                    describe(mission.options.parallel)));
  }
}

}  // namespace detail

}  // namespace rankine::train
