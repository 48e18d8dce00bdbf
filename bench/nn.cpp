// SPDX-License-Identifier: Apache-2.0
// rankine-bench-nn: tokens a second of a GPT's training step on the CPU beside the rate of Eigen's matrix
// product in the same run. No mpirun. With --batches it trains on batches that tools/reference/nanogpt.py
// wrote, from its first values.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/nn/device.hpp>
#include <rankine/nn/gpt.hpp>
#include <rankine/nn/threads.hpp>

#include "eigen_rate.hpp"

namespace nn = rankine::nn;

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A model and all that a step of training needs, in one process.
class Training {
 public:
  Training(const nn::GptConfig& config, std::size_t examples, nn::Threads& threads)
      : config_(config),
        examples_(examples),
        threads_(threads),
        device_(nn::make_host_device(threads)),
        model_(nn::make_gpt(config, alone_)) {
    for (const nn::Unit& unit : model_.units) {
      Parameters own;
      own.count = unit.size();
      for (auto* buffer : {&own.values, &own.gradient, &own.first, &own.second})
        *buffer = device_->allocate(4 * own.count);
      nn::initialise(unit, 1, 0, 1, {static_cast<float*>(own.values.get()), own.count});
      for (const nn::Tensor& tensor : unit.tensors)
        own.decayed.insert(own.decayed.end(), tensor.size(), tensor.decay ? 1 : 0);
      parameters_.push_back(std::move(own));
    }
    std::size_t scratch = 0;
    for (const auto& layer : model_.layers) {
      const auto sizes = layer->sizes(examples);
      scratch = std::max(scratch, sizes.scratch);
      saved_.push_back(device_->allocate(sizes.saved));
      outputs_.push_back(device_->allocate(sizes.output));
      flops_ += 3 * sizes.flops;
    }
    const std::size_t stream = model_.layers[1]->sizes(examples).input;
    slopes_[0] = device_->allocate(stream);
    slopes_[1] = device_->allocate(stream);
    scratch_ = device_->allocate(scratch);
  }

  double flops() const { return flops_; }
  nn::Model& model() { return model_; }
  float* parameters(std::size_t unit) { return static_cast<float*>(parameters_[unit].values.get()); }

  /// One step as nanoGPT does it; the mean loss of the batch.
  double step(const std::int32_t* tokens, const std::int32_t* targets, std::size_t number, double rate) {
    nn::Pass pass;
    pass.examples = examples_;
    pass.targets = targets;
    pass.threads = &threads_;
    pass.scratch = scratch_.get();
    const auto& layers = model_.layers;
    for (std::size_t k = 0; k < layers.size(); ++k)
      layers[k]->forward(pass, pointers(k), input(k, tokens), outputs_[k].get(), saved_[k].get());
    for (Parameters& own : parameters_) device_->zero(own.gradient.get(), 4 * own.count);
    for (std::size_t k = layers.size(); k-- > 0;) {
      std::vector<float*> gradients;
      for (const std::size_t unit : layers[k]->units())
        gradients.push_back(static_cast<float*>(parameters_[unit].gradient.get()));
      layers[k]->backward(pass, pointers(k), input(k, tokens), outputs_[k].get(), saved_[k].get(),
                          k + 1 == layers.size() ? nullptr : slopes_[(k + 1) % 2].get(),
                          k == 0 ? nullptr : slopes_[k % 2].get(), gradients);
    }
    optimise(number, rate);
    const auto* loss = static_cast<const nn::LossSum*>(outputs_.back().get());
    return loss->loss / loss->count;
  }

 private:
  struct Parameters {
    std::size_t count = 0;
    std::shared_ptr<void> values, gradient, first, second;
    std::vector<unsigned char> decayed;
  };
  const void* input(std::size_t layer, const std::int32_t* tokens) const {
    return layer == 0 ? tokens : outputs_[layer - 1].get();
  }
  std::vector<const void*> pointers(std::size_t layer) const {
    std::vector<const void*> at;
    for (const std::size_t unit : model_.layers[layer]->units()) at.push_back(parameters_[unit].values.get());
    return at;
  }
  void optimise(std::size_t number, double rate) {
    constexpr std::size_t kBlock = 16384;
    double sum = 0;
    for (Parameters& own : parameters_) {
      std::vector<double> sums((own.count + kBlock - 1) / kBlock);
      device_->sums_of_squares(static_cast<float*>(own.gradient.get()), own.count, kBlock, sums.data());
      for (const double part : sums) sum += part;
    }
    const double clip = std::min(1.0, 1.0 / (std::sqrt(sum) + 1e-6));
    const nn::AdamW how{.beta2 = 0.99};
    for (Parameters& own : parameters_) {
      auto* const values = static_cast<float*>(own.values.get());
      device_->adamw(how, rate, number, clip, values, static_cast<float*>(own.first.get()),
                     static_cast<float*>(own.second.get()), static_cast<float*>(own.gradient.get()),
                     own.decayed.data(), own.count, nn::Scalar::f32, values);
    }
  }

