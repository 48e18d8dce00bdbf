// SPDX-License-Identifier: Apache-2.0
// What the layers of a GPT on a GPU have in common: sizes of this member's parts, and the group's sums.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>

#include <rankine/nn/cuda.hpp>

#include "nn/cuda/check_cuda.hpp"
#include "nn/cuda/device_cuda.hpp"
#include "nn/cuda/kernels_cuda.hpp"
#include "nn/cuda/layer_cuda.hpp"

namespace rankine::nn::cuda {

struct GptOnCuda {
  GptConfig config;
  TensorGroup& group;
  CudaDevice& device;

  std::size_t members() const { return group.size(); }
  std::size_t width() const { return config.width; }
  std::size_t part() const {
    return config.width / members();
  }  ///< of the width: that of this member's heads
  std::size_t heads() const { return config.heads / members(); }
  bool by_rows() const { return config.sequence_parallel && members() > 1; }
  std::size_t rows(std::size_t examples) const { return examples * config.context; }
  /// Rows of the stream that this member has, and the first of them.
  std::size_t stream_rows(std::size_t examples) const {
    return by_rows() ? rows(examples) / members() : rows(examples);
  }
  std::size_t first_row(std::size_t examples) const {
    return by_rows() ? stream_rows(examples) * group.member() : 0;
  }
  Heads shape(std::size_t examples) const {
    return {examples, config.context, heads(), config.width / config.heads};
  }

  cudaStream_t stream(const Pass& pass) const {
    device.use();
    return static_cast<cudaStream_t>(pass.stream);
  }
  Dropout dropout(const Pass& pass, std::uint64_t place) const {
    return pass.training && config.dropout > 0 ? Dropout(pass.key, place, config.dropout) : Dropout();
  }
  DropPlan drop(const Pass& pass, std::uint64_t place) const {
    return {dropout(pass, place), first_row(pass.examples)};
  }

  /// The stream's rows of all members: `mine` itself, or gathered into `room`.
  template <class T>
  const T* gather(const Pass& pass, const T* mine, T* room) const {
    if (!by_rows()) return mine;
    group.all_gather(mine, room, rows(pass.examples) * width(), kScalarOf<T>, pass);
    return room;
  }
  /// Sums what each member has of all rows [rows][width]; where it returns are this member's rows of it.
  template <class T>
  T* reduce(const Pass& pass, T* sums, T* room) const {
    if (members() == 1) return sums;
    const std::size_t count = rows(pass.examples) * width();
    if (!by_rows()) {
      group.all_reduce(sums, count, kScalarOf<T>, pass);
      return sums;
    }
    group.reduce_scatter(sums, room, count, kScalarOf<T>, pass);
    return room;
  }
  /// d times dropout, in `room` where there is any.
  template <class T>
  const T* dropped(const Pass& pass, const T* d, T* room, std::uint64_t place) const {
    const DropPlan plan = drop(pass, place);
    if (plan.dropout.threshold == 0) return d;
    const T* nothing = nullptr;
    Elementwise<T>::add_residual(stream(pass), nothing, d, room, stream_rows(pass.examples), width(), plan);
    return room;
  }

  /// product [m][n] (+)= left right, all without gaps between rows.
  template <class T, class Result>
  void multiply(const Pass& pass, std::size_t m, std::size_t n, std::size_t k, const T* left,
                bool left_transposed, const T* right, bool right_transposed, Result* product,
                bool add = false) const {
    cuda::multiply(device, stream(pass), m, n, k, left, left_transposed, right, right_transposed, product,
                   add);
  }
};

/// Gradients of tensors that all members have, from the rows of one: summed over the group before they are
/// added. Where each member has all rows nothing is summed.
class Replicated {
 public:
  Replicated(const GptOnCuda& gpt, const Pass& pass, float* room, std::size_t count)
      : gpt_(gpt), pass_(pass), room_(room) {
    if (gpt.by_rows()) {
      const cudaStream_t stream = gpt.stream(pass);
      check(cudaMemsetAsync(room, 0, count * sizeof(float), stream), "cudaMemsetAsync");
    }
  }
  /// Where to add the gradient that belongs to `into`; null stays null.
  float* place(float* into, std::size_t count) {
    if (into == nullptr || !gpt_.by_rows()) return into;
    float* at = room_ + used_;
    parts_[filled_++] = {into, at, count};
    used_ += count;
    return at;
  }
  void finish() {
    if (filled_ == 0) return;
    gpt_.group.all_reduce(room_, used_, Scalar::f32, pass_);
    for (std::size_t k = 0; k < filled_; ++k)
      add(gpt_.stream(pass_), parts_[k].into, parts_[k].from, parts_[k].count);
  }

 private:
  struct Part {
    float* into;
    const float* from;
    std::size_t count;
  };
  const GptOnCuda& gpt_;
  const Pass& pass_;
  float* room_;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
  Part parts_[4] = {};
};

template <class T>
std::unique_ptr<Layer> make_block(const GptOnCuda& gpt, const std::vector<Unit>& units, std::size_t layer);

/// Place of a tensor in its unit's buffer as this member has it; kNone: there is none of that name.
constexpr std::size_t kNone = static_cast<std::size_t>(-1);
inline std::size_t place_of(const Unit& unit, std::string_view name, std::size_t members) {
  std::size_t at = 0;
  for (const Tensor& tensor : unit.tensors) {
    if (tensor.name == name) return at;
    at += tensor.split < 0 ? tensor.size() : tensor.size() / members;
  }
  return kNone;
}
template <class T>
T* at(T* buffer, std::size_t place) {
  return place == kNone ? nullptr : buffer + place;
}

}  // namespace rankine::nn::cuda
