// SPDX-License-Identifier: Apache-2.0
// As much of CUDA's runtime as src/nn/cuda uses, on the host: memory is the host's, calls are done when they
// return. Found before the real header where kernels are compiled for tests on machines without a GPU.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>

enum cudaError_t { cudaSuccess = 0, cudaErrorMemoryAllocation = 2, cudaErrorInvalidDevice = 101 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaDataType_t { CUDA_R_32F, CUDA_R_16BF };
using cudaStream_t = struct EmulatedStream*;
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
  *stream = reinterpret_cast<cudaStream_t>(std::malloc(1));
  return cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  std::free(stream);
  return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t) {
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
