// SPDX-License-Identifier: Apache-2.0
// The one door for what CUDA and cuBLAS answer.
#pragma once

#include <string>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <rankine/core/error.hpp>

namespace rankine::nn::cuda {

/// Throws SystemError naming `call` unless it succeeded. An error of an earlier kernel may show here: calls
/// are queued.
inline void check(cudaError_t code, const std::string& call) {
  if (code == cudaSuccess) return;
  throw SystemError("rankine: " + call + " failed: " + cudaGetErrorString(code) +
                    " (it may come from a kernel queued before)");
}
inline void check(cublasStatus_t code, const std::string& call) {
  if (code == CUBLAS_STATUS_SUCCESS) return;
  throw SystemError("rankine: " + call + " failed: " + cublasGetStatusString(code));
}

}  // namespace rankine::nn::cuda
