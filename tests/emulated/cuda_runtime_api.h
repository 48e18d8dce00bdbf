// SPDX-License-Identifier: Apache-2.0
// As much of CUDA's runtime as src/nn/cuda and src/train/nccl use, on the host: memory is the host's, calls
// are done when they return, but for receives of NCCL, which end where another stream waits for theirs. Found
// before the real header where kernels are compiled for tests on machines without a GPU.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidDevice = 101,
  cudaErrorNotReady = 600
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaDataType_t { CUDA_R_32F, CUDA_R_16BF };

struct EmulatedStream {
  std::vector<std::function<void()>> pending;  ///< each waits for the end of one call
  void finish() {
    for (const auto& end : std::exchange(pending, {})) end();
  }
};
struct EmulatedEvent {
  EmulatedStream* stream = nullptr;
};
using cudaStream_t = EmulatedStream*;
using cudaEvent_t = EmulatedEvent*;

namespace emulated {
/// What is queued never ends, as far as who asks can see.
inline bool stuck = false;
}  // namespace emulated

constexpr unsigned cudaEventDisableTiming = 2;
constexpr unsigned cudaStreamNonBlocking = 1;

inline const char* cudaGetErrorString(cudaError_t) {
  return "an error of the emulation";
}
inline cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
inline cudaError_t cudaSetDevice(int index) {
  return index == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new EmulatedStream;
  return cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream != nullptr) stream->finish();
  return cudaSuccess;
}
inline cudaError_t cudaStreamQuery(cudaStream_t stream) {
  if (emulated::stuck) return cudaErrorNotReady;
  if (stream != nullptr) stream->finish();
  return cudaSuccess;
}
inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new EmulatedEvent;
  return cudaSuccess;
}
inline cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->stream = stream;
  return cudaSuccess;
}
inline cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
inline cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t event, unsigned) {
  if (event->stream != nullptr) event->stream->finish();
  return cudaSuccess;
}
inline cudaError_t cudaMalloc(void** values, std::size_t bytes) {
  *values = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (*values == nullptr) return cudaErrorMemoryAllocation;
  std::memset(*values, 0xff, bytes);  // no number
  return cudaSuccess;
}
inline cudaError_t cudaFree(void* values) {
  std::free(values);
  return cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* values, int value, std::size_t bytes, cudaStream_t) {
  std::memset(values, value, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                                   cudaStream_t) {
  std::memmove(to, from, bytes);
  return cudaSuccess;
}
