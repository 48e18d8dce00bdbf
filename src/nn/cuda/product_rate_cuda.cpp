// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <rankine/core/clock.hpp>
#include <rankine/nn/cuda.hpp>

#include "nn/cuda/device_cuda.hpp"

namespace rankine::nn {

namespace {

constexpr std::size_t kSideMax = 8192;
constexpr double kEnoughSeconds = 2e-3;  ///< far above the time to queue a call

/// The shortest of a few.
double seconds_of_product(cuda::CudaDevice& device, Scalar scalar, std::size_t side) {
  const auto memory = [&] { return device.allocate(side * side * bytes_of(scalar)); };
  const auto left = memory(), right = memory(), product = memory();
  double least = 1e9;
  for (int repetition = 0; repetition < 4; ++repetition) {
    const Time begin = now();
    device.blas().multiply(static_cast<cudaStream_t>(device.stream()), scalar, side, side, side,
                           {left.get(), side}, {right.get(), side}, {product.get(), side, scalar});
    device.synchronise();
    least = std::min(least, seconds_since(begin));
  }
  return least;
}

}  // namespace

double cuda_product_rate(Scalar scalar, Device& device) {
  cuda::CudaDevice& cuda = cuda::as_cuda(device);
  for (std::size_t side = 64;; side *= 2) {
    const double seconds = seconds_of_product(cuda, scalar, side);
    if (seconds < kEnoughSeconds && side < kSideMax) continue;
    const auto n = static_cast<double>(side);
    return 2 * n * n * n / seconds;
  }
}

}  // namespace rankine::nn
