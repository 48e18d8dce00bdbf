// SPDX-License-Identifier: Apache-2.0
// Models on NVIDIA GPUs: cuBLAS for matrix products, kernels of our own for the rest. In a build without CUDA
// there are no devices, and making one says so.
#pragma once

#include <memory>

#include <rankine/nn/classifiers.hpp>
#include <rankine/nn/device.hpp>
#include <rankine/nn/gpt.hpp>
#include <rankine/nn/layer.hpp>
#include <rankine/nn/tensor_group.hpp>

namespace rankine::nn {

/// Devices that this process sees; 0 without a driver, or built without CUDA.
int cuda_devices();

/// Throws InputError where there is no device `index`, or no CUDA in this build; SystemError naming the call
/// that failed.
std::unique_ptr<Device> make_cuda_device(int index);

/// make_gpt for `device`, which is of make_cuda_device and outlives the model, as `group` does. The same
/// units and the same dropout as on the CPU. Inputs and targets (int32) and all buffers are on the device,
/// between layers in `scalar`; what the last layer puts out is on the host. Sums have an order that depends
/// on the sizes alone: the same kind of GPU gives the same bits.
Model make_cuda_gpt(const GptConfig& config, Scalar scalar, TensorGroup& group, Device& device);

/// make_mlp and make_cnn for `device`, which outlives the model: the same units and the same dropout, buffers
/// and sums as of make_cuda_gpt. The first layer's input is f32 as on the CPU, in bf16 too. A target that is
/// no class throws InputError in the last layer's forward pass.
Model make_cuda_mlp(const MlpConfig& config, Scalar scalar, Device& device);
Model make_cuda_cnn(const CnnConfig& config, Scalar scalar, Device& device);

/// Floating-point operations a second of a product of two square matrices of `scalar`, of the first power of
/// two whose product takes 2 ms, at most 8192 a side; the best of a few.
double cuda_product_rate(Scalar scalar, Device& device);

}  // namespace rankine::nn
