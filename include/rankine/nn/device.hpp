// SPDX-License-Identifier: Apache-2.0
// Where a model lives, and the few loops over flat buffers that training needs besides its layers. On the
// host, or a CUDA device (cuda.hpp) whose calls are queued on one stream.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <rankine/nn/layer.hpp>

namespace rankine::nn {

/// Loshchilov and Hutter 2019 (AdamW), with bias correction, as PyTorch does it.
struct AdamW {
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0.1;
};

class Device {
 public:
  virtual ~Device() = default;

  /// Zeroed, aligned to 64 bytes or more; freed with the pointer. Throws Error naming the size if memory is
  /// short.
  virtual std::shared_ptr<void> allocate(std::size_t bytes) = 0;
  virtual void upload(void* to, const void* from_host, std::size_t bytes) = 0;
  virtual void download(void* to_host, const void* from, std::size_t bytes) = 0;  ///< waits
  virtual void zero(void* values, std::size_t bytes) = 0;
  virtual void copy(void* to, const void* from, std::size_t bytes) = 0;
  /// into[i] += from[i]
  virtual void add(float* into, const float* from, std::size_t count) = 0;
  virtual void multiply(float* values, double factor, std::size_t count) = 0;
  /// Of each block of `block` values (the last may be shorter) the sum of squares, in double, in a fixed
  /// order: host_sums[ceil(count / block)]. Waits.
  virtual void sums_of_squares(const float* values, std::size_t count, std::size_t block,
                               double* host_sums) = 0;
  /// Step number `step` (from 1) on a piece: master, moments and gradient [count], of which the values of
  /// `decayed` (count bytes, 0 or 1, on the device) decay; the gradient is multiplied by `clip` first. Also
  /// writes the working copy in `scalar` (may be the master itself if f32).
  virtual void adamw(const AdamW& how, double rate, std::size_t step, double clip, float* master,
                     float* first, float* second, const float* gradient, const unsigned char* decayed,
                     std::size_t count, Scalar scalar, void* working) = 0;
  /// working[i] = master[i], rounded to nearest even.
  virtual void convert(void* working, Scalar scalar, const float* master, std::size_t count) = 0;
  virtual void synchronise() = 0;
  virtual void* stream() const { return nullptr; }  ///< cudaStream_t on a GPU
  virtual bool host() const = 0;                    ///< its memory may be read and written by the CPU
};

/// Which level of the processor the host's loops are compiled for: "v4", "v3" or "baseline", or what the
/// environment's RANKINE_NN_LEVEL asks for. Levels differ in the last bits of their results.
std::string host_level();
/// Throws InputError naming two ranks that differ, by the levels of all ranks in their order.
void check_levels(std::span<const std::string> levels);

/// The host, with threads that it shares with the layers.
std::unique_ptr<Device> make_host_device(Threads& threads);

}  // namespace rankine::nn
