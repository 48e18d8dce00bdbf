// SPDX-License-Identifier: Apache-2.0
// What classifiers are made of, and their layers on the CPU. `unit` is a layer's one unit in its model, and
// the layer's place in the chain: 0 is the first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <rankine/nn/classifiers.hpp>
#include <rankine/nn/layer.hpp>

namespace rankine::nn {

/// y = x w^T + bias, w [outputs][inputs].
struct DenseShape {
  std::size_t unit = 0;
  long inputs = 0;
  long outputs = 0;
};

Unit dense_unit(std::string name, std::size_t inputs, std::size_t outputs);
/// With ReLU and dropout; the layer's unit is the place of its dropout.
std::unique_ptr<Layer> make_dense(const DenseShape& shape, double dropout);
/// With softmax and cross-entropy.
std::unique_ptr<Layer> make_classifier_head(const DenseShape& shape);

/// Valid convolution with a bias, ReLU, then the largest of each 2 x 2. Images are [height][width][channels],
/// weights [outputs][kernel][kernel][channels].
struct ConvolutionShape {
  std::size_t unit = 0;
  long height = 0;
  long width = 0;
  long channels = 0;
  long outputs = 0;
  long kernel = 0;
  constexpr long rows() const { return height - kernel + 1; }
  constexpr long columns() const { return width - kernel + 1; }
  constexpr long positions() const { return rows() * columns(); }
  constexpr long patch() const { return kernel * kernel * channels; }
  constexpr long image() const { return height * width * channels; }
  constexpr long pooled() const { return (rows() / 2) * (columns() / 2) * outputs; }
};

Unit convolution_unit(std::string name, std::size_t channels, std::size_t outputs, std::size_t kernel);
std::unique_ptr<Layer> make_convolution(const ConvolutionShape& shape);

/// Which of a 2 x 2, row by row, a pooled number is; kNoCorner: none was above 0, and it is 0.
inline constexpr std::uint8_t kNoCorner = 4;

/// Makes the layers of a classifier where it is to live.
struct LayerMakers {
  std::function<std::unique_ptr<Layer>(const ConvolutionShape&)> convolution;
  std::function<std::unique_ptr<Layer>(const DenseShape&, double dropout)> dense;
  std::function<std::unique_ptr<Layer>(const DenseShape&)> head;
};
Model mlp_of(const MlpConfig& config, const LayerMakers& makers);
Model cnn_of(const CnnConfig& config, const LayerMakers& makers);

}  // namespace rankine::nn
