// SPDX-License-Identifier: Apache-2.0
// As much of cuBLAS as src/nn/cuda uses, by three loops that follow its documentation: matrices lie column by
// column, sums in float.
#pragma once

#include <cuda_runtime_api.h>

#include "nn/bf16.hpp"

enum cublasStatus_t { CUBLAS_STATUS_SUCCESS = 0 };
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };
enum cublasMath_t { CUBLAS_DEFAULT_MATH = 0, CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION = 16 };
enum cublasComputeType_t { CUBLAS_COMPUTE_32F };
enum cublasGemmAlgo_t { CUBLAS_GEMM_DEFAULT };
using cublasHandle_t = struct EmulatedBlas*;

inline const char* cublasGetStatusString(cublasStatus_t) {
  return "an error of the emulation";
}
inline cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  *handle = reinterpret_cast<cublasHandle_t>(std::malloc(1));
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  std::free(handle);
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) {
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasSetStream(cublasHandle_t, cudaStream_t) {
  return CUBLAS_STATUS_SUCCESS;
}
inline cublasStatus_t cublasSetWorkspace(cublasHandle_t, void*, std::size_t) {
  return CUBLAS_STATUS_SUCCESS;
}

namespace emulated {

/// A number of an array of either type.
inline float number_at(const void* values, cudaDataType_t type, long long index) {
  if (type == CUDA_R_32F) return static_cast<const float*>(values)[index];
  return rankine::nn::widen(static_cast<const rankine::nn::Bf16*>(values)[index]);
}
inline void put_number(void* values, cudaDataType_t type, long long index, float value) {
  if (type == CUDA_R_32F)
    static_cast<float*>(values)[index] = value;
  else
    static_cast<rankine::nn::Bf16*>(values)[index] = rankine::nn::narrow<rankine::nn::Bf16>(value);
}

}  // namespace emulated

inline cublasStatus_t cublasGemmStridedBatchedEx(
    cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k, const void* alpha,
    const void* a, cudaDataType_t a_type, int lda, long long a_step, const void* b, cudaDataType_t b_type,
    int ldb, long long b_step, const void* beta, void* c, cudaDataType_t c_type, int ldc, long long c_step,
    int batches, cublasComputeType_t, cublasGemmAlgo_t) {
  const float by = *static_cast<const float*>(alpha), keep = *static_cast<const float*>(beta);
  for (long long batch = 0; batch < batches; ++batch)
    for (long long j = 0; j < n; ++j)
      for (long long i = 0; i < m; ++i) {
        float sum = 0;
        for (long long s = 0; s < k; ++s) {
          const long long at_a = batch * a_step + (op_a == CUBLAS_OP_N ? s * lda + i : i * lda + s);
          const long long at_b = batch * b_step + (op_b == CUBLAS_OP_N ? j * ldb + s : s * ldb + j);
          sum += emulated::number_at(a, a_type, at_a) * emulated::number_at(b, b_type, at_b);
        }
        const long long at = batch * c_step + j * ldc + i;
        const float before = keep == 0 ? 0 : keep * emulated::number_at(c, c_type, at);
        emulated::put_number(c, c_type, at, by * sum + before);
      }
  return CUBLAS_STATUS_SUCCESS;
}
