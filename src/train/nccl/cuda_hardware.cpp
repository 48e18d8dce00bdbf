// SPDX-License-Identifier: Apache-2.0
#include <rankine/core/error.hpp>
#include <rankine/nn/cuda.hpp>
#include <rankine/resources.hpp>
#include <rankine/train/gpus.hpp>
#include <rankine/train/nccl_collectives.hpp>

namespace rankine::train {

Hardware cuda_hardware(nn::Scalar scalar) {
  const std::vector<std::int32_t> granted = gpu_ids();
  if (granted.empty())
    throw InputError("train: this rank was granted no GPU. Remedy: TrainerOptions::gpus = 1");
  Hardware hardware;
  hardware.device = nn::make_cuda_device(granted.front());
  nn::Device& device = *hardware.device;
  hardware.collectives = make_nccl_collectives(device);
  hardware.product_rate = [&device, scalar] { return nn::cuda_product_rate(scalar, device); };
  return hardware;
}

}  // namespace rankine::train
