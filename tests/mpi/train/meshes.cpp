// SPDX-License-Identifier: Apache-2.0
// The same training on every mesh of 1, 2 and 4 ranks: data-parallel, ZeRO and pipeline meshes must end with
// the bits of one rank, tensor-parallel ones within 1e-5 of the norm; what one mesh saved another goes on
// with; memory is what the formula says. Run by mpirun with 4 ranks: train_meshes [shared|message|cuda]
// [STEPS]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <boost/mpi/collectives.hpp>
#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>

#include <rankine/core/hash.hpp>
#include <rankine/nn/cuda.hpp>
#include <rankine/nn/gpt.hpp>
#include <rankine/train/checkpoint.hpp>
#include <rankine/train/engine.hpp>
#include <rankine/train/nccl_collectives.hpp>

#include "mesh_state.hpp"

namespace mpi = boost::mpi;
namespace nn = rankine::nn;
namespace train = rankine::train;

namespace {

constexpr std::size_t kShards = 4;

nn::GptConfig tiny(bool sequence, std::size_t context) {
  nn::GptConfig config;
  config.layers = 4;
  config.heads = 4;
  config.width = 32;
  config.context = context;
  config.vocabulary = 24;
  config.dropout = 0.1;
  config.sequence_parallel = sequence;
  return config;
}

/// Tokens that follow a rule most of the time.
class Tokens : public train::Feed {
 public:
  Tokens(const nn::GptConfig& config, std::size_t examples) : config_(config), examples_(examples) {}
  void training(std::uint64_t step, std::size_t shard, void* inputs, std::int32_t* targets) const override {
    fill(rankine::hash_mix(step + 1, shard), inputs, targets);
  }
  std::size_t evaluations() const override { return 5; }
  void evaluation(std::size_t index, void* inputs, std::int32_t* targets) const override {
    fill(rankine::hash_mix(1'000'003, index), inputs, targets);
  }

 private:
  void fill(std::uint64_t key, void* inputs, std::int32_t* targets) const {
    auto* const tokens = static_cast<std::int32_t*>(inputs);
    for (std::size_t row = 0; row < examples_; ++row) {
      auto token = static_cast<std::int32_t>(rankine::hash_mix(key, row) % config_.vocabulary);
      for (std::size_t t = 0; t < config_.context; ++t) {
        const std::size_t at = row * config_.context + t;
        if (tokens != nullptr) tokens[at] = token;
        const std::uint64_t chance = rankine::hash_mix(key, 1000 + at);
        token = static_cast<std::int32_t>((chance % 8 == 0 ? chance >> 8 : std::uint64_t(token) * 5 + 3) %
                                          config_.vocabulary);
        if (targets != nullptr) targets[at] = token;
      }
    }
  }
  nn::GptConfig config_;
  std::size_t examples_;
};

struct Outcome {
  State state;
  double loss = 0;
  double norm = 0;
  nn::LossSum evaluation;
};

/// What ranks compute with, and how they speak.
enum class Means { shared, message, cuda };

/// The emulation takes its time.
constexpr std::size_t context_of(Means means) {
  return means == Means::cuda ? 4 : 16;
}
constexpr std::size_t examples_of(Means means) {
  return means == Means::cuda ? 1 : 2;
}

Means means_named(const std::string& name) {
  if (name == "cuda") return Means::cuda;
  return name == "message" ? Means::message : Means::shared;
}

std::unique_ptr<nn::Device> make_device(Means means, nn::Threads& threads) {
  return means == Means::cuda ? nn::make_cuda_device(0) : nn::make_host_device(threads);
}
train::MakeCollectives collectives_of(Means means, nn::Device& device) {
  if (means == Means::cuda) return train::make_nccl_collectives(device);
  return means == Means::message ? train::make_message_collectives : train::make_mpi_collectives;
}
nn::Model make_model(Means means, const nn::GptConfig& config, nn::TensorGroup& group, nn::Device& device) {
  return means == Means::cuda ? nn::make_cuda_gpt(config, nn::Scalar::f32, group, device)
                              : nn::make_gpt(config, group);
}

class Trial {
 public:
  Trial(const train::Parallel& parallel, const mpi::communicator& world, Means means)
      : world_(world),
        config_(tiny(parallel.sequence, context_of(means))),
        examples_(examples_of(means)),
        device_(make_device(means, threads_)) {
    mesh_ = parallel.ranks() == 1
                ? std::make_unique<train::Mesh>(parallel)
                : std::make_unique<train::Mesh>(parallel, world, collectives_of(means, *device_));
    train::EngineConfig config;
    config.shards = kShards;
    config.examples = examples_;
    config.targets = config_.context;
    config.seed = 7;
    config.clip = 0.5;
    config.bucket_bytes = 8192;
    engine_ = std::make_unique<train::Engine>(make_model(means, config_, mesh_->tensor_group(), *device_),
                                              config, *mesh_, *device_, threads_);
  }

