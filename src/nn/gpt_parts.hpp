// SPDX-License-Identifier: Apache-2.0
// What the layers of a GPT on the CPU have in common: sizes of this member's parts, and the group's sums.
#pragma once

#include <memory>

#include <rankine/nn/gpt.hpp>

#include "nn/arrays.hpp"
#include "nn/dropout.hpp"

namespace rankine::nn {

struct GptParts {
  GptConfig config;
  TensorGroup& group;
  const Kernels& kernels;

  GptParts(const GptConfig& of, TensorGroup& among)
      : config(of), group(among), kernels(nn::kernels()), members(static_cast<long>(among.size())) {}

  long members;
  long width() const { return static_cast<long>(config.width); }
  long context() const { return static_cast<long>(config.context); }
  long heads() const { return static_cast<long>(config.heads) / members; }
  long head_width() const { return static_cast<long>(config.width / config.heads); }
  long part() const { return width() / members; }  ///< of the width: that of this member's heads
  bool alone() const { return members == 1; }
  bool by_rows() const { return config.sequence_parallel && !alone(); }

  long rows(std::size_t examples) const { return static_cast<long>(examples) * context(); }
  /// Rows of the stream that this member has.
  long stream_rows(std::size_t examples) const {
    return by_rows() ? rows(examples) / members : rows(examples);
  }
  long first_stream_row(std::size_t examples) const {
    return by_rows() ? stream_rows(examples) * static_cast<long>(group.member()) : 0;
  }

  /// The stream's rows of all members: `rows` itself, or gathered into `room`.
  const float* gather(const Pass& pass, const float* rows, float* room) const {
    if (!by_rows()) return rows;
    group.all_gather(rows, room, count(pass), Scalar::f32, pass);
    return room;
  }
  /// Sums what each member has of all rows [rows][width]; the result, this member's rows of the stream, is
  /// where it returns: in `sums` or in `room`.
  float* reduce(const Pass& pass, float* sums, float* room) const {
    if (alone()) return sums;
    if (!by_rows()) {
      group.all_reduce(sums, count(pass), Scalar::f32, pass);
      return sums;
    }
    group.reduce_scatter(sums, room, count(pass), Scalar::f32, pass);
    return room;
  }

  /// to[rows][width] times dropout, for rows of the stream from row `first`.
  void drop(const Dropout& dropout, std::size_t examples, long first, long rows, float* to,
            float* factors) const {
    if (dropout.threshold == 0) return;
    for (long row = first; row < first + rows; ++row) {
      const auto key = dropout.row(static_cast<std::uint64_t>(first_stream_row(examples) + row));
      kernels.dropout_factors(dropout, key, factors, width());
      kernels.multiply(to + (row - first) * width(), factors, width());
    }
  }
  Dropout dropout(const Pass& pass, std::uint64_t place) const {
    return pass.training && config.dropout > 0 ? Dropout(pass.key, place, config.dropout) : Dropout();
  }

 private:
  std::size_t count(const Pass& pass) const {
    return static_cast<std::size_t>(rows(pass.examples) * width());
  }
};

/// Layers; `units` as gpt_units() gives them for the group.
std::unique_ptr<Layer> make_gpt_embedding(const GptParts& parts, const std::vector<Unit>& units);
std::unique_ptr<Layer> make_gpt_block(const GptParts& parts, const std::vector<Unit>& units,
                                      std::size_t layer);
std::unique_ptr<Layer> make_gpt_head(const GptParts& parts, const std::vector<Unit>& units);

}  // namespace rankine::nn
