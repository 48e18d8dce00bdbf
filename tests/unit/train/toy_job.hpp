// SPDX-License-Identifier: Apache-2.0
// A user's model in a few lines: softmax regression as a chain of one layer.
#pragma once

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <rankine/train/trainer.hpp>

namespace toy {

namespace nn = rankine::nn;
namespace train = rankine::train;

class Regression : public nn::Layer {
 public:
  Regression(std::size_t inputs, std::size_t classes) : inputs_(inputs), classes_(classes) {}

  Sizes sizes(std::size_t examples) const override {
    return {.input = 4 * examples * inputs_,
            .output = sizeof(nn::LossSum),
            .saved = 4 * examples * classes_,
            .scratch = 0,
            .flops = 2.0 * static_cast<double>(examples * inputs_ * classes_)};
  }
  std::string name() const override { return "regression"; }
  std::vector<std::size_t> units() const override { return {0}; }

  /// Keeps the probabilities.
  void forward(const nn::Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void* saved) override {
    const auto* w = static_cast<const float*>(parameters[0]);
    nn::LossSum sum;
    for (std::size_t row = 0; row < pass.examples; ++row) {
      const float* x = static_cast<const float*>(input) + row * inputs_;
      float* p = static_cast<float*>(saved) + row * classes_;
      float total = 0;
      std::size_t best = 0;
      for (std::size_t c = 0; c < classes_; ++c) {
        float logit = 0;
        for (std::size_t k = 0; k < inputs_; ++k) logit += w[c * inputs_ + k] * x[k];
        p[c] = std::exp(logit);
        total += p[c];
        if (p[c] > p[best]) best = c;
      }
      for (std::size_t c = 0; c < classes_; ++c) p[c] /= total;
      if (pass.targets[row] < 0) continue;
      const auto target = static_cast<std::size_t>(pass.targets[row]);
      sum.loss -= std::log(p[target]);
      sum.count += 1;
      sum.right += target == best;
    }
    std::memcpy(output, &sum, sizeof sum);
  }

  void backward(const nn::Pass& pass, std::span<const void* const>, const void* input, const void*,
                const void* saved, const void*, void*, std::span<float* const> gradients) override {
    const float scale = pass.scale / static_cast<float>(pass.examples);
    for (std::size_t row = 0; row < pass.examples; ++row) {
      const float* x = static_cast<const float*>(input) + row * inputs_;
      const float* p = static_cast<const float*>(saved) + row * classes_;
      for (std::size_t c = 0; c < classes_; ++c) {
        const float d = (p[c] - (static_cast<std::size_t>(pass.targets[row]) == c ? 1.0F : 0.0F)) * scale;
        for (std::size_t k = 0; k < inputs_; ++k) gradients[0][c * inputs_ + k] += d * x[k];
      }
    }
  }

 private:
  std::size_t inputs_;
  std::size_t classes_;
};

/// Clouds of points to be told apart.
struct Job {
  int points = 400;
  std::string name = "toy";

  nn::Model model(nn::TensorGroup&, const train::Parallel&) const {
    nn::Model model;
    model.name = "toy";
    model.units = {{"weights", {{.name = "w", .shape = {3, 8}, .deviation = 0.01}}}};
    model.layers.push_back(std::make_unique<Regression>(8, 3));
    return model;
  }
  train::Examples examples(const train::BatchShape& shape) const {
    const nn::Dataset all = nn::generate_dataset(static_cast<std::size_t>(points), 8, 3, 5);
    return train::labelled_examples(nn::split_dataset(all), shape);
  }
  std::string config() const { return name; }
  std::string about() const { return "about " + name; }

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& points& name;
  }
};

}  // namespace toy
