// SPDX-License-Identifier: Apache-2.0
// Classifiers on a GPU: the CPU's chains with layers of a device.
#include "nn/cuda/classifiers_cuda.hpp"

#include <rankine/nn/cuda.hpp>

#include "nn/bf16.hpp"

namespace rankine::nn {

namespace {

template <class T>
LayerMakers makers_of(cuda::CudaDevice& device) {
  return {[&device](const ConvolutionShape& shape) { return cuda::make_convolution_of<T>(device, shape); },
          [&device](const DenseShape& shape, double dropout) {
            return cuda::make_dense_of<T>(device, shape, dropout);
          },
          [&device](const DenseShape& shape) { return cuda::make_head_of<T>(device, shape); }};
}

LayerMakers makers(Scalar scalar, Device& device) {
  cuda::CudaDevice& cuda = cuda::as_cuda(device);
  return scalar == Scalar::f32 ? makers_of<float>(cuda) : makers_of<Bf16>(cuda);
}

}  // namespace

Model make_cuda_mlp(const MlpConfig& config, Scalar scalar, Device& device) {
  Model model = mlp_of(config, makers(scalar, device));
  model.scalar = scalar;
  return model;
}

Model make_cuda_cnn(const CnnConfig& config, Scalar scalar, Device& device) {
  Model model = cnn_of(config, makers(scalar, device));
  model.scalar = scalar;
  return model;
}

}  // namespace rankine::nn
