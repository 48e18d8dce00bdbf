// SPDX-License-Identifier: Apache-2.0
// Convolution as a product: the patches of an image are rows of a matrix. Groups of images, each with its own
// sum of the gradient, are shared among threads; their sums are added in order.
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "nn/arrays.hpp"
#include "nn/classifier_parts.hpp"
#include "nn/patches.hpp"

namespace rankine::nn {

Unit convolution_unit(std::string name, std::size_t channels, std::size_t outputs, std::size_t kernel) {
  const double deviation = std::sqrt(2.0 / static_cast<double>(kernel * kernel * channels));
  return {std::move(name),
          {{.name = "weight", .shape = {outputs, kernel, kernel, channels}, .deviation = deviation},
           {.name = "bias", .shape = {outputs}, .decay = false}}};
}

namespace {

constexpr long kImages = 4;  // of a group

class Convolution : public Layer {
 public:
  explicit Convolution(const ConvolutionShape& shape) : shape_(shape), kernels_(kernels()) {}

  Sizes sizes(std::size_t examples) const override {
    const auto images = static_cast<double>(examples);
    return {.input = 4 * examples * static_cast<std::size_t>(shape_.image()),
            .output = 4 * examples * static_cast<std::size_t>(shape_.pooled()),
            .saved = examples * static_cast<std::size_t>(shape_.pooled()),
            .scratch = 4 * static_cast<std::size_t>(packed() + groups(examples) * room()),
            .flops = 2 * images * static_cast<double>(shape_.positions() * shape_.patch() * shape_.outputs)};
  }
  std::string name() const override { return fmt::format("convolution {}", shape_.unit); }
  std::vector<std::size_t> units() const override { return {shape_.unit}; }

  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void* saved) override {
    const auto* const w = static_cast<const float*>(parameters[0]);
    auto* const scratch = static_cast<float*>(pass.scratch);
    const Packing packings[] = {{w, shape_.patch(), true, shape_.patch(), shape_.outputs, scratch}};
    pack_all(kernels_, *pass.threads, packings);
    for_images(pass, [&](long image, long, float* own) {
      const Room at = room_of(own);
      unfold(shape_, static_cast<const float*>(input) + image * shape_.image(), at.patches);
      multiply_patches(scratch, w + shape_.outputs * shape_.patch(), at);
      pool(shape_, at.sums, static_cast<float*>(output) + image * shape_.pooled(),
           static_cast<std::uint8_t*>(saved) + image * shape_.pooled());
    });
  }

  void backward(const Pass& pass, std::span<const void* const> parameters, const void* input, const void*,
                const void* saved, const void* d_output, void* d_input,
                std::span<float* const> gradients) override {
    const auto* const w = static_cast<const float*>(parameters[0]);
    for_images(pass, [&](long image, long within, float* own) {
      const Room at = room_of(own);
      if (within == 0) std::memset(at.gradient, 0, static_cast<std::size_t>(parameters_size()) * 4);
      unfold(shape_, static_cast<const float*>(input) + image * shape_.image(), at.patches);
      unpool(shape_, static_cast<const float*>(d_output) + image * shape_.pooled(),
             static_cast<const std::uint8_t*>(saved) + image * shape_.pooled(), at.sums);
      add_gradients(at);
      if (d_input == nullptr) return;
      multiply_slopes(w, at);
      fold(shape_, at.patches, static_cast<float*>(d_input) + image * shape_.image());
    });
    for (long group = 0; group < groups(pass.examples); ++group)
      kernels_.add(gradients[0], room_of(group_room(pass, group)).gradient, parameters_size());
  }

 private:
  struct Room {
    float *patches, *sums, *gradient;
  };
  /// at.sums [positions][outputs] = at.patches w^T + bias; w packed.
  void multiply_patches(const float* packed_weights, const float* bias, const Room& at) const {
    for (long p = 0; p < shape_.positions(); ++p)
      std::memcpy(at.sums + p * shape_.outputs, bias, static_cast<std::size_t>(shape_.outputs) * 4);
    kernels_.product({.a = at.patches,
                      .a_row = shape_.patch(),
                      .b = packed_weights,
                      .c = at.sums,
                      .c_row = shape_.outputs,
                      .rows = shape_.positions(),
                      .steps = shape_.patch(),
                      .columns = shape_.outputs,
                      .add = true});
  }
  /// Adds to at.gradient that of weights and biases by the slopes at.sums.
  void add_gradients(const Room& at) const {
    kernels_.product({.a = at.sums,
                      .a_row = 1,
                      .a_step = shape_.outputs,
                      .b = at.patches,
                      .b_row = shape_.patch(),
                      .c = at.gradient,
                      .c_row = shape_.patch(),
                      .rows = shape_.outputs,
                      .steps = shape_.positions(),
                      .columns = shape_.patch(),
                      .add = true});
    add_rows(kernels_, at.sums, shape_.positions(), shape_.outputs,
             at.gradient + shape_.outputs * shape_.patch());
  }
  /// at.patches = the slopes of patches by those of sums.
  void multiply_slopes(const float* w, const Room& at) const {
    kernels_.product({.a = at.sums,
                      .a_row = shape_.outputs,
                      .b = w,
                      .b_row = shape_.patch(),
                      .c = at.patches,
                      .c_row = shape_.patch(),
                      .rows = shape_.positions(),
                      .steps = shape_.outputs,
                      .columns = shape_.patch()});
  }
  long packed() const { return packed_size(shape_.patch(), shape_.outputs); }
  long parameters_size() const { return shape_.outputs * (shape_.patch() + 1); }
  static long rounded(long floats) { return (floats + 15) / 16 * 16; }
  long room() const {
    return rounded(shape_.positions() * shape_.patch()) + rounded(shape_.positions() * shape_.outputs) +
           rounded(parameters_size());
  }
  Room room_of(float* own) const {
    float* const sums = own + rounded(shape_.positions() * shape_.patch());
    return {own, sums, sums + rounded(shape_.positions() * shape_.outputs)};
  }
  static long groups(std::size_t examples) { return (static_cast<long>(examples) + kImages - 1) / kImages; }
  float* group_room(const Pass& pass, long group) const {
    return static_cast<float*>(pass.scratch) + packed() + group * room();
  }

  /// each(image, its number in its group, the group's room)
  template <class Each>
  void for_images(const Pass& pass, const Each& each) const {
    const auto images = static_cast<long>(pass.examples);
    pass.threads->for_each(static_cast<std::size_t>(groups(pass.examples)), [&](std::size_t group) {
      const long first = static_cast<long>(group) * kImages;
      for (long image = first; image < std::min(first + kImages, images); ++image)
        each(image, image - first, group_room(pass, static_cast<long>(group)));
    });
  }

  ConvolutionShape shape_;
  const Kernels& kernels_;
};

}  // namespace

std::unique_ptr<Layer> make_convolution(const ConvolutionShape& shape) {
  return std::make_unique<Convolution>(shape);
}

}  // namespace rankine::nn