  nn::GptConfig config_;
  std::size_t examples_;
  nn::Threads& threads_;
  nn::TensorGroup alone_;
  std::unique_ptr<nn::Device> device_;
  nn::Model model_;
  std::vector<Parameters> parameters_;
  std::vector<std::shared_ptr<void>> saved_, outputs_;
  std::shared_ptr<void> slopes_[2], scratch_;
  double flops_ = 0;
};

template <class T>
std::vector<T> read_numbers(const std::string& path, std::size_t count) {
  std::vector<T> numbers(count);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(numbers.data()), static_cast<std::streamsize>(count * sizeof(T)));
  if (!file) throw rankine::InputError(fmt::format("{}: fewer than {} numbers", path, count));
  return numbers;
}

/// Steps on batches from a folder: parameters.f32, tokens.i32 [steps][examples][context + 1].
void follow(Training& training, const nn::GptConfig& config, const std::string& folder, std::size_t examples,
            std::size_t steps) {
  std::size_t all = 0;
  for (const nn::Unit& unit : training.model().units) all += unit.size();
  const std::vector<float> values = read_numbers<float>(folder + "/parameters.f32", all);
  const float* from = values.data();
  for (std::size_t unit = 0; unit < training.model().units.size(); ++unit) {
    const std::size_t count = training.model().units[unit].size();
    std::copy_n(from, count, training.parameters(unit));
    from += count;
  }
  const std::size_t rows = examples * steps;
  const auto tokens = read_numbers<std::int32_t>(folder + "/tokens.i32", rows * (config.context + 1));
  std::vector<std::int32_t> inputs(examples * config.context);
  std::vector<std::int32_t> targets(inputs.size());
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t row = 0; row < examples; ++row) {
      const std::int32_t* sequence = tokens.data() + (step * examples + row) * (config.context + 1);
      std::copy_n(sequence, config.context, inputs.data() + row * config.context);
      std::copy_n(sequence + 1, config.context, targets.data() + row * config.context);
    }
    fmt::print("loss {} {:.7f}\n", step, training.step(inputs.data(), targets.data(), step + 1, 1e-3));
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("tokens a second of a GPT's training step beside Eigen's product");
  std::string preset = "nanogpt-cpu";
  std::string folder;
  std::size_t threads_count = 2;
  std::size_t examples = 12;
  std::size_t steps = 20;
  app.add_option("--preset", preset);
  app.add_option("--threads", threads_count);
  app.add_option("--examples", examples);
  app.add_option("--steps", steps, "of a stretch; of a folder's batches");
  app.add_option("--batches", folder, "a folder that tools/reference/nanogpt.py wrote: print losses");
  CLI11_PARSE(app, argc, argv);
  try {
    const nn::GptConfig config = nn::gpt_preset(preset);
    nn::Threads threads(threads_count);
    Training training(config, examples, threads);
    if (!folder.empty()) {
      follow(training, config, folder, examples, steps);
      return 0;
    }
    rankine::Philox random(1, 2);
    std::vector<std::int32_t> tokens(examples * config.context + 1);
    for (std::int32_t& token : tokens) token = static_cast<std::int32_t>(random.below(config.vocabulary));
    for (std::size_t k = 1; k <= 5; ++k) training.step(tokens.data(), tokens.data() + 1, k, 1e-3);
    double seconds = 1e9;  // of a step, in the best of some stretches, as Eigen's rate and PyTorch's are
    for (int stretch = 0; stretch < 10; ++stretch) {
      const double start = now();
      for (std::size_t k = 1; k <= steps; ++k) training.step(tokens.data(), tokens.data() + 1, k, 1e-3);
      seconds = std::min(seconds, (now() - start) / static_cast<double>(steps));
    }
    const auto rows = static_cast<double>(examples * config.context);
    const double rate = training.flops() / seconds * 1e-9;
    fmt::print("step {:.3f} ms, {:.0f} tokens/s, {:.1f} GFLOP/s\n", seconds * 1e3, rows / seconds, rate);
    const auto width = static_cast<int>(config.width);
    double best = 0;
    for (const auto& [m, k, n] :
         {std::array{static_cast<int>(rows), width, 4 * width},
          std::array{static_cast<int>(rows), 4 * width, width}, std::array{1024, 1024, 1024}}) {
      const double eigen = eigen_rate(m, k, n, static_cast<int>(threads_count));
      best = std::max(best, eigen);
      fmt::print("Eigen {} x {} x {}: {:.1f} GFLOP/s\n", m, k, n, eigen);
    }
    fmt::print("share of Eigen's best: {:.1f} %\n", 100 * rate / best);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rankine-bench-nn: {}\n", error.what());
    return 1;
  }
}
