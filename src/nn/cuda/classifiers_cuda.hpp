// SPDX-License-Identifier: Apache-2.0
// The layers of classifiers on a GPU, as those of the CPU in nn/classifier_parts.hpp. T: how numbers are
// stored (float or Bf16) between layers; the first layer reads float.
#pragma once

#include <memory>

#include "nn/classifier_parts.hpp"
#include "nn/cuda/device_cuda.hpp"

namespace rankine::nn::cuda {

template <class T>
std::unique_ptr<Layer> make_convolution_of(CudaDevice& device, const ConvolutionShape& shape);
template <class T>
std::unique_ptr<Layer> make_dense_of(CudaDevice& device, const DenseShape& shape, double dropout);
template <class T>
std::unique_ptr<Layer> make_head_of(CudaDevice& device, const DenseShape& shape);

}  // namespace rankine::nn::cuda
