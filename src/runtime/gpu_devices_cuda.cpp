// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <cuda_runtime_api.h>

#include <rankine/core/error.hpp>

#include "runtime/gpu_devices.hpp"

namespace rankine::runtime {

std::optional<std::int32_t> count_gpu_devices() {
  int count = 0;
  const cudaError_t code = cudaGetDeviceCount(&count);
  return code == cudaSuccess ? count : 0;  // no driver or no device: there is none to give
}

void use_gpu_device(std::int32_t device) {
  const cudaError_t code = cudaSetDevice(device);
  if (code == cudaSuccess) return;
  // Granted by an option or a variable on a machine without GPUs, as in tests: whoever uses CUDA is told by
  // it.
  if (code == cudaErrorInsufficientDriver || code == cudaErrorNoDevice) return;
  throw SystemError("rankine: cudaSetDevice(" + std::to_string(device) +
                    ") failed: " + cudaGetErrorString(code));
}

}  // namespace rankine::runtime
