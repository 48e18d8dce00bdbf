// SPDX-License-Identifier: Apache-2.0
// What all layers on a GPU share: how buffers are cut, and products of matrices without gaps between rows.
#pragma once

#include <cstddef>

#include <rankine/nn/layer.hpp>

#include "nn/cuda/device_cuda.hpp"

namespace rankine::nn::cuda {

/// Hands out consecutive arrays of a buffer, each aligned to 256 bytes; of no buffer it measures.
class Carving {
 public:
  explicit Carving(void* base = nullptr) : base_(static_cast<std::byte*>(base)) {}
  template <class T>
  T* take(std::size_t count) {
    const std::size_t at = bytes_;
    bytes_ += (count * sizeof(T) + 255) / 256 * 256;
    return base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + at);
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* base_;
  std::size_t bytes_ = 0;
};

template <class T>
constexpr Scalar kScalarOf = sizeof(T) == 4 ? Scalar::f32 : Scalar::bf16;

/// product [m][n] (+)= left [m][k] right [k][n]; a transposed factor lies as [k][m] or [n][k].
template <class T, class Result>
void multiply(CudaDevice& device, cudaStream_t stream, std::size_t m, std::size_t n, std::size_t k,
              const T* left, bool left_transposed, const T* right, bool right_transposed, Result* product,
              bool add = false) {
  device.blas().multiply(stream, kScalarOf<T>, m, n, k, {left, left_transposed ? m : k, left_transposed},
                         {right, right_transposed ? k : n, right_transposed},
                         {product, n, kScalarOf<Result>, 0, add});
}

}  // namespace rankine::nn::cuda
