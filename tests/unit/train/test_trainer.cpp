// SPDX-License-Identifier: Apache-2.0
// The Trainer with a user's model, a gang of one on ranks that are threads: what is learned, kept, gone on
// from, and refused.
#include <cmath>

#include <rankine/rankine.hpp>
#include <rankine/train/trainer.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "toy_job.hpp"

using namespace rankine::train;
namespace rk = rankine;

namespace {

TrainerOptions options_of(const std::filesystem::path& folder = {}) {
  TrainerOptions options;
  options.steps = 60;
  options.shape = {.batch = 16, .shards = 2, .seed = 3};
  options.rate = {Schedule::Kind::constant, 0.02, 0, 0, 0};
  options.evaluate_every = 20;
  options.evaluation_batches = 2;
  options.log_every = 10;
  options.folder = folder;
  options.checkpoint_seconds = 1e9;
  options.threads = 1;
  return options;
}

Trained run(const TrainerOptions& options, const toy::Job& job = {}) {
  Trained trained;
  rk::run_as_threads(2, {}, [&] { trained = rk::Trainer(job, options).run(); });
  return trained;
}

std::vector<float> weights_of(const std::filesystem::path& checkpoint) {
  return CheckpointReader(checkpoint).whole(0).parameters;
}

std::vector<std::uint64_t> steps_in(const std::filesystem::path& folder) {
  std::vector<std::uint64_t> steps;
  for (const FoundCheckpoint& one : find_checkpoints(folder)) steps.push_back(one.steps);
  return steps;
}

}  // namespace

TEST_CASE("a user's model learns, and says how it went") {
  const TemporaryFolder folder;
  const Trained trained = run(options_of(folder / "c"));
  CHECK(trained.progress.steps == 60);
  CHECK(trained.progress.finished);
  CHECK(trained.progress.about == "about toy");
  REQUIRE(trained.progress.curve.size() == 6);
  CHECK(trained.progress.curve[5].loss < 0.8 * trained.progress.curve[0].loss);
  CHECK(std::isnan(trained.progress.curve[0].validation_loss));
  CHECK(std::isfinite(trained.progress.curve[1].validation_loss));
  CHECK(trained.progress.curve[0].rate == 0.02);
  CHECK(trained.validation_loss() < std::log(3.0));
  CHECK(trained.validation_accuracy() > 0.5);
  const auto data = rk::nn::split_dataset(rk::nn::generate_dataset(400, 8, 3, 5));
  CHECK(trained.validation.count == data.test.size());
  CHECK(trained.parameters == 24);
  CHECK(trained.flops_a_step == 3.0 * 2 * 16 * 8 * 3);
  CHECK(trained.restarts == 0);
  CHECK(trained.checkpoint == folder / "c/step-00000060");
  CHECK(trained.progress.curve[5].validation_loss ==
        CheckpointReader(trained.checkpoint).progress().validation_loss());
}

TEST_CASE("what was stopped and goes on ends in the same place, with the same curve") {
  const TemporaryFolder folder;
  const Trained whole = run(options_of(folder / "whole"));
  TrainerOptions half = options_of(folder / "parts");
  half.steps = 35;
  run(half);
  TrainerOptions rest = options_of(folder / "parts");
  rest.resume = true;
  const Trained resumed = run(rest);
  CHECK(resumed.steps_resumed == 35);
  CHECK(weights_of(resumed.checkpoint) == weights_of(whole.checkpoint));
  CHECK(resumed.progress.curve.back().loss == Approx(whole.progress.curve.back().loss));
  CHECK(resumed.validation.loss == whole.validation.loss);
  const Trained again = run(rest);  // it is done already
  CHECK(again.steps_resumed == 60);
  CHECK(again.validation.loss == whole.validation.loss);
}

TEST_CASE("a damaged checkpoint is passed over for the one before") {
  const TemporaryFolder folder;
  TrainerOptions options = options_of(folder / "c");
  options.keep_last = 9;
  const Trained whole = run(options);
  REQUIRE(steps_in(folder / "c").size() > 1);
  std::filesystem::resize_file(whole.checkpoint / "part-00000.h5", 1000);
  options.resume = true;
  const Trained resumed = run(options);
  CHECK(resumed.steps_resumed < 60);
  CHECK(resumed.validation.loss == whole.validation.loss);
}

