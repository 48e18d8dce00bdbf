// SPDX-License-Identifier: Apache-2.0
#include "nn/cuda/patches_cuda.hpp"

#include "nn/bf16.hpp"
#include "nn/cuda/launch_cuda.hpp"

namespace rankine::nn::cuda {

namespace {

constexpr std::size_t as_size(long number) {
  return static_cast<std::size_t>(number);
}
constexpr std::size_t patch_numbers(const ConvolutionShape& shape) {
  return as_size(shape.positions() * shape.patch());
}

template <class Pixel, class T>
__global__ void unfold_images(const Pixel* images, T* patches, std::size_t count, ConvolutionShape shape) {
  const std::size_t run = as_size(shape.kernel * shape.channels);  // of a patch, without a gap in the image
  for (std::size_t i = place(); i < count; i += stride()) {
    const std::size_t within = i % as_size(shape.patch()), patch = i / as_size(shape.patch());
    const std::size_t position = patch % as_size(shape.positions());
    const std::size_t y = position / as_size(shape.columns()) + within / run;
    const std::size_t x = position % as_size(shape.columns());
    const std::size_t image = patch / as_size(shape.positions()) * as_size(shape.image());
    const std::size_t at = (y * as_size(shape.width) + x) * as_size(shape.channels) + within % run;
    patches[i] = narrow<T>(widen(images[image + at]));
  }
}

template <class T>
__global__ void fold_patches(const float* d_patches, T* d_images, std::size_t count, ConvolutionShape shape) {
  for (std::size_t i = place(); i < count; i += stride()) {
    const long channel = static_cast<long>(i) % shape.channels;
    const long pixel = static_cast<long>(i) / shape.channels % (shape.height * shape.width);
    const long y = pixel / shape.width, x = pixel % shape.width;
    const float* const image = d_patches + i / as_size(shape.image()) * patch_numbers(shape);
    float sum = 0;
    for (long down = shape.kernel - 1; down >= 0; --down) {  // from the first position to the last
      if (y < down || y - down >= shape.rows()) continue;
      for (long right = shape.kernel - 1; right >= 0; --right) {
        if (x < right || x - right >= shape.columns()) continue;
        const long position = (y - down) * shape.columns() + x - right;
        const long within = (down * shape.kernel + right) * shape.channels + channel;
        sum += image[position * shape.patch() + within];
      }
    }
    d_images[i] = narrow<T>(sum);
  }
}

template <class T>
__global__ void pool_sums(const float* sums, const T* bias, T* output, std::uint8_t* which, std::size_t count,
                          ConvolutionShape shape) {
  const std::size_t outputs = as_size(shape.outputs), columns = as_size(shape.columns());
  for (std::size_t i = place(); i < count; i += stride()) {
    const std::size_t c = i % outputs, cell = i % as_size(shape.pooled()) / outputs;
    const std::size_t y = cell / (columns / 2) * 2, x = cell % (columns / 2) * 2;
    const float* const image =
        sums + i / as_size(shape.pooled()) * as_size(shape.positions() * shape.outputs);
    const float shift = widen(bias[c]);
    float most = 0;
    std::uint8_t corner = kNoCorner;
    for (std::uint8_t k = 0; k < 4; ++k) {
      const float value = image[((y + k / 2u) * columns + x + k % 2u) * outputs + c] + shift;
      if (value > most) {
        most = value;
        corner = k;
      }
    }
    output[i] = narrow<T>(most);
    which[i] = corner;
  }
}

template <class T>
__global__ void unpool_slopes(const T* d_output, const std::uint8_t* which, T* d_sums, std::size_t count,
                              ConvolutionShape shape) {
  const std::size_t outputs = as_size(shape.outputs), columns = as_size(shape.columns());
  const std::size_t down = as_size(shape.rows()) / 2, across = columns / 2;
  for (std::size_t i = place(); i < count; i += stride()) {
    const std::size_t c = i % outputs, position = i / outputs % as_size(shape.positions());
    const std::size_t y = position / columns, x = position % columns;
    const std::size_t image = i / outputs / as_size(shape.positions());
    float slope = 0;
    if (y / 2 < down && x / 2 < across) {  // else left over
      const std::size_t cell = ((image * down + y / 2) * across + x / 2) * outputs + c;
      if (which[cell] == y % 2 * 2 + x % 2) slope = widen(d_output[cell]);
    }
    d_sums[i] = narrow<T>(slope);
  }
}

}  // namespace

template <class T>
template <class Pixel>
void Patches<T>::unfold(cudaStream_t stream, const Pixel* images, T* patches, std::size_t count,
                        const ConvolutionShape& shape) {
  const std::size_t numbers = count * patch_numbers(shape);
  launch("unfold_images", unfold_images<Pixel, T>, blocks_for(numbers), stream, images, patches, numbers,
         shape);
}

template <class T>
void Patches<T>::fold(cudaStream_t stream, const float* d_patches, T* d_images, std::size_t count,
                      const ConvolutionShape& shape) {
  const std::size_t numbers = count * as_size(shape.image());
  launch("fold_patches", fold_patches<T>, blocks_for(numbers), stream, d_patches, d_images, numbers, shape);
}

template <class T>
void Patches<T>::pool(cudaStream_t stream, const float* sums, const T* bias, T* output, std::uint8_t* which,
                      std::size_t count, const ConvolutionShape& shape) {
  const std::size_t numbers = count * as_size(shape.pooled());
  launch("pool_sums", pool_sums<T>, blocks_for(numbers), stream, sums, bias, output, which, numbers, shape);
}

template <class T>
void Patches<T>::unpool(cudaStream_t stream, const T* d_output, const std::uint8_t* which, T* d_sums,
                        std::size_t count, const ConvolutionShape& shape) {
  const std::size_t numbers = count * as_size(shape.positions() * shape.outputs);
  launch("unpool_slopes", unpool_slopes<T>, blocks_for(numbers), stream, d_output, which, d_sums, numbers,
         shape);
}

template struct Patches<float>;
template struct Patches<Bf16>;
template void Patches<float>::unfold(cudaStream_t, const float*, float*, std::size_t,
                                     const ConvolutionShape&);
template void Patches<Bf16>::unfold(cudaStream_t, const float*, Bf16*, std::size_t, const ConvolutionShape&);
template void Patches<Bf16>::unfold(cudaStream_t, const Bf16*, Bf16*, std::size_t, const ConvolutionShape&);

}  // namespace rankine::nn::cuda
