// SPDX-License-Identifier: Apache-2.0
// Gang::nccl() of a build without CUDA and NCCL.
#include <rankine/gang.hpp>

namespace rankine {

ncclComm* Gang::nccl() {
  throw Error(
      "rankine: gang.nccl(): built without CUDA and NCCL. Remedy: build with -DRANKINE_CUDA=ON where nvcc "
      "and "
      "nccl.h are");
}

}  // namespace rankine
