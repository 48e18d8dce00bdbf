// SPDX-License-Identifier: Apache-2.0
// Convolution as a product: the patches of an image are rows of a matrix. Groups of images, each with its own
// sum of the gradient, are shared among threads; their sums are added in order.
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "nn/arrays.hpp"
#include "nn/classifier_parts.hpp"

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
      unfold(static_cast<const float*>(input) + image * shape_.image(), at.patches);
      for (long p = 0; p < shape_.positions(); ++p) {
        std::memcpy(at.sums + p * shape_.outputs, w + shape_.outputs * shape_.patch(),
                    static_cast<std::size_t>(shape_.outputs) * 4);
      }
      kernels_.product({.a = at.patches,
                        .a_row = shape_.patch(),
                        .b = scratch,
                        .c = at.sums,
                        .c_row = shape_.outputs,
                        .rows = shape_.positions(),
                        .steps = shape_.patch(),
                        .columns = shape_.outputs,
                        .add = true});
      pool(at.sums, static_cast<float*>(output) + image * shape_.pooled(),
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
      unfold(static_cast<const float*>(input) + image * shape_.image(), at.patches);
      unpool(static_cast<const float*>(d_output) + image * shape_.pooled(),
             static_cast<const std::uint8_t*>(saved) + image * shape_.pooled(), at.sums);
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
      if (d_input == nullptr) return;
      kernels_.product({.a = at.sums,
                        .a_row = shape_.outputs,
                        .b = w,
                        .b_row = shape_.patch(),
                        .c = at.patches,
                        .c_row = shape_.patch(),
                        .rows = shape_.positions(),
                        .steps = shape_.outputs,
                        .columns = shape_.patch()});
      fold(at.patches, static_cast<float*>(d_input) + image * shape_.image());
    });
    for (long group = 0; group < groups(pass.examples); ++group)
      kernels_.add(gradients[0], room_of(group_room(pass, group)).gradient, parameters_size());
  }

 private:
  struct Room {
    float *patches, *sums, *gradient;
  };
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

  /// Calls visit(place in the patches, place in the image, how many) for all runs of a patch's rows.
  template <class Visit>
  void for_runs(const Visit& visit) const {
    const long run = shape_.kernel * shape_.channels;
    long place = 0;
    for (long y = 0; y < shape_.rows(); ++y) {
      for (long x = 0; x < shape_.columns(); ++x) {
        for (long k = 0; k < shape_.kernel; ++k, place += run)
          visit(place, ((y + k) * shape_.width + x) * shape_.channels, run);
      }
    }
  }
  void unfold(const float* image, float* patches) const {
    for_runs([&](long place, long at, long run) {
      for (long k = 0; k < run; ++k) patches[place + k] = image[at + k];
    });
  }
  void fold(const float* patches, float* image) const {
    std::memset(image, 0, static_cast<std::size_t>(shape_.image()) * 4);
    for_runs([&](long place, long at, long run) {
      for (long k = 0; k < run; ++k) image[at + k] += patches[place + k];
    });
  }
  long position(long y, long x, int corner) const {
    return ((2 * y + corner / 2) * shape_.columns() + 2 * x + corner % 2) * shape_.outputs;
  }
  /// The largest of four, if it is above 0, and which it was.
  void pool(const float* sums, float* out, std::uint8_t* which) const {
    for (long y = 0; y < shape_.rows() / 2; ++y) {
      for (long x = 0; x < shape_.columns() / 2; ++x, out += shape_.outputs, which += shape_.outputs) {
        for (long c = 0; c < shape_.outputs; ++c) {
          out[c] = 0;
          which[c] = kNoCorner;
        }
        for (int corner = 0; corner < 4; ++corner) {
          const float* const values = sums + position(y, x, corner);
          for (long c = 0; c < shape_.outputs; ++c) {
            const bool larger = values[c] > out[c];
            out[c] = larger ? values[c] : out[c];
            which[c] = larger ? static_cast<std::uint8_t>(corner) : which[c];
          }
        }
      }
    }
  }
  void unpool(const float* d, const std::uint8_t* which, float* d_sums) const {
    std::memset(d_sums, 0, static_cast<std::size_t>(shape_.positions() * shape_.outputs) * 4);
    for (long y = 0; y < shape_.rows() / 2; ++y) {
      for (long x = 0; x < shape_.columns() / 2; ++x, d += shape_.outputs, which += shape_.outputs) {
        for (long c = 0; c < shape_.outputs; ++c) {
          if (which[c] != kNoCorner) d_sums[position(y, x, which[c]) + c] = d[c];
        }
      }
    }
  }

  ConvolutionShape shape_;
  const Kernels& kernels_;
};

}  // namespace

std::unique_ptr<Layer> make_convolution(const ConvolutionShape& shape) {
  return std::make_unique<Convolution>(shape);
}

}  // namespace rankine::nn
