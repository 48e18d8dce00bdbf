// SPDX-License-Identifier: Apache-2.0
// What a convolution with pooling needs besides its matrix products: patches of images and back, and the
// largest of each 2 x 2 and back. All pointers are on the device. Each thread gathers what it writes: sums
// have one order.
#pragma once

#include <cstddef>
#include <cstdint>

#include <cuda_runtime_api.h>

#include "nn/classifier_parts.hpp"

namespace rankine::nn::cuda {

/// T: how numbers are stored (float or Bf16).
template <class T>
struct Patches {
  /// patches [images][positions][patch] of images [images][height][width][channels], which are T or float.
  template <class Pixel>
  static void unfold(cudaStream_t stream, const Pixel* images, T* patches, std::size_t count,
                     const ConvolutionShape& shape);
  /// d_images = the sums of what belongs to each pixel in d_patches.
  static void fold(cudaStream_t stream, const float* d_patches, T* d_images, std::size_t count,
                   const ConvolutionShape& shape);
  /// output [images][pooled] = the largest of four of sums [images][positions][outputs] + bias [outputs], if
  /// it is above 0, else 0; which [images][pooled]: which corner that is.
  static void pool(cudaStream_t stream, const float* sums, const T* bias, T* output, std::uint8_t* which,
                   std::size_t count, const ConvolutionShape& shape);
  /// d_sums [images][positions][outputs]: d_output at the corners that were largest, 0 elsewhere.
  static void unpool(cudaStream_t stream, const T* d_output, const std::uint8_t* which, T* d_sums,
                     std::size_t count, const ConvolutionShape& shape);
};

}  // namespace rankine::nn::cuda
