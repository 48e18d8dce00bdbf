// SPDX-License-Identifier: Apache-2.0
// Collectives of GPUs over NVIDIA's NCCL. Sums are made as everywhere, ((0 + 1) + (2 + 3)) + ..., by kernels
// of our own: NCCL moves parts to who adds them, since the order of its own sums depends on what it finds
// between the GPUs. Each number travels as often as in NCCL's ring.
#pragma once

#include <rankine/nn/device.hpp>
#include <rankine/train/collectives.hpp>

namespace rankine::train {

/// For Mesh: groups whose members each have a device of make_cuda_device; `device` outlives them. A group's
/// communicator is made by an id that its member 0 hands out over MPI; messages between two members have
/// communicators of their own for each direction and channel, those that Link::messages speaks of made at
/// once, others when both have come to the first message. Throws InputError built
/// without CUDA, or for another device.
MakeCollectives make_nccl_collectives(nn::Device& device);

}  // namespace rankine::train
