// SPDX-License-Identifier: Apache-2.0
// Models and loops on a CUDA device against the CPU's. Built twice: for a GPU, and with src/nn/cuda compiled
// for the host (emulated/).
#include <cmath>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/nn/cuda.hpp>

#include "catch.hpp"
#include "cuda_run.hpp"
#include "gpt_batch.hpp"
#include "model_run.hpp"
#include "nn/bf16.hpp"
#include "nn/cuda/arithmetic.hpp"

namespace nn = rankine::nn;
using nn::test::Batch;
using nn::test::Buffers;
using nn::test::device_here;
using nn::test::Outcome;

namespace {

void check_against_cpu(const nn::GptConfig& config, nn::Scalar scalar, double tolerance) {
  nn::TensorGroup alone;
  nn::Model on_cpu = nn::make_gpt(config, alone);
  const Buffers parameters = nn::test::lively(on_cpu);
  const Batch batch = nn::test::random_tokens(config, 3);
  const auto device = nn::make_cuda_device(0);
  nn::Model on_gpu = nn::make_cuda_gpt(config, scalar, alone, *device);
  nn::test::check_same(on_cpu, *device, on_gpu, parameters, batch, tolerance);
}

nn::GptConfig small(bool bias, double dropout) {
  return {.layers = 2,
          .heads = 4,
          .width = 32,
          .context = 12,
          .vocabulary = 37,
          .bias = bias,
          .dropout = dropout};
}

}  // namespace

TEST_CASE("a GPT on a CUDA device has the CPU's loss and gradients") {
  if (!device_here()) return;
  check_against_cpu(small(false, 0), nn::Scalar::f32, 2e-5);
  check_against_cpu(small(true, 0.25), nn::Scalar::f32, 2e-5);
}

TEST_CASE("a GPT in bf16 is near the CPU's") {
  if (!device_here()) return;
  check_against_cpu(small(true, 0.25), nn::Scalar::bf16, 5e-2);
}

TEST_CASE("rows wider than a block of threads, and more rows than that, are the CPU's") {
  if (!device_here()) return;
  check_against_cpu({.layers = 1, .heads = 3, .width = 264, .context = 3, .vocabulary = 300}, nn::Scalar::f32,
                    1e-4);
  check_against_cpu({.layers = 1, .heads = 1, .width = 8, .context = 90, .vocabulary = 9}, nn::Scalar::f32,
                    1e-4);
}

TEST_CASE("the same passes on a CUDA device give the same bits") {
  if (!device_here()) return;
  nn::GptConfig config = small(true, 0.25);
  config.layers = 1;
  nn::TensorGroup alone;
  const auto device = nn::make_cuda_device(0);
  nn::Model model = nn::make_cuda_gpt(config, nn::Scalar::f32, alone, *device);
  const Buffers parameters = nn::test::lively(model);
  const Batch batch = nn::test::random_tokens(config, 3);
  const Outcome once = nn::test::run_on(*device, model, parameters, batch, 1, 9);
  const Outcome again = nn::test::run_on(*device, model, parameters, batch, 1, 9);
  CHECK(once.loss.loss == again.loss.loss);
  CHECK(once.gradients == again.gradients);
}

