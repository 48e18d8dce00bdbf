// SPDX-License-Identifier: Apache-2.0
// Models on NVIDIA GPUs: cuBLAS for matrix products, kernels of our own for the rest. In a build without CUDA
// there are no devices, and making one says so.
#pragma once

#include <memory>

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

}  // namespace rankine::nn
