// SPDX-License-Identifier: Apache-2.0
// A GPU as nn::Device: one stream, on which all is queued in order.
#pragma once

#include <vector>

#include <cuda_runtime_api.h>

#include <rankine/nn/device.hpp>

#include "nn/cuda/blas_cuda.hpp"

namespace rankine::nn::cuda {

/// Who queues what waits for other processes, on streams that the device's own waits for, and hears when they
/// are gone.
class Watch {
 public:
  virtual ~Watch() = default;
  virtual bool broken() = 0;
  virtual void abort() noexcept = 0;     ///< ends what is queued
  [[noreturn]] virtual void tell() = 0;  ///< throws why
};

class CudaDevice : public Device {
 public:
  explicit CudaDevice(int index);
  ~CudaDevice() override;

  std::shared_ptr<void> allocate(std::size_t bytes) override;
  void upload(void* to, const void* from_host, std::size_t bytes) override;
  void download(void* to_host, const void* from, std::size_t bytes) override;
  void zero(void* values, std::size_t bytes) override;
  void copy(void* to, const void* from, std::size_t bytes) override;
  void add(float* into, const float* from, std::size_t count) override;
  void multiply(float* values, double factor, std::size_t count) override;
  void sums_of_squares(const float* values, std::size_t count, std::size_t block, double* host_sums) override;
  void adamw(const AdamW& how, double rate, std::size_t step, double clip, float* master, float* first,
             float* second, const float* gradient, const unsigned char* decayed, std::size_t count,
             Scalar scalar, void* working) override;
  void convert(void* working, Scalar scalar, const float* master, std::size_t count) override;
  void synchronise() override;
  void* stream() const override { return stream_; }
  bool host() const override { return false; }

  Blas& blas() { return *blas_; }
  int index() const { return index_; }
  /// Makes it the device of this thread's CUDA calls.
  void use() const;
  /// Asked while this device waits, until it is dropped.
  void watch(Watch& one) { watches_.push_back(&one); }
  void drop(const Watch& one) { std::erase(watches_, &one); }

  /// Scores of attention that layers compute at once: 32 MiB in float, about what a cache of level 2 holds.
  std::size_t scores_at_once = std::size_t{8} << 20;
  /// Numbers of images' patches that a convolution multiplies at once.
  std::size_t patches_at_once = std::size_t{8} << 20;

 private:
  void wait_for_stream() const;
  void ask_watches() const;

  int index_;
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<Blas> blas_;
  std::shared_ptr<void> sums_;  ///< of squares, before they go to the host
  std::size_t sums_bytes_ = 0;
  std::vector<Watch*> watches_;
};

/// Throws InputError where `device` was not made by make_cuda_device.
CudaDevice& as_cuda(Device& device);

}  // namespace rankine::nn::cuda