  train::Engine& engine() { return *engine_; }

  Outcome run(std::uint64_t from, std::uint64_t steps) {
    const Tokens tokens(config_, examples_);
    Outcome outcome;
    for (std::uint64_t step = from; step < steps; ++step) {
      const train::StepResult result = engine_->step(tokens, step, 3e-3);
      outcome.loss = result.loss;
      outcome.norm = result.norm;
    }
    outcome.evaluation = engine_->evaluate(tokens, 0, tokens.evaluations());
    outcome.state = collect(*engine_, world_, mesh_->parallel().tensor);
    return outcome;
  }

  void load(const State& state) {
    engine_->load([&](const train::Piece& piece, std::span<float> parameters, std::span<float> first,
                      std::span<float> second) {
      const std::vector<float>& whole = state.at({piece.unit, piece.member});
      const std::size_t size = whole.size() / 3;
      const std::span<float> into[3] = {parameters, first, second};
      for (std::size_t part = 0; part < 3; ++part)
        std::memcpy(into[part].data(), &whole[part * size + piece.first], piece.count * sizeof(float));
    });
  }

 private:
  mpi::communicator world_;
  nn::GptConfig config_;
  std::size_t examples_;
  nn::Threads threads_{1};
  std::unique_ptr<nn::Device> device_;
  std::unique_ptr<train::Mesh> mesh_;
  std::unique_ptr<train::Engine> engine_;
};

bool same_bits(const Outcome& a, const Outcome& b) {
  return a.loss == b.loss && a.norm == b.norm && a.evaluation.loss == b.evaluation.loss &&
         same_state(a.state, b.state);
}

std::vector<train::Parallel> meshes(Means means) {
  std::vector<train::Parallel> all;
  for (const std::size_t ranks : {1U, 2U, 4U}) {
    for (std::size_t data = 1; data <= ranks; data *= 2) {
      for (std::size_t tensor = 1; data * tensor <= ranks; tensor *= 2) {
        const std::size_t pipeline = ranks / data / tensor;
        for (std::size_t zero = 0; zero <= (data > 1 ? 3U : 0U); ++zero)
          all.push_back({.data = data, .tensor = tensor, .pipeline = pipeline, .zero = zero});
      }
    }
  }
  if (means == Means::cuda)  // under the emulation, which takes its time: those of two ranks, and mixes
    std::erase_if(all, [](const train::Parallel& one) {
      return one.ranks() == 4 && (one.pipeline == 1 || one.zero == 1 || one.zero == 2);
    });
  all.push_back({.recompute = true});
  all.push_back({.data = 2, .pipeline = 2, .zero = 3, .recompute = true});
  all.push_back({.pipeline = 2, .interleave = 2});
  all.push_back({.data = 2, .pipeline = 2, .zero = 2, .interleave = 2});
  all.push_back({.pipeline = 2, .interleave = 3});
  all.push_back({.tensor = 2, .sequence = true});
  all.push_back({.data = 2, .tensor = 2, .zero = 1, .sequence = true});
  return all;
}

/// Compares meshes with what one rank came to. All ranks of the world go through it together; rank 0 speaks.
class Comparison {
 public:
  Comparison(const mpi::communicator& world, Means means, std::uint64_t steps)
      : world_(world), means_(means), steps_(steps), reference_(reference()) {}

  /// On the first ranks, as many as the mesh has.
  void look_at(const train::Parallel& parallel) {
    const auto ranks = static_cast<int>(parallel.ranks());
    const mpi::communicator part = world_.split(world_.rank() < ranks ? 0 : 1);
    if (world_.rank() < ranks) {
      compare(parallel, part);
      if (means_ != Means::cuda || ranks == 2) go_on(parallel, part);
    }
    wait_for_all();
  }
  bool all_right() const { return mpi::all_reduce(world_, failures_, mpi::maximum<int>()) == 0; }

