// SPDX-License-Identifier: Apache-2.0
// Gang::nccl() over NVIDIA's NCCL: the id is made by gang rank 0 and broadcast over the gang's communicator.
#include <rankine/gang.hpp>

#include <cuda_runtime_api.h>
#include <nccl.h>

namespace rankine {

namespace {

void check_nccl(ncclResult_t code, const char* call) {
  if (code == ncclSuccess) return;
  throw SystemError(std::string("rankine: ") + call + " failed: " + ncclGetErrorString(code));
}

void check_device() {
  int devices = 0;
  const cudaError_t code = cudaGetDeviceCount(&devices);
  if (code == cudaSuccess && devices > 0) return;
  throw SystemError(std::string("rankine: gang.nccl(): this rank sees no CUDA device (cudaGetDeviceCount: ") +
                    cudaGetErrorString(code) + "). Remedy: ask for {.per_rank = {.gpus = 1}}");
}

/// A communicator that is left by an exception may have operations under way that never end: abort ends them.
void end(ncclComm* comm) {
  if (std::uncaught_exceptions() > 0) {
    ncclCommAbort(comm);
  } else {
    ncclCommDestroy(comm);
  }
}

}  // namespace

ncclComm* Gang::nccl() {
  if (nccl_) return nccl_.get();
  check_device();
  ncclUniqueId id;
  if (rank() == 0) check_nccl(ncclGetUniqueId(&id), "ncclGetUniqueId");
  if (MPI_Bcast(&id, sizeof id, MPI_BYTE, 0, comm()) != MPI_SUCCESS)
    throw SystemError("rankine: MPI_Bcast of NCCL's id failed");
  ncclComm_t made = nullptr;
  check_nccl(ncclCommInitRank(&made, size(), id, rank()), "ncclCommInitRank");
  nccl_ = std::shared_ptr<ncclComm>(made, end);
  return nccl_.get();
}

}  // namespace rankine
