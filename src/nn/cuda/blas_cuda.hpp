// SPDX-License-Identifier: Apache-2.0
// Matrix products by cuBLAS, said row by row.
#pragma once

#include <cstddef>
#include <memory>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <rankine/nn/layer.hpp>

namespace rankine::nn::cuda {

/// A factor as it lies in memory, row by row, `row_step` numbers from row to row; `batch_step` from one
/// product of a batch to the next.
struct Factor {
  const void* values;
  std::size_t row_step;
  bool transposed = false;
  std::size_t batch_step = 0;
};

struct Product {
  void* values;
  std::size_t row_step;
  Scalar scalar;  ///< f32, or what the factors are
  std::size_t batch_step = 0;
  bool add = false;  ///< to what is there
};

class Blas {
 public:
  Blas();
  ~Blas();
  Blas(const Blas&) = delete;
  Blas& operator=(const Blas&) = delete;

  /// product [m][n] (+)= left [m][k] right [k][n], sums in f32; a transposed factor lies as [k][m] or [n][k].
  /// The same bits on the same kind of GPU: no atomics, memory for split sums of its own.
  void multiply(cudaStream_t stream, Scalar scalar, std::size_t m, std::size_t n, std::size_t k,
                const Factor& left, const Factor& right, const Product& product, std::size_t batches = 1);

 private:
  cublasHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
};

}  // namespace rankine::nn::cuda
