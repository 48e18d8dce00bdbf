// SPDX-License-Identifier: Apache-2.0
// What a build without CUDA says of GPUs.
#include <rankine/core/error.hpp>
#include <rankine/nn/cuda.hpp>
#include <rankine/nn/threads.hpp>

#include "catch.hpp"

namespace nn = rankine::nn;

TEST_CASE("a build without CUDA has no devices, and refuses each model of a GPU with a remedy") {
  const auto refused = [](const auto& make) {
    CHECK_THROWS_AS(make(), rankine::InputError);
    CHECK_THROWS_WITH(make(), Catch::Contains("-DRANKINE_CUDA=ON"));
  };
  nn::Threads threads;
  const auto host = nn::make_host_device(threads);
  nn::TensorGroup alone;
  CHECK(nn::cuda_devices() == 0);
  refused([] { nn::make_cuda_device(0); });
  refused([&] { nn::make_cuda_gpt({}, nn::Scalar::f32, alone, *host); });
  refused([&] { nn::make_cuda_mlp({}, nn::Scalar::f32, *host); });
  refused([&] { nn::make_cuda_cnn({}, nn::Scalar::f32, *host); });
}
