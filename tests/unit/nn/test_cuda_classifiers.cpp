// SPDX-License-Identifier: Apache-2.0
// Classifiers on a CUDA device against the CPU's: a GPU, or the emulation, as test_cuda.cpp.
#include <algorithm>

#include <rankine/core/error.hpp>
#include <rankine/nn/cuda.hpp>

#include "catch.hpp"
#include "cuda_run.hpp"
#include "image_batch.hpp"
#include "nn/bf16.hpp"
#include "nn/cuda/device_cuda.hpp"

namespace nn = rankine::nn;
using nn::test::Batch;
using nn::test::Buffers;
using nn::test::device_here;
using nn::test::kSmallImage;
using nn::test::random_images;
using nn::test::small_cnn;

namespace {

nn::MlpConfig small_mlp(double dropout) {
  return {.inputs = 11, .hidden = {300, 8}, .classes = 5, .dropout = dropout};
}

/// To what bf16 holds: what is left to differ is what the layers do.
Buffers rounded(Buffers values, nn::Scalar scalar) {
  for (auto& array : values)
    for (float& value : array)
      if (scalar == nn::Scalar::bf16) value = nn::widen(nn::narrow<nn::Bf16>(value));
  return values;
}

void check_mlp(double dropout, nn::Scalar scalar, double tolerance) {
  nn::Model on_cpu = nn::make_mlp(small_mlp(dropout));
  const auto device = nn::make_cuda_device(0);
  nn::Model on_gpu = nn::make_cuda_mlp(small_mlp(dropout), scalar, *device);
  nn::test::check_same(on_cpu, *device, on_gpu, rounded(nn::test::lively(on_cpu), scalar),
                       random_images(70, 11, 5), tolerance);
}

void check_cnn(double dropout, nn::Scalar scalar, double tolerance, std::size_t images,
               std::size_t images_at_once) {
  nn::Model on_cpu = nn::make_cnn(small_cnn(dropout));
  const auto device = nn::make_cuda_device(0);
  const std::size_t patches = 11 * 13 * 3 * 3 * 2;  // numbers of one image in the first convolution
  nn::cuda::as_cuda(*device).patches_at_once = images_at_once * patches;
  nn::Model on_gpu = nn::make_cuda_cnn(small_cnn(dropout), scalar, *device);
  nn::test::check_same(on_cpu, *device, on_gpu, rounded(nn::test::lively(on_cpu), scalar),
                       random_images(images, kSmallImage, 4), tolerance);
}

}  // namespace

TEST_CASE("a perceptron on a CUDA device has the CPU's loss and gradients") {
  if (!device_here()) return;
  check_mlp(0, nn::Scalar::f32, 2e-5);
  check_mlp(0.25, nn::Scalar::f32, 2e-5);
}

TEST_CASE("a perceptron in bf16 is near the CPU's") {
  if (!device_here()) return;
  check_mlp(0.25, nn::Scalar::bf16, 5e-2);
}

TEST_CASE("a convolutional network on a CUDA device has the CPU's loss and gradients") {
  if (!device_here()) return;
  check_cnn(0, nn::Scalar::f32, 2e-5, 7, 100);
  check_cnn(0.25, nn::Scalar::f32, 2e-5, 7, 3);  // 3 images, 3, and 1
  check_cnn(0, nn::Scalar::f32, 2e-5, 7, 1);     // the second convolution: 4 images and 3
}

TEST_CASE("what is 0 before ReLU has no slope on a CUDA device either") {
  if (!device_here()) return;
  nn::CnnConfig config = small_cnn();
  config.hidden = {};  // whose ReLU would stop the slopes first
  nn::Model on_cpu = nn::make_cnn(config);
  const auto device = nn::make_cuda_device(0);
  nn::Model on_gpu = nn::make_cuda_cnn(config, nn::Scalar::f32, *device);
  Batch batch = random_images(4, kSmallImage, 4);
  std::fill_n(batch.input.begin(), 2 * kSmallImage * sizeof(float), std::byte{});  // two are blank
  nn::test::check_same(on_cpu, *device, on_gpu, nn::test::first_values(on_cpu, 1), batch, 2e-5);
}

TEST_CASE("a convolutional network in bf16 is near the CPU's") {
  if (!device_here()) return;
  check_cnn(0.25, nn::Scalar::bf16, 5e-2, 40, 17);  // of a few, what rounding puts across ReLU's kink shows
}

TEST_CASE("classifiers on a CUDA device have the CPU's units and input, and name a target that is no class") {
  if (!device_here()) return;
  const auto device = nn::make_cuda_device(0);
  const nn::Model on_cpu = nn::make_cnn(small_cnn());
  nn::Model model = nn::make_cuda_cnn(small_cnn(), nn::Scalar::bf16, *device);
  CHECK(model.scalar == nn::Scalar::bf16);
  CHECK(nn::test::first_values(model, 7) == nn::test::first_values(on_cpu, 7));
  CHECK(model.layers[0]->sizes(4).input == on_cpu.layers[0]->sizes(4).input);
  const nn::Model dense = nn::make_cuda_mlp(small_mlp(0), nn::Scalar::bf16, *device);
  CHECK(dense.layers[0]->sizes(4).input == 4 * 11 * sizeof(float));
  Batch batch = random_images(4, kSmallImage, 4);
  batch.targets[1] = 4;
  CHECK_THROWS_AS(nn::test::run_on(*device, model, nn::test::lively(model), batch, 1, 0),
                  rankine::InputError);
  nn::Threads threads;
  const auto host = nn::make_host_device(threads);
  CHECK_THROWS_AS(nn::make_cuda_mlp({}, nn::Scalar::f32, *host), rankine::InputError);
}
