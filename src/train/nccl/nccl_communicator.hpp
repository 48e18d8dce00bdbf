// SPDX-License-Identifier: Apache-2.0
// What NCCL and CUDA hand out, given back by whom it belongs to; and NCCL's errors, named.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <rankine/core/error.hpp>

#include "nn/cuda/check_cuda.hpp"

namespace rankine::train {

inline void check_nccl(ncclResult_t code, const char* call) {
  if (code == ncclSuccess) return;
  throw SystemError(std::string("rankine: ") + call + " failed: " + ncclGetErrorString(code));
}

/// A communicator with a stream on which all its operations are queued, in order.
class NcclLane {
 public:
  NcclLane(const ncclUniqueId& id, int member, int members) {
    nn::cuda::check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check_nccl(ncclCommInitRank(&comm_, members, id, member), "ncclCommInitRank");
  }
  ~NcclLane() {
    // Left by an exception, operations may be under way that never end: abort ends them.
    if (std::uncaught_exceptions() > 0) {
      abort();
    } else if (comm_ != nullptr) {
      cudaStreamSynchronize(stream_);
      ncclCommDestroy(comm_);
    }
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
  }
  NcclLane(const NcclLane&) = delete;
  NcclLane& operator=(const NcclLane&) = delete;

  /// Ends what is queued; nothing more can be.
  void abort() noexcept {
    if (comm_ != nullptr) ncclCommAbort(std::exchange(comm_, nullptr));
  }
  ncclComm_t comm() const { return comm_; }
  cudaStream_t stream() const { return stream_; }

 private:
  ncclComm_t comm_ = nullptr;
  cudaStream_t stream_ = nullptr;
};

/// A point in a stream.
class StreamEvent {
 public:
  explicit StreamEvent(cudaStream_t stream) {
    nn::cuda::check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    nn::cuda::check(cudaEventRecord(event_, stream), "cudaEventRecord");
  }
  StreamEvent(StreamEvent&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  StreamEvent& operator=(StreamEvent&& other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }
  ~StreamEvent() {
    if (event_ != nullptr) cudaEventDestroy(event_);  // those who wait for it still do
  }
  /// What is queued on `stream` from now on comes after it.
  void before(cudaStream_t stream) const {
    nn::cuda::check(cudaStreamWaitEvent(stream, event_, 0), "cudaStreamWaitEvent");
  }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace rankine::train
