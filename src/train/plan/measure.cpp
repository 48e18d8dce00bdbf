// SPDX-License-Identifier: Apache-2.0
// What a plan is made of, measured: on the host, on all ranks at once, as in training.
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <rankine/core/clock.hpp>
#include <rankine/nn/device.hpp>
#include <rankine/train/plan.hpp>

namespace rankine::train {

namespace {

constexpr int kRepeats = 3;
constexpr std::size_t kSmallBytes = 4 << 10;
constexpr std::size_t kLargeBytes = 4 << 20;
constexpr std::size_t kUpdates = std::size_t{1} << 20;

double seconds_of(const std::function<void()>& work) {
  const Time begin = now();
  work();
  return seconds_since(begin);
}

/// The shortest of a few; the first is not counted.
double shortest(const std::function<void()>& work) {
  work();
  double least = seconds_of(work);
  for (int k = 1; k < kRepeats; ++k) least = std::min(least, seconds_of(work));
  return least;
}

/// Forward and backward of one shard through all layers, with first values and inputs of zeros.
class Passes {
 public:
  Passes(nn::Model& model, std::size_t examples, std::size_t targets, nn::Threads& threads,
         nn::Device& device)
      : model_(model), targets_(examples * targets, 0) {
    for (const nn::Unit& unit : model.units) {
      parameters_.push_back(device.allocate(4 * unit.size()));
      gradients_.push_back(device.allocate(4 * unit.size()));
      nn::initialise(unit, 1, 0, 1, {static_cast<float*>(parameters_.back().get()), unit.size()});
    }
    pass_.examples = examples;
    pass_.targets = targets_.data();
    pass_.threads = &threads;
    std::size_t scratch = 0;
    for (const auto& layer : model.layers) {
      const auto sizes = layer->sizes(examples);
      inputs_.push_back(device.allocate(sizes.input));
      slopes_.push_back(device.allocate(sizes.input));
      saved_.push_back(device.allocate(sizes.saved));
      scratch = std::max(scratch, sizes.scratch);
      flops_ += sizes.flops;
    }
    scratch_ = device.allocate(scratch);
    pass_.scratch = scratch_.get();
  }
  void run() {
    const std::size_t layers = model_.layers.size();
    nn::LossSum loss;
    for (std::size_t k = 0; k < layers; ++k)
      model_.layers[k]->forward(pass_, parameters(k), inputs_[k].get(), output(k, loss), saved_[k].get());
    for (std::size_t k = layers; k-- > 0;) {
      std::vector<float*> gradients;
      for (const std::size_t unit : model_.layers[k]->units())
        gradients.push_back(static_cast<float*>(gradients_[unit].get()));
      model_.layers[k]->backward(pass_, parameters(k), inputs_[k].get(), output(k, loss), saved_[k].get(),
                                 k + 1 < layers ? slopes_[k + 1].get() : nullptr,
                                 k > 0 ? slopes_[k].get() : nullptr, gradients);
    }
  }
  double flops() const { return 3 * flops_; }

 private:
  void* output(std::size_t layer, nn::LossSum& loss) {
    return layer + 1 < inputs_.size() ? inputs_[layer + 1].get() : &loss;
  }
  std::vector<const void*> parameters(std::size_t layer) const {
    std::vector<const void*> at;
    for (const std::size_t unit : model_.layers[layer]->units()) at.push_back(parameters_[unit].get());
    return at;
  }

  nn::Model& model_;
  std::vector<std::int32_t> targets_;
  std::vector<std::shared_ptr<void>> parameters_, gradients_, inputs_, slopes_, saved_;
  std::shared_ptr<void> scratch_;
  nn::Pass pass_;
  double flops_ = 0;
};

double updates_per_second(nn::Device& device) {
  std::shared_ptr<void> arrays[4];
  for (auto& array : arrays) array = device.allocate(4 * kUpdates);
  const auto flags = device.allocate(kUpdates);
  const auto at = [&](int k) { return static_cast<float*>(arrays[k].get()); };
  const double seconds = shortest([&] {
    device.adamw({}, 1e-3, 1, 1, at(0), at(1), at(2), at(3), static_cast<const unsigned char*>(flags.get()),
                 kUpdates, nn::Scalar::f32, at(0));
  });
  return static_cast<double>(kUpdates) / seconds;
}

/// Latency and rate from a small and a large amount.
LinkSpeed fit(double small_s, double large_s) {
  constexpr double kMore = static_cast<double>(kLargeBytes - kSmallBytes);
  const double rate = kMore / std::max(large_s - small_s, 1e-9);
  return {.latency_s = std::max(0.0, small_s - static_cast<double>(kSmallBytes) / rate), .bytes_per_s = rate};
}

LinkSpeed measure_sums(Collectives& all) {
  const auto values = all.allocate(kLargeBytes);
  const auto seconds = [&](std::size_t bytes) {
    return shortest([&] {
      all.wait(
          all.all_reduce({{nullptr, values.get(), bytes / 4}}, nn::Scalar::f32, Reduction::sum, "measure"));
    });
  };
  const double small = seconds(kSmallBytes);
  return fit(small, seconds(kLargeBytes));
}

/// A message between neighbours, taken for a round of a broadcast, which has log2 of the ranks of them.
LinkSpeed measure_messages(Collectives& all) {
  const auto values = all.allocate(kLargeBytes);
  const double rounds = std::ceil(std::log2(static_cast<double>(all.size())));
  const auto seconds = [&](std::size_t bytes) {
    return shortest([&] { all.wait(all.broadcast(values.get(), bytes, 0)); }) / rounds;
  };
  const double small = seconds(kSmallBytes);
  return fit(small, seconds(kLargeBytes));
}

/// The slowest rank's, on all: numbers that a mesh is chosen by must be the same everywhere.
double largest_of_all(Collectives& all, double value) {
  const auto place = all.allocate(sizeof(float));
  auto* const number = static_cast<float*>(place.get());
  *number = static_cast<float>(value);
  all.wait(all.all_reduce({{nullptr, number, 1}}, nn::Scalar::f32, Reduction::max, "measure"));
  return *number;
}

}  // namespace

Speeds measure_computing(nn::Model& model, std::size_t examples, std::size_t targets, nn::Threads& threads) {
  const auto device = nn::make_host_device(threads);
  Passes passes(model, examples, targets, threads, *device);
  Speeds speeds;
  speeds.flops = passes.flops() / shortest([&] { passes.run(); });
  speeds.updates_per_s = updates_per_second(*device);
  return speeds;
}

Speeds measure_speeds(Collectives& all, nn::Model& model, std::size_t examples, std::size_t targets,
                      nn::Threads& threads) {
  Speeds speeds = measure_computing(model, examples, targets, threads);
  if (all.size() < 2) return speeds;
  speeds.flops = 1e9 / largest_of_all(all, 1e9 / speeds.flops);
  speeds.updates_per_s = 1 / largest_of_all(all, 1 / speeds.updates_per_s);
  speeds.reduced_by = all.size();
  const LinkSpeed sums = measure_sums(all), messages = measure_messages(all);
  speeds.all_reduce = {largest_of_all(all, sums.latency_s), 1 / largest_of_all(all, 1 / sums.bytes_per_s)};
  speeds.send = {largest_of_all(all, messages.latency_s), 1 / largest_of_all(all, 1 / messages.bytes_per_s)};
  return speeds;
}

}  // namespace rankine::train