TEST_CASE("the last and the best are kept") {
  const TemporaryFolder folder;
  TrainerOptions options = options_of(folder / "c");
  options.keep_last = 1;
  options.keep_best = 1;
  const Trained trained = run(options);
  std::uint64_t best = 0;
  double least = 1e9;
  for (const CurvePoint& point : trained.progress.curve)
    if (std::isfinite(point.validation_loss) && point.validation_loss < least) {
      least = point.validation_loss;
      best = point.step;
    }
  const std::vector<std::uint64_t> kept = steps_in(folder / "c");
  CHECK(kept == (best == 60 ? std::vector<std::uint64_t>{60} : std::vector<std::uint64_t>{best, 60}));
}

TEST_CASE("training ends early when the validation loss no longer falls") {
  TrainerOptions options = options_of();
  options.steps = 5000;
  options.rate.rate = 0.5;  // far too large: the loss wanders
  options.patience = 2;
  options.evaluate_every = 5;
  const Trained trained = run(options);
  CHECK(trained.stopped_early);
  CHECK(trained.progress.steps < 5000);
  CHECK(trained.progress.finished);
  CHECK(trained.progress.steps % 5 == 0);
}

TEST_CASE("weights of another run are begun with, its moments and steps are not") {
  const TemporaryFolder folder;
  const Trained first = run(options_of(folder / "first"));
  TrainerOptions options = options_of(folder / "second");
  options.initial = first.checkpoint;
  options.steps = 0;
  const Trained second = run(options);
  CHECK(second.progress.steps == 0);
  CHECK(weights_of(second.checkpoint) == weights_of(first.checkpoint));
  CHECK(CheckpointReader(second.checkpoint).whole(0).first_moments == std::vector<float>(24, 0));
}

TEST_CASE("what cannot be is said before anything runs") {
  const TemporaryFolder folder;
  TrainerOptions options = options_of();
  options.parallel.data = 2;
  CHECK_THROWS_WITH(run(options),
                    ContainsSubstring("needs 2 ranks, and 1 can work") && ContainsSubstring("mpirun -n 3"));
  options = options_of();
  options.shape.shards = 3;
  CHECK_THROWS_AS(run(options), rk::InputError);
  options = options_of();
  options.shape.batch = 10'000;
  CHECK_THROWS_WITH(run(options), ContainsSubstring("a batch of 10000"));
  options = options_of();
  options.rate.rate = -1;
  CHECK_THROWS_WITH(run(options), ContainsSubstring("learning rate"));
  run(options_of(folder / "c"));
  options = options_of(folder / "c");
  options.resume = true;
  toy::Job other;
  other.name = "other";
  CHECK_THROWS_WITH(run(options, other), ContainsSubstring("made with other options"));
  options.shape.seed = 4;
  CHECK_THROWS_WITH(run(options), ContainsSubstring("made with other options"));
  options = options_of("/proc/nowhere/c");
  CHECK_THROWS_WITH(run(options), ContainsSubstring("/proc/nowhere"));
  options = options_of();
  options.rate.rate = 1e30;
  CHECK_THROWS_WITH(run(options), ContainsSubstring("diverged"));
}

TEST_CASE("the largest mesh that is left") {
  const auto mesh = [](std::size_t data, std::size_t tensor, std::size_t pipeline) {
    Parallel parallel;
    parallel.data = data;
    parallel.tensor = tensor;
    parallel.pipeline = pipeline;
    return parallel;
  };
  CHECK(shrink(mesh(4, 1, 1), 4) == mesh(4, 1, 1));
  CHECK(shrink(mesh(4, 1, 1), 3) == mesh(2, 1, 1));
  CHECK(shrink(mesh(2, 2, 1), 3) == mesh(1, 2, 1));
  CHECK(shrink(mesh(1, 2, 2), 3) == mesh(1, 2, 1));
  CHECK(shrink(mesh(1, 1, 4), 3) == mesh(1, 1, 2));
  CHECK(shrink(mesh(1, 4, 1), 1) == mesh(1, 1, 1));
  CHECK(shrink(mesh(2, 3, 1), 5) == mesh(1, 3, 1));
  CHECK(shrink(mesh(1, 3, 1), 2) == mesh(1, 1, 1));
  Parallel interleaved = mesh(1, 1, 2);
  interleaved.interleave = 2;
  CHECK(shrink(interleaved, 1).interleave == 1);
}
