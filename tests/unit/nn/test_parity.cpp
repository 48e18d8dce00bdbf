// SPDX-License-Identifier: Apache-2.0
// Losses and gradients of tiny models beside PyTorch's (tools/reference/nn_parity.py).
#include <cmath>

#include <rankine/nn/classifiers.hpp>
#include <rankine/nn/gpt.hpp>

#include "catch.hpp"
#include "model_run.hpp"
#include "torch_numbers.hpp"

namespace nn = rankine::nn;
using nn::test::Batch;

namespace {

/// The script's values: units of a sine, around 1 for a norm's weights.
nn::test::Buffers made(const nn::Model& model) {
  nn::test::Buffers values;
  for (std::size_t u = 0; u < model.units.size(); ++u) {
    std::vector<float> unit;
    for (const nn::Tensor& tensor : model.units[u].tensors) {
      for (std::size_t k = 0; k < tensor.size(); ++k) {
        const double angle = 0.9 * static_cast<double>(unit.size()) + 1.7 * static_cast<double>(u) + 0.2;
        unit.push_back(static_cast<float>(tensor.mean + 0.3 * std::sin(angle)));
      }
    }
    values.push_back(std::move(unit));
  }
  return values;
}

template <class T>
void put(Batch& batch, const std::vector<T>& input) {
  const auto bytes = std::as_bytes(std::span(input));
  batch.input.assign(bytes.begin(), bytes.end());
}

std::vector<std::int32_t> targets(std::size_t count, std::size_t classes) {
  std::vector<std::int32_t> wanted;
  for (std::size_t k = 0; k < count; ++k)
    wanted.push_back(k == 2 ? -1 : static_cast<std::int32_t>((5 * k + 1) % classes));
  return wanted;
}

Batch features(std::size_t examples, std::size_t size, std::size_t classes) {
  Batch batch;
  batch.examples = examples;
  batch.targets = targets(examples, classes);
  std::vector<float> input;
  for (std::size_t k = 0; k < examples * size; ++k)
    input.push_back(static_cast<float>(std::sin(0.37 * static_cast<double>(k) + 0.1)));
  put(batch, input);
  return batch;
}

void check_parity(nn::Model& model, const Batch& batch, const nn::test::TorchNumbers& torch) {
  nn::Threads threads;
  const nn::test::Outcome found = nn::test::run(model, made(model), batch, threads);
  CHECK(found.loss.loss / found.loss.count == Approx(torch.loss).epsilon(1e-6));
  std::size_t number = 0;
  for (std::size_t u = 0; u < model.units.size(); ++u) {
    const float* gradient = found.gradients[u].data();
    for (const nn::Tensor& tensor : model.units[u].tensors) {
      double squares = 0;
      double mixed = 0;
      for (std::size_t k = 0; k < tensor.size(); ++k) {
        const auto value = static_cast<double>(gradient[k]);
        squares += value * value;
        mixed += value * std::cos(1.3 * static_cast<double>(k));
      }
      gradient += tensor.size();
      REQUIRE(number < torch.tensors.size());
      const auto& [length, expected] = torch.tensors[number++];
      INFO(model.units[u].name << " " << tensor.name);
      CHECK(std::sqrt(squares) == Approx(length).epsilon(1e-5));
      CHECK(mixed == Approx(expected).margin(1e-5 * length));
    }
  }
  CHECK(number == torch.tensors.size());
}

}  // namespace

TEST_CASE("a GPT's loss and gradient are PyTorch's") {
  nn::TensorGroup alone;
  nn::Model model = nn::make_gpt(
      {.layers = 2, .heads = 2, .width = 16, .context = 8, .vocabulary = 11, .bias = true}, alone);
  Batch batch;
  batch.examples = 3;
  batch.targets = targets(24, 11);
  std::vector<std::int32_t> tokens;
  for (int k = 0; k < 24; ++k) tokens.push_back((7 * k + 3) % 11);
  put(batch, tokens);
  check_parity(model, batch, nn::test::torch_gpt());
}

TEST_CASE("a perceptron's loss and gradient are PyTorch's") {
  nn::Model model = nn::make_mlp({.inputs = 6, .hidden = {7, 5}, .classes = 4});
  check_parity(model, features(9, 6, 4), nn::test::torch_mlp());
}

TEST_CASE("a convolutional network's loss and gradient are PyTorch's") {
  nn::Model model = nn::make_cnn({.height = 12,
                                  .width = 12,
                                  .channels = 2,
                                  .convolutions = {3, 4},
                                  .kernel = 3,
                                  .hidden = {5},
                                  .classes = 4});
  check_parity(model, features(5, 12 * 12 * 2, 4), nn::test::torch_cnn());
}
