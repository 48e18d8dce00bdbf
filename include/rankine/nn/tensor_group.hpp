// SPDX-License-Identifier: Apache-2.0
// What the members of a tensor-parallel group tell each other inside a layer (Shoeybi et al. 2019,
// Megatron-LM; sequence parallelism: Korthikanti et al. 2022). The train library implements it over MPI and
// NCCL; a model on its own has a group of one.
#pragma once

#include <cstddef>

#include <rankine/nn/layer.hpp>

namespace rankine::nn {

class TensorGroup {
 public:
  virtual ~TensorGroup() = default;
  virtual std::size_t member() const { return 0; }
  virtual std::size_t size() const { return 1; }

  /// Sums over the members, in a fixed order; in place, `count` numbers on the model's device.
  virtual void all_reduce(void* values, std::size_t count, Scalar scalar, const Pass& pass) {
    static_cast<void>(values), static_cast<void>(count), static_cast<void>(scalar), static_cast<void>(pass);
  }
  /// The largest value over the members, in place, of f32 on the model's device.
  virtual void all_reduce_max(float* values, std::size_t count, const Pass& pass) {
    static_cast<void>(values), static_cast<void>(count), static_cast<void>(pass);
  }
  /// `part`: count / size numbers of this member; `whole`: count numbers, member after member. Not called in
  /// a group of one.
  virtual void all_gather(const void* part, void* whole, std::size_t count, Scalar scalar, const Pass& pass) {
    static_cast<void>(part), static_cast<void>(whole), static_cast<void>(count), static_cast<void>(scalar);
    static_cast<void>(pass);
  }
  /// The reverse: sums `whole` over the members and leaves each its part. Not called in a group of one.
  virtual void reduce_scatter(const void* whole, void* part, std::size_t count, Scalar scalar,
                              const Pass& pass) {
    static_cast<void>(part), static_cast<void>(whole), static_cast<void>(count), static_cast<void>(scalar);
    static_cast<void>(pass);
  }
};

}  // namespace rankine::nn
