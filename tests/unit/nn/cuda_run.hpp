// SPDX-License-Identifier: Apache-2.0
// A model run whole on any device for tests: as model_run.hpp, with buffers of the device.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <rankine/nn/cuda.hpp>
#include <rankine/nn/device.hpp>

#include "catch.hpp"
#include "model_run.hpp"

namespace rankine::nn::test {

inline bool device_here() {
  if (cuda_devices() > 0) return true;
  std::puts("no CUDA device here: kernels were not run");
  return false;
}

/// Of two arrays: the length of their difference over that of the second.
inline double difference(const std::vector<float>& values, const std::vector<float>& expected) {
  double off = 0, length = 0;
  if (values.size() != expected.size()) return INFINITY;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double d = static_cast<double>(values[k]) - static_cast<double>(expected[k]);
    off += d * d;
    length += static_cast<double>(expected[k]) * static_cast<double>(expected[k]);
  }
  return std::sqrt(off / length);
}

class DeviceRun {
 public:
  DeviceRun(Device& device, Model& model, const Buffers& parameters, const Batch& batch, float scale,
            std::uint64_t key)
      : device_(device), model_(model) {
    for (const auto& values : parameters) {
      const auto master = copy_of(values.data(), values.size() * sizeof(float));
      parameters_.push_back(device.allocate(values.size() * bytes_of(model.scalar)));
      device.convert(parameters_.back().get(), model.scalar, static_cast<const float*>(master.get()),
                     values.size());
      gradients_.push_back(device.allocate(values.size() * sizeof(float)));
    }
    input_ = copy_of(batch.input.data(), batch.input.size());
    targets_ = copy_of(batch.targets.data(), batch.targets.size() * sizeof(std::int32_t));
    pass_.examples = batch.examples;
    pass_.targets = static_cast<const std::int32_t*>(targets_.get());
    pass_.key = key;
    pass_.scale = scale;
    pass_.stream = device.stream();
  }

  Outcome run() {
    Outcome out;
    const void* input = input_.get();
    for (auto& layer : model_.layers) {
      const auto sizes = layer->sizes(pass_.examples);
      const auto scratch = no_numbers(sizes.scratch);
      pass_.scratch = scratch.get();
      saved_.push_back(no_numbers(sizes.saved));
      inputs_.push_back(input);
      const bool last = &layer == &model_.layers.back();
      values_.push_back(no_numbers(sizes.output));
      layer->forward(pass_, pointers(*layer), input, last ? &out.loss : values_.back().get(),
                     saved_.back().get());
      input = values_.back().get();
    }
    std::shared_ptr<void> slope;
    for (std::size_t k = model_.layers.size(); k-- > 0;) {
      Layer& layer = *model_.layers[k];
      const auto sizes = layer.sizes(pass_.examples);
      const auto scratch = no_numbers(sizes.scratch);
      pass_.scratch = scratch.get();
      const auto below = no_numbers(k == 0 ? 0 : sizes.input);
      std::vector<float*> gradients;
      for (const std::size_t unit : layer.units())
        gradients.push_back(static_cast<float*>(gradients_[unit].get()));
      layer.backward(pass_, pointers(layer), inputs_[k], values_[k].get(), saved_[k].get(), slope.get(),
                     k == 0 ? nullptr : below.get(), gradients);
      device_.synchronise();
      slope = below;
    }
    for (std::size_t u = 0; u < gradients_.size(); ++u) {
      out.gradients.emplace_back(model_.units[u].size());
      device_.download(out.gradients.back().data(), gradients_[u].get(), out.gradients.back().size() * 4);
    }
    return out;
  }

 private:
  std::shared_ptr<void> copy_of(const void* values, std::size_t bytes) {
    auto copy = device_.allocate(bytes);
    device_.upload(copy.get(), values, bytes);
    return copy;
  }
  std::shared_ptr<void> no_numbers(std::size_t bytes) {
    const std::vector<std::byte> filled(bytes, std::byte{0xff});
    return copy_of(filled.data(), bytes);
  }
  std::vector<const void*> pointers(const Layer& layer) const {
    std::vector<const void*> at;
    for (const std::size_t unit : layer.units()) at.push_back(parameters_[unit].get());
    return at;
  }

  Device& device_;
  Model& model_;
  std::vector<std::shared_ptr<void>> parameters_, gradients_, saved_, values_;
  std::vector<const void*> inputs_;
  std::shared_ptr<void> input_, targets_;
  Pass pass_;
};

/// Scratch and what is not zeroed by contract is filled with NaN first.
inline Outcome run_on(Device& device, Model& model, const Buffers& parameters, const Batch& batch,
                      float scale, std::uint64_t key) {
  return DeviceRun(device, model, parameters, batch, scale, key).run();
}

/// Checks that a device's model has the CPU's loss and gradients, each unit's to `tolerance` of its length.
inline void check_same(Model& on_cpu, Device& device, Model& on_device, const Buffers& parameters,
                       const Batch& batch, double tolerance) {
  Threads one;
  const Outcome expected = run(on_cpu, parameters, batch, one, 0.5F, 9);
  const Outcome outcome = run_on(device, on_device, parameters, batch, 0.5F, 9);
  CHECK(outcome.loss.count == expected.loss.count);
  CHECK(outcome.loss.loss == Approx(expected.loss.loss).epsilon(tolerance));
  if (on_device.scalar == Scalar::f32) CHECK(outcome.loss.right == expected.loss.right);
  for (std::size_t u = 0; u < parameters.size(); ++u) {
    INFO("unit " << on_cpu.units[u].name);
    CHECK(difference(outcome.gradients[u], expected.gradients[u]) < tolerance);
  }
}

}  // namespace rankine::nn::test
