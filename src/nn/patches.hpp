// SPDX-License-Identifier: Apache-2.0
// What a convolution with pooling needs besides its matrix products, of one image: its patches and back, and
// the largest of each 2 x 2 and back.
#pragma once

#include <cstdint>

#include "nn/classifier_parts.hpp"

namespace rankine::nn {

/// patches [positions][patch] of an image [height][width][channels].
void unfold(const ConvolutionShape& shape, const float* image, float* patches);
/// image = the sums of what belongs to each pixel in patches.
void fold(const ConvolutionShape& shape, const float* patches, float* image);
/// out [pooled] = the largest of four of sums [positions][outputs], if it is above 0, else 0; which [pooled]:
/// which corner that is.
void pool(const ConvolutionShape& shape, const float* sums, float* out, std::uint8_t* which);
/// d_sums [positions][outputs]: d [pooled] at the corners that were largest, 0 elsewhere.
void unpool(const ConvolutionShape& shape, const float* d, const std::uint8_t* which, float* d_sums);

}  // namespace rankine::nn