TEST_CASE("loops over flat buffers on a CUDA device do what the host's do") {
  if (!device_here()) return;
  constexpr std::size_t count = 1000;
  nn::Threads one;
  const auto host = nn::make_host_device(one);
  const auto gpu = nn::make_cuda_device(0);
  CHECK(!gpu->host());
  rankine::Philox random(4, 4);
  std::vector<float> values[4];
  for (auto& array : values)
    for (std::size_t k = 0; k < count; ++k) array.push_back(static_cast<float>(std::abs(random.normal())));
  std::vector<unsigned char> decayed(count);
  for (std::size_t k = 0; k < count; ++k) decayed[k] = k % 3 == 0;
  std::vector<float> results[2];
  std::vector<double> sums[2];
  std::vector<std::uint16_t> narrow[2];
  nn::Device* const devices[] = {host.get(), gpu.get()};
  for (int d = 0; d < 2; ++d) {
    nn::Device& device = *devices[d];
    std::shared_ptr<void> at[4];
    for (int k = 0; k < 4; ++k) {
      at[k] = device.allocate(count * 4);
      device.upload(at[k].get(), values[k].data(), count * 4);
    }
    const auto flags = device.allocate(count), working = device.allocate(count * 2);
    device.upload(flags.get(), decayed.data(), count);
    const auto f = [&](int k) { return static_cast<float*>(at[k].get()); };
    for (std::size_t step = 1; step <= 3; ++step)
      device.adamw({}, 0.01, step, 0.5, f(0), f(1), f(2), f(3),
                   static_cast<const unsigned char*>(flags.get()), count, nn::Scalar::bf16, working.get());
    device.add(f(1), f(3), count - 1);
    device.multiply(f(2), 3, count);
    sums[d].resize(4);
    device.sums_of_squares(f(0), count, 300, sums[d].data());
    for (int k = 0; k < 3; ++k) {
      results[d].resize((static_cast<std::size_t>(k) + 1) * count);
      device.download(results[d].data() + static_cast<std::size_t>(k) * count, at[k].get(), count * 4);
    }
    narrow[d].resize(count);
    device.download(narrow[d].data(), working.get(), count * 2);
  }
  CHECK(nn::test::difference(results[1], results[0]) < 1e-6);
  for (int k = 0; k < 4; ++k) CHECK(sums[1][k] == Approx(sums[0][k]).epsilon(1e-6));
  std::size_t other = 0;
  for (std::size_t k = 0; k < count; ++k)
    other += std::abs(static_cast<int>(narrow[0][k]) - static_cast<int>(narrow[1][k])) > 1 ? 1 : 0;
  CHECK(other == 0);
}

TEST_CASE("a device that is not there is named") {
  CHECK_THROWS_AS(nn::make_cuda_device(99), rankine::InputError);
}

TEST_CASE("bf16 rounds to nearest even, and keeps what is no number") {
  using nn::narrow;
  using nn::widen;
  CHECK(widen(narrow<nn::Bf16>(1.0F)) == 1.0F);
  CHECK(narrow<nn::Bf16>(std::bit_cast<float>(0x3f808000u)).bits == 0x3f80);  // a tie, to even
  CHECK(narrow<nn::Bf16>(std::bit_cast<float>(0x3f818000u)).bits == 0x3f82);
  CHECK(narrow<nn::Bf16>(std::bit_cast<float>(0x3f808001u)).bits == 0x3f81);
  CHECK(std::isnan(widen(narrow<nn::Bf16>(std::bit_cast<float>(0x7f800001u)))));
  CHECK(std::isinf(widen(narrow<nn::Bf16>(3.4e38F))));
}

TEST_CASE("sums over members are a binary tree, for any number of members") {
  const auto tree = [](std::size_t count) {
    // Words, not sums: which pairs are joined. Each join is coded as a number of its own.
    return nn::cuda::tree_of(
        count, [](std::size_t k) { return static_cast<float>(k + 1); },
        [](float a, float b) { return 10 * a + b; });
  };
  CHECK(tree(1) == 1);
  CHECK(tree(2) == 12);                                  // 0 1
  CHECK(tree(3) == 10 * 12 + 3);                         // (0 1) 2
  CHECK(tree(4) == 10 * 12 + (10 * 3 + 4));              // (0 1) (2 3)
  CHECK(tree(7) == 10 * 154 + (10 * (10 * 5 + 6) + 7));  // ((0 1) (2 3)) ((4 5) 6)
  CHECK(tree(8) == 10 * 154 + (10 * 56 + (10 * 7 + 8)));
}
