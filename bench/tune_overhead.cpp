// SPDX-License-Identifier: Apache-2.0
// What a sweep costs beside its trials: N trials that sleep for 10 ms, against the time in which the workers
// could sleep so often. The measure of Ray Tune's own report (overhead below 14 % at trials of a second).
#include <chrono>
#include <cstdint>
#include <iostream>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <rankine/rankine.hpp>
#include <rankine/tune/run_trials.hpp>
#include <rankine/tune/schedulers.hpp>

namespace {

namespace rk = rankine;
namespace tune = rankine::tune;

double sleep_for(tune::TrialContext& trial, double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  return trial.parameters().number("x");
}

double sweep(std::uint64_t trials, double seconds, tune::Mode mode, std::uint64_t slots) {
  tune::Space space;
  space.add(tune::uniform("x", 0, 1));
  tune::StudyOptions options;
  options.trials_max = trials;
  options.mode = mode;
  options.window = slots;
  tune::Study study(space, options, tune::make_sampler("random"));
  tune::TrialsOptions run;
  run.task.key = trials;
  run.slots = slots;
  run.show_progress = false;
  return tune::run_trials<sleep_for>(study, run, seconds).seconds;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t trials = 10'000;
  double seconds = 0.01;
  std::uint64_t ahead = 0;
  bool ordered = false;
  CLI::App app("The overhead of a sweep over trials that sleep.", "tune_overhead");
  app.add_option("--trials", trials)->capture_default_str();
  app.add_option("--trial-seconds", seconds)->capture_default_str();
  app.add_option("--ahead", ahead, "trials asked for beyond the workers, so that none waits for the next one")
      ->capture_default_str();
  app.add_flag("--ordered", ordered);
  CLI11_PARSE(app, argc, argv);
  rk::Runtime runtime(argc, argv);
  return runtime.run([&] {
    const std::uint64_t workers = rk::statistics().workers;
    const auto mode = ordered ? tune::Mode::ordered : tune::Mode::async;
    sweep(20 * workers, seconds, mode, workers + ahead);  // code and memory are cold at first
    const double took = sweep(trials, seconds, mode, workers + ahead);
    const double ideal = static_cast<double>(trials) * seconds / static_cast<double>(workers);
    std::cout << fmt::format(
        "{{\"bench\": \"tune_overhead\", \"trials\": {}, \"workers\": {}, \"ahead\": {}, \"seconds\": "
        "{:.3f}, "
        "\"ideal_seconds\": {:.3f}, \"overhead_percent\": {:.2f}}}\n",
        trials, workers, ahead, took, ideal, 100 * (took / ideal - 1));
  });
}
