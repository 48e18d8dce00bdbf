// SPDX-License-Identifier: Apache-2.0
// What a member of a training computes with: the CPU, or a GPU that it was granted (gpus.hpp).
#pragma once

#include <functional>
#include <memory>

#include <rankine/nn/device.hpp>
#include <rankine/nn/threads.hpp>
#include <rankine/train/collectives.hpp>

namespace rankine::train {

struct Hardware {
  std::unique_ptr<nn::Device> device;
  MakeCollectives collectives;  ///< of groups whose members each have such a device, which outlives them
  /// Measures what utilisation is counted by: operations a second of a large matrix product.
  std::function<double()> product_rate;
};

/// The CPU with these threads, which outlive it; sums over MPI and shared memory.
Hardware host_hardware(nn::Threads& threads);

}  // namespace rankine::train
