// SPDX-License-Identifier: Apache-2.0
#include "nn/patches.hpp"

#include <cstring>

namespace rankine::nn {

namespace {

/// Calls visit(place in the patches, place in the image, how many) for all runs of a patch's rows.
template <class Visit>
void for_runs(const ConvolutionShape& shape, const Visit& visit) {
  const long run = shape.kernel * shape.channels;
  long place = 0;
  for (long y = 0; y < shape.rows(); ++y) {
    for (long x = 0; x < shape.columns(); ++x) {
      for (long k = 0; k < shape.kernel; ++k, place += run)
        visit(place, ((y + k) * shape.width + x) * shape.channels, run);
    }
  }
}

/// Where the sums of a corner of the 2 x 2 at (y, x) begin.
long position(const ConvolutionShape& shape, long y, long x, int corner) {
  return ((2 * y + corner / 2) * shape.columns() + 2 * x + corner % 2) * shape.outputs;
}

}  // namespace

void unfold(const ConvolutionShape& shape, const float* image, float* patches) {
  for_runs(shape, [&](long place, long at, long run) {
    for (long k = 0; k < run; ++k) patches[place + k] = image[at + k];
  });
}

void fold(const ConvolutionShape& shape, const float* patches, float* image) {
  std::memset(image, 0, static_cast<std::size_t>(shape.image()) * 4);
  for_runs(shape, [&](long place, long at, long run) {
    for (long k = 0; k < run; ++k) image[at + k] += patches[place + k];
  });
}

void pool(const ConvolutionShape& shape, const float* sums, float* out, std::uint8_t* which) {
  for (long y = 0; y < shape.rows() / 2; ++y) {
    for (long x = 0; x < shape.columns() / 2; ++x, out += shape.outputs, which += shape.outputs) {
      for (long c = 0; c < shape.outputs; ++c) {
        out[c] = 0;
        which[c] = kNoCorner;
      }
      for (int corner = 0; corner < 4; ++corner) {
        const float* const values = sums + position(shape, y, x, corner);
        for (long c = 0; c < shape.outputs; ++c) {
          const bool larger = values[c] > out[c];
          out[c] = larger ? values[c] : out[c];
          which[c] = larger ? static_cast<std::uint8_t>(corner) : which[c];
        }
      }
    }
  }
}

void unpool(const ConvolutionShape& shape, const float* d, const std::uint8_t* which, float* d_sums) {
  std::memset(d_sums, 0, static_cast<std::size_t>(shape.positions() * shape.outputs) * 4);
  for (long y = 0; y < shape.rows() / 2; ++y) {
    for (long x = 0; x < shape.columns() / 2; ++x, d += shape.outputs, which += shape.outputs) {
      for (long c = 0; c < shape.outputs; ++c) {
        if (which[c] != kNoCorner) d_sums[position(shape, y, x, which[c]) + c] = d[c];
      }
    }
  }
}

}  // namespace rankine::nn
