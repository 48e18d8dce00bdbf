// SPDX-License-Identifier: Apache-2.0
// Of a build without CUDA.
#include <rankine/core/error.hpp>
#include <rankine/train/nccl_collectives.hpp>

namespace rankine::train {

MakeCollectives make_nccl_collectives(nn::Device&) {
  throw InputError(
      "train: built without NCCL. Remedy: build with -DRANKINE_CUDA=ON where nvcc, cuBLAS and NCCL are, or "
      "train "
      "on CPUs");
}

}  // namespace rankine::train
