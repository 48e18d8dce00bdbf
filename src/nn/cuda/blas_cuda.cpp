// SPDX-License-Identifier: Apache-2.0
#include "nn/cuda/blas_cuda.hpp"

#include <limits>

#include "nn/cuda/check_cuda.hpp"

namespace rankine::nn::cuda {

namespace {

constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;  // what cuBLAS asks for on Hopper

int as_int(std::size_t number) {
  if (number > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw Error("rankine: a matrix of " + std::to_string(number) +
                " rows is too large for cuBLAS. Remedy: fewer examples a shard");
  return static_cast<int>(number);
}

cudaDataType_t type_of(Scalar scalar) {
  return scalar == Scalar::f32 ? CUDA_R_32F : CUDA_R_16BF;
}

}  // namespace

Blas::Blas() {
  check(cublasCreate(&handle_), "cublasCreate");
  check(
      cublasSetMathMode(handle_, static_cast<cublasMath_t>(CUBLAS_DEFAULT_MATH |
                                                           CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION)),
      "cublasSetMathMode");
  check(cudaMalloc(&workspace_, kWorkspaceBytes), "cudaMalloc(32 MiB for cuBLAS)");
}

Blas::~Blas() {
  if (handle_ != nullptr) cublasDestroy(handle_);
  if (workspace_ != nullptr) cudaFree(workspace_);
}

void Blas::multiply(cudaStream_t stream, Scalar scalar, std::size_t m, std::size_t n, std::size_t k,
                    const Factor& left, const Factor& right, const Product& product, std::size_t batches) {
  const float one = 1, beta = product.add ? 1 : 0;
  const auto operation = [](const Factor& factor) { return factor.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  check(cublasSetStream(handle_, stream), "cublasSetStream");  // forgets the workspace
  check(cublasSetWorkspace(handle_, workspace_, kWorkspaceBytes), "cublasSetWorkspace");
  // cuBLAS counts by columns: what lies row by row is to it the transpose, and (A B)^T = B^T A^T.
  check(cublasGemmStridedBatchedEx(handle_, operation(right), operation(left), as_int(n), as_int(m),
                                   as_int(k), &one, right.values, type_of(scalar), as_int(right.row_step),
                                   static_cast<long long>(right.batch_step), left.values, type_of(scalar),
                                   as_int(left.row_step), static_cast<long long>(left.batch_step), &beta,
                                   product.values, type_of(product.scalar), as_int(product.row_step),
                                   static_cast<long long>(product.batch_step), as_int(batches),
                                   CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
        "cublasGemmStridedBatchedEx");
}

}  // namespace rankine::nn::cuda