 private:
  /// Without spending the CPUs of those who still compute.
  void wait_for_all() {
    MPI_Request request;
    MPI_Ibarrier(world_, &request);
    int over = 0;
    while (MPI_Test(&request, &over, MPI_STATUS_IGNORE), over == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  Means alone() const { return means_ == Means::cuda ? means_ : Means::shared; }  // of a rank without others

  Outcome reference() const {
    Trial trial({}, world_.split(world_.rank()), alone());
    return trial.run(0, steps_);
  }

  void say(const train::Parallel& parallel, const std::string& words, bool right) {
    if (!right) ++failures_;
    if (world_.rank() == 0)
      std::cout << (right ? "ok      " : "FAILED  ") << train::describe(parallel) << ": " << words
                << std::endl;
  }

  void compare(const train::Parallel& parallel, const mpi::communicator& part) {
    Trial trial(parallel, part, means_);
    const train::Memory measured = trial.engine().memory();
    const Outcome outcome = trial.run(0, steps_);
    const train::MeshPlace place = train::mesh_place(parallel, static_cast<std::size_t>(part.rank()));
    const train::Memory formula =
        memory_formula(trial.engine().model(), parallel, place.pipeline, kShards, examples_of(means_));
    const double ratio = double(formula.total()) / double(trial.engine().memory().total());
    say(parallel, "memory " + std::to_string(measured.total()) + " bytes, formula " + std::to_string(ratio),
        std::abs(ratio - 1) < 0.1);
    if (parallel.tensor == 1) return say(parallel, "the bits of one rank", same_bits(outcome, reference_));
    const State whole = joined(outcome.state, trial.engine().model().units, parallel.tensor);
    const double apart = difference(reference_.state, whole);
    say(parallel, "parameters apart by " + std::to_string(apart * 1e6) + "e-6", apart < 1e-5);
    const double loss = std::abs(outcome.loss / reference_.loss - 1);
    const double evaluation = std::abs(outcome.evaluation.loss / reference_.evaluation.loss - 1);
    say(parallel, "losses apart by " + std::to_string(std::max(loss, evaluation) * 1e6) + "e-6",
        std::max(loss, evaluation) < 1e-5);
  }

  /// Half the way on one mesh, the rest on another.
  void go_on(const train::Parallel& parallel, const mpi::communicator& part) {
    const mpi::communicator self = part.split(part.rank());
    Trial half({}, self, alone());
    const Outcome middle = half.run(0, steps_ / 2);
    Trial second(parallel, part, means_);
    if (parallel.tensor == 1) {
      second.load(middle.state);
      const bool same = same_bits(second.run(steps_ / 2, steps_), reference_);
      return say(parallel, "goes on with what one rank saved", same);
    }
    const std::vector<nn::Unit>& units = second.engine().model().units;
    second.load(split(middle.state, units, parallel.tensor));
    const State ended = joined(second.run(steps_ / 2, steps_).state, units, parallel.tensor);
    const double there = difference(reference_.state, ended);
    Trial first(parallel, part, means_);
    Trial last({}, self, alone());
    last.load(joined(first.run(0, steps_ / 2).state, units, parallel.tensor));
    const double back = difference(reference_.state, last.run(steps_ / 2, steps_).state);
    say(parallel,
        "goes on with what one rank saved, and one rank with what it saved, apart by " +
            std::to_string(there * 1e6) + "e-6 and " + std::to_string(back * 1e6) + "e-6",
        std::max(there, back) < 1e-5);
  }

  const mpi::communicator& world_;
  Means means_;
  std::uint64_t steps_;
  Outcome reference_;
  int failures_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  mpi::environment environment(argc, argv, mpi::threading::multiple);
  const mpi::communicator world;
  const Means means = means_named(argc > 1 ? argv[1] : "");
  Comparison comparison(world, means, argc > 2 ? std::stoull(argv[2]) : 50);
  for (const train::Parallel& parallel : meshes(means)) comparison.look_at(parallel);
  const bool right = comparison.all_right();
  if (world.rank() == 0 && right) std::cout << "meshes: all as promised" << std::endl;
  return right ? 0 : 1;
}
