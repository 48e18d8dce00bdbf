// SPDX-License-Identifier: Apache-2.0
// A model run whole in one process for tests: its parameters, its loss and its gradient, alone or by the
// members of a tensor-parallel group as threads.
#pragma once

#include <algorithm>
#include <barrier>
#include <cstring>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include <rankine/nn/layer.hpp>
#include <rankine/nn/tensor_group.hpp>
#include <rankine/nn/threads.hpp>

namespace rankine::nn::test {

using Buffers = std::vector<std::vector<float>>;  // one a unit

struct Batch {
  std::size_t examples = 0;
  std::vector<std::byte> input;
  std::vector<std::int32_t> targets;
};

struct Outcome {
  LossSum loss;
  Buffers gradients;
  std::vector<std::vector<std::byte>> values;  // what each layer but the last puts out
};

inline Buffers first_values(const Model& model, std::uint64_t seed, std::size_t member = 0,
                            std::size_t members = 1) {
  Buffers values;
  for (const Unit& unit : model.units) {
    values.emplace_back(unit.size(members));
    initialise(unit, seed, member, members, values.back());
  }
  return values;
}

/// Larger than a fresh model's, so that nothing is close to nothing; biases too.
inline Buffers lively(const Model& model, std::size_t member = 0, std::size_t members = 1) {
  Model loud;
  loud.units = model.units;
  for (Unit& unit : loud.units) {
    for (Tensor& tensor : unit.tensors) tensor.deviation = 0.3;
  }
  return first_values(loud, 3, member, members);
}

/// Scratch and what is not zeroed by contract is filled with NaN first.
inline Outcome run(Model& model, const Buffers& parameters, const Batch& batch, Threads& threads,
                   float scale = 1, std::uint64_t key = 0, bool backward = true) {
  Outcome out;
  std::vector<std::vector<std::byte>> saved;
  const auto filled = [](std::size_t bytes) { return std::vector<std::byte>(bytes + 64, std::byte{0xff}); };
  const auto aligned = [](std::vector<std::byte>& bytes) {
    auto at = reinterpret_cast<std::uintptr_t>(bytes.data());
    return bytes.data() + (64 - at % 64) % 64;
  };
  Pass pass;
  pass.examples = batch.examples;
  pass.targets = batch.targets.data();
  pass.key = key;
  pass.scale = scale;
  pass.threads = &threads;
  const auto pointers = [&](const Layer& layer) {
    std::vector<const void*> at;
    for (const std::size_t unit : layer.units()) at.push_back(parameters[unit].data());
    return at;
  };
  const std::byte* input = batch.input.data();
  std::vector<const std::byte*> inputs;
  for (const auto& layer : model.layers) {
    const auto sizes = layer->sizes(batch.examples);
    std::vector<std::byte> scratch = filled(sizes.scratch);
    pass.scratch = aligned(scratch);
    saved.push_back(filled(sizes.saved));
    out.values.push_back(filled(sizes.output));
    inputs.push_back(input);
    layer->forward(pass, pointers(*layer), input, aligned(out.values.back()), aligned(saved.back()));
    input = aligned(out.values.back());
  }
  std::memcpy(&out.loss, input, sizeof out.loss);
  if (!backward) return out;
  for (const auto& values : parameters) out.gradients.emplace_back(values.size());
  std::vector<std::byte> slope;
  for (std::size_t k = model.layers.size(); k-- > 0;) {
    const auto sizes = model.layers[k]->sizes(batch.examples);
    std::vector<std::byte> scratch = filled(sizes.scratch);
    pass.scratch = aligned(scratch);
    std::vector<std::byte> below = filled(k == 0 ? 0 : sizes.input);
    std::vector<float*> gradients;
    for (const std::size_t unit : model.layers[k]->units()) gradients.push_back(out.gradients[unit].data());
    model.layers[k]->backward(pass, pointers(*model.layers[k]), inputs[k], aligned(out.values[k]),
                              aligned(saved[k]), slope.empty() ? nullptr : aligned(slope),
                              k == 0 ? nullptr : aligned(below), gradients);
    slope = std::move(below);
  }
  return out;
}

/// Members as threads, which meet at a barrier; sums in the order of the members.
class Meeting {
 public:
  explicit Meeting(std::size_t members)
      : barrier(static_cast<std::ptrdiff_t>(members)), values(members, nullptr) {}
  std::barrier<> barrier;
  std::vector<const void*> values;
};

class ThreadGroup : public TensorGroup {
 public:
  ThreadGroup(Meeting& meeting, std::size_t member) : meeting_(meeting), member_(member) {}
  std::size_t member() const override { return member_; }
  std::size_t size() const override { return meeting_.values.size(); }
  void all_reduce(void* values, std::size_t count, Scalar, const Pass&) override {
    combine(values, count, [](float a, float b) { return a + b; });
  }
  void all_reduce_max(float* values, std::size_t count, const Pass&) override {
    combine(values, count, [](float a, float b) { return std::max(a, b); });
  }
  void all_gather(const void* part, void* whole, std::size_t count, Scalar, const Pass&) override {
    meet(part, [&] {
      const std::size_t size = count / meeting_.values.size();
      for (std::size_t k = 0; k < meeting_.values.size(); ++k)
        std::memcpy(static_cast<float*>(whole) + k * size, meeting_.values[k], 4 * size);
    });
  }
  void reduce_scatter(const void* whole, void* part, std::size_t count, Scalar, const Pass&) override {
    meet(whole, [&] {
      const std::size_t size = count / meeting_.values.size();
      for (std::size_t i = 0; i < size; ++i) {
        float sum = 0;
        for (const void* values : meeting_.values)
          sum += static_cast<const float*>(values)[member_ * size + i];
        static_cast<float*>(part)[i] = sum;
      }
    });
  }

 private:
  template <class Work>
  void meet(const void* mine, const Work& work) {
    meeting_.values[member_] = mine;
    meeting_.barrier.arrive_and_wait();
    work();
    meeting_.barrier.arrive_and_wait();
  }
  template <class Operation>
  void combine(void* values, std::size_t count, const Operation& operation) {
    std::vector<float> result(count);
    meet(values, [&] {
      for (std::size_t i = 0; i < count; ++i) {
        result[i] = static_cast<const float*>(meeting_.values[0])[i];
        for (std::size_t k = 1; k < meeting_.values.size(); ++k)
          result[i] = operation(result[i], static_cast<const float*>(meeting_.values[k])[i]);
      }
    });
    std::memcpy(values, result.data(), 4 * count);
  }

  Meeting& meeting_;
  std::size_t member_;
};

}  // namespace rankine::nn::test
