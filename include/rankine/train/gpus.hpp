// SPDX-License-Identifier: Apache-2.0
// Training on GPUs: a Job of the Trainer says `return train::cuda_hardware(scalar);` in hardware(), makes its
// model by make_cuda_gpt and the like, and is run with TrainerOptions::gpus = 1. Link rankine::train_nccl.
#pragma once

#include <rankine/nn/layer.hpp>
#include <rankine/train/hardware.hpp>

namespace rankine::train {

/// The first GPU that the running task was granted, sums over NCCL. `scalar`: what matrix products are in.
/// Throws InputError without a grant, and in a build without CUDA.
Hardware cuda_hardware(nn::Scalar scalar);

}  // namespace rankine::train
