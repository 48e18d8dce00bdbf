// SPDX-License-Identifier: Apache-2.0
// Layers of classifiers on the CPU. `unit` is a layer's one unit in its model.
#pragma once

#include <memory>
#include <string>

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
  long rows() const { return height - kernel + 1; }
  long columns() const { return width - kernel + 1; }
  long positions() const { return rows() * columns(); }
  long patch() const { return kernel * kernel * channels; }
  long image() const { return height * width * channels; }
  long pooled() const { return (rows() / 2) * (columns() / 2) * outputs; }
};

Unit convolution_unit(std::string name, std::size_t channels, std::size_t outputs, std::size_t kernel);
std::unique_ptr<Layer> make_convolution(const ConvolutionShape& shape);

}  // namespace rankine::nn
