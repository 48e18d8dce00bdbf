// SPDX-License-Identifier: Apache-2.0
#include "nn/cuda/device_cuda.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

#include <rankine/core/clock.hpp>
#include <rankine/nn/cuda.hpp>

#include "nn/cuda/check_cuda.hpp"
#include "nn/cuda/kernels_cuda.hpp"
#include "nn/cuda/state_cuda.hpp"

namespace rankine::nn {

namespace cuda {

CudaDevice::CudaDevice(int index) : index_(index) {
  const int devices = cuda_devices();
  if (index < 0 || index >= devices)
    throw InputError("rankine: there is no CUDA device " + std::to_string(index) + " here, of " +
                     std::to_string(devices) + ". Remedy: ask for a GPU, or train on the CPU");
  use();
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  blas_ = std::make_unique<Blas>();
}

CudaDevice::~CudaDevice() {
  cudaSetDevice(index_);
  if (stream_ != nullptr) {
    cudaStreamSynchronize(stream_);
    blas_.reset();
    cudaStreamDestroy(stream_);
  }
}

void CudaDevice::use() const {
  check(cudaSetDevice(index_), "cudaSetDevice(" + std::to_string(index_) + ")");
}

std::shared_ptr<void> CudaDevice::allocate(std::size_t bytes) {
  use();
  void* values = nullptr;
  const std::size_t size = bytes == 0 ? 1 : bytes;
  check(cudaMalloc(&values, size), "cudaMalloc(" + std::to_string(size) + " bytes)");
  std::shared_ptr<void> owner(values, [index = index_](void* memory) {
    cudaSetDevice(index);
    cudaFree(memory);  // waits for what is queued
  });
  check(cudaMemsetAsync(values, 0, size, stream_), "cudaMemsetAsync");
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");  // other streams may use it at once
  return owner;
}

void CudaDevice::upload(void* to, const void* from_host, std::size_t bytes) {
  if (bytes == 0) return;
  use();
  check(cudaMemcpyAsync(to, from_host, bytes, cudaMemcpyHostToDevice, stream_),
        "cudaMemcpyAsync to the device");
}

void CudaDevice::download(void* to_host, const void* from, std::size_t bytes) {
  use();
  if (bytes > 0)
    check(cudaMemcpyAsync(to_host, from, bytes, cudaMemcpyDeviceToHost, stream_),
          "cudaMemcpyAsync to the host");
  wait_for_stream();
}

void CudaDevice::zero(void* values, std::size_t bytes) {
  if (bytes == 0) return;
  use();
  check(cudaMemsetAsync(values, 0, bytes, stream_), "cudaMemsetAsync");
}

void CudaDevice::copy(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  use();
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_), "cudaMemcpyAsync on the device");
}

void CudaDevice::add(float* into, const float* from, std::size_t count) {
  if (count == 0) return;
  use();
  cuda::add(stream_, into, from, count);
}

void CudaDevice::multiply(float* values, double factor, std::size_t count) {
  if (count == 0) return;
  use();
  cuda::multiply(stream_, values, static_cast<float>(factor), count);
}

void CudaDevice::sums_of_squares(const float* values, std::size_t count, std::size_t block,
                                 double* host_sums) {
  if (count == 0) return;
  use();
  const std::size_t bytes = pieces_of(count, block) * sizeof(double);
  if (bytes > sums_bytes_) {
    sums_ = allocate(bytes);
    sums_bytes_ = bytes;
  }
  cuda::sum_squares(stream_, values, count, block, static_cast<double*>(sums_.get()));
  download(host_sums, sums_.get(), bytes);
}

void CudaDevice::adamw(const AdamW& how, double rate, std::size_t step, double clip, float* master,
                       float* first, float* second, const float* gradient, const unsigned char* decayed,
                       std::size_t count, Scalar scalar, void* working) {
  if (count == 0) return;
  use();
  const auto power = static_cast<double>(step);
  const AdamWStep all{.beta1 = static_cast<float>(how.beta1),
                      .beta2 = static_cast<float>(how.beta2),
                      .epsilon = static_cast<float>(how.epsilon),
                      .clip = static_cast<float>(clip),
                      .rate = static_cast<float>(rate / (1 - std::pow(how.beta1, power))),
                      .inverse_root = static_cast<float>(1 / std::sqrt(1 - std::pow(how.beta2, power))),
                      .shrink = static_cast<float>(1 - rate * how.weight_decay)};
  if (scalar == Scalar::f32)
    State<float>::adamw(stream_, all, master, first, second, gradient, decayed, count,
                        static_cast<float*>(working));
  else
    State<Bf16>::adamw(stream_, all, master, first, second, gradient, decayed, count,
                       static_cast<Bf16*>(working));
}

void CudaDevice::convert(void* working, Scalar scalar, const float* master, std::size_t count) {
  if (count == 0) return;
  use();
  if (scalar == Scalar::f32)
    State<float>::convert(stream_, static_cast<float*>(working), master, count);
  else
    State<Bf16>::convert(stream_, static_cast<Bf16*>(working), master, count);
}

void CudaDevice::synchronise() {
  use();
  wait_for_stream();
}

void CudaDevice::wait_for_stream() const {
  if (watches_.empty()) return check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
  constexpr Nanoseconds kBetweenAsking = kMillisecond;
  for (Time asked = now();; std::this_thread::yield()) {
    const cudaError_t code = cudaStreamQuery(stream_);
    if (code != cudaErrorNotReady) return check(code, "cudaStreamQuery");
    if (now() - asked < kBetweenAsking) continue;
    ask_watches();
    asked = now();
  }
}

/// All of them end what they queued before one throws: memory is freed when the stream is empty only.
void CudaDevice::ask_watches() const {
  const auto broken = std::ranges::find_if(watches_, [](Watch* one) { return one->broken(); });
  if (broken == watches_.end()) return;
  for (Watch* one : watches_) one->abort();
  (*broken)->tell();
}

CudaDevice& as_cuda(Device& device) {
  auto* found = dynamic_cast<CudaDevice*>(&device);
  if (found == nullptr) throw InputError("rankine: a model of a GPU needs a device of make_cuda_device");
  return *found;
}

}  // namespace cuda

int cuda_devices() {
  int count = 0;
  const cudaError_t code = cudaGetDeviceCount(&count);
  return code == cudaSuccess ? count : 0;  // no driver, or no device
}

std::unique_ptr<Device> make_cuda_device(int index) {
  return std::make_unique<cuda::CudaDevice>(index);
}

}  // namespace rankine::nn
