// SPDX-License-Identifier: Apache-2.0
// Two small classifiers as chains of layers: a perceptron and a convolutional network (after LeCun et al.
// 1998). Their last layer is softmax with cross-entropy; targets are int32 [examples], -1: none.
#pragma once

#include <cstddef>
#include <vector>

#include <rankine/nn/layer.hpp>

namespace rankine::nn {

struct MlpConfig {
  std::size_t inputs = 784;
  std::vector<std::size_t> hidden = {512, 256};  ///< with ReLU
  std::size_t classes = 10;
  double dropout = 0;  ///< on the output of each hidden layer
};

/// Input: f32 [examples][inputs].
Model make_mlp(const MlpConfig& config);

struct CnnConfig {
  std::size_t height = 28, width = 28, channels = 1;
  /// Output channels of each convolution of `kernel` x `kernel` without padding; each is followed by ReLU and
  /// the largest of each 2 x 2 (rows and columns left over are dropped).
  std::vector<std::size_t> convolutions = {16, 32};
  std::size_t kernel = 5;
  std::vector<std::size_t> hidden = {128};
  std::size_t classes = 10;
  double dropout = 0;  ///< on the output of each hidden dense layer
};

/// Input: f32 [examples][height][width][channels]. Throws InputError if nothing is left of the image.
Model make_cnn(const CnnConfig& config);

}  // namespace rankine::nn
