// SPDX-License-Identifier: Apache-2.0
// Convolution with ReLU and pooling on a GPU: the patches of some images at a time are rows of a matrix that
// cuBLAS multiplies.
#include <algorithm>

#include "nn/cuda/classifiers_cuda.hpp"
#include "nn/cuda/kernels_cuda.hpp"
#include "nn/cuda/layer_cuda.hpp"
#include "nn/cuda/patches_cuda.hpp"

namespace rankine::nn::cuda {

namespace {

template <class T>
class Convolution : public Layer {
 public:
  Convolution(CudaDevice& device, const ConvolutionShape& shape)
      : device_(device),
        shape_(shape),
        first_(shape.unit == 0),
        image_(static_cast<std::size_t>(shape.image())),
        positions_(static_cast<std::size_t>(shape.positions())),
        patch_(static_cast<std::size_t>(shape.patch())),
        outputs_(static_cast<std::size_t>(shape.outputs)),
        pooled_(static_cast<std::size_t>(shape.pooled())) {}

  Sizes sizes(std::size_t examples) const override {
    return {
        .input = examples * image_ * (first_ ? sizeof(float) : sizeof(T)),
        .output = examples * pooled_ * sizeof(T),
        .saved = examples * pooled_,
        .scratch = scratch_in(examples, nullptr).bytes,
        .flops = 2.0 * static_cast<double>(examples) * static_cast<double>(positions_ * patch_ * outputs_)};
  }
  std::string name() const override { return "convolution " + std::to_string(shape_.unit); }
  std::vector<std::size_t> units() const override { return {shape_.unit}; }

  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void* saved) override {
    device_.use();
    auto* const stream = static_cast<cudaStream_t>(pass.stream);
    const Scratch scratch = scratch_in(pass.examples, pass.scratch);
    const auto* const weights = static_cast<const T*>(parameters[0]);
    for_some(pass, [&](std::size_t first, std::size_t count) {
      unfold(stream, input, first, count, scratch);
      multiply<T>(device_, stream, count * positions_, outputs_, patch_, scratch.patches, false, weights,
                  true, scratch.sums);
      Patches<T>::pool(stream, scratch.sums, weights + outputs_ * patch_,
                       static_cast<T*>(output) + first * pooled_,
                       static_cast<std::uint8_t*>(saved) + first * pooled_, count, shape_);
    });
  }

  void backward(const Pass& pass, std::span<const void* const> parameters, const void* input, const void*,
                const void* saved, const void* d_output, void* d_input,
                std::span<float* const> gradients) override {
    device_.use();
    auto* const stream = static_cast<cudaStream_t>(pass.stream);
    const Scratch scratch = scratch_in(pass.examples, pass.scratch);
    const auto* const weights = static_cast<const T*>(parameters[0]);
    const T* const d_sums = scratch.d_sums;
    for_some(pass, [&](std::size_t first, std::size_t count) {
      const std::size_t rows = count * positions_;
      unfold(stream, input, first, count, scratch);
      Patches<T>::unpool(stream, static_cast<const T*>(d_output) + first * pooled_,
                         static_cast<const std::uint8_t*>(saved) + first * pooled_, scratch.d_sums, count,
                         shape_);
      multiply<T>(device_, stream, outputs_, patch_, rows, d_sums, true, scratch.patches, false, gradients[0],
                  true);
      Norms<T>::add_column_sums(stream, d_sums, gradients[0] + outputs_ * patch_, rows, outputs_,
                                scratch.columns);
      if (d_input == nullptr) return;
      multiply<T>(device_, stream, rows, patch_, outputs_, d_sums, false, weights, false, scratch.d_patches);
      Patches<T>::fold(stream, scratch.d_patches, static_cast<T*>(d_input) + first * image_, count, shape_);
    });
  }

 private:
  struct Scratch {
    T *patches, *d_sums;
    float *sums, *d_patches, *columns;
    std::size_t bytes;
  };
  Scratch scratch_in(std::size_t examples, void* base) const {
    const std::size_t rows = at_once(examples) * positions_;
    Carving carving(base);
    Scratch scratch{};
    scratch.patches = carving.take<T>(rows * patch_);
    scratch.d_sums = carving.take<T>(rows * outputs_);
    scratch.sums = carving.take<float>(rows * outputs_);
    scratch.d_patches = carving.take<float>(first_ ? 0 : rows * patch_);
    scratch.columns = carving.take<float>(scratch_of_columns(rows, outputs_) / sizeof(float));
    scratch.bytes = carving.bytes();
    return scratch;
  }
  std::size_t at_once(std::size_t examples) const {
    return std::clamp<std::size_t>(device_.patches_at_once / (positions_ * patch_), 1,
                                   std::max(examples, std::size_t{1}));
  }
  /// Calls each(first image, how many).
  template <class Each>
  void for_some(const Pass& pass, const Each& each) const {
    const std::size_t step = at_once(pass.examples);
    for (std::size_t first = 0; first < pass.examples; first += step)
      each(first, std::min(step, pass.examples - first));
  }
  void unfold(cudaStream_t stream, const void* input, std::size_t first, std::size_t count,
              const Scratch& scratch) const {
    if (first_)
      Patches<T>::unfold(stream, static_cast<const float*>(input) + first * image_, scratch.patches, count,
                         shape_);
    else
      Patches<T>::unfold(stream, static_cast<const T*>(input) + first * image_, scratch.patches, count,
                         shape_);
  }

  CudaDevice& device_;
  ConvolutionShape shape_;
  bool first_;
  std::size_t image_, positions_, patch_, outputs_, pooled_;
};

}  // namespace

template <class T>
std::unique_ptr<Layer> make_convolution_of(CudaDevice& device, const ConvolutionShape& shape) {
  return std::make_unique<Convolution<T>>(device, shape);
}
template std::unique_ptr<Layer> make_convolution_of<float>(CudaDevice&, const ConvolutionShape&);
template std::unique_ptr<Layer> make_convolution_of<Bf16>(CudaDevice&, const ConvolutionShape&);

}  // namespace rankine::nn::cuda
