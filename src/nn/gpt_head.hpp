// SPDX-License-Identifier: Apache-2.0
// The last layer on the CPU: norm, a logit a token by the tied embedding, softmax with cross-entropy. Logits
// are made for a few hundred rows at a time, forward and again backward, so that they never take much memory.
// Members of a tensor-parallel group have the logits of their tokens, or, if the vocabulary cannot be split,
// all.
#pragma once

#include "nn/gpt_parts.hpp"

namespace rankine::nn::gpt_head {

class Head : public Layer {
 public:
  Head(const GptParts& parts, const std::vector<Unit>& units)
      : parts_(parts),
        kernels_(parts.kernels),
        norm_unit_(units.size() - 1),
        weight_(place_in(units.back(), "weight", 1)),
        bias_(place_in(units.back(), "bias", 1)),
        split_(units[0].tensors[0].split == 0 && !parts.alone()) {
    tokens_ = static_cast<long>(parts.config.vocabulary) / (split_ ? parts.members : 1);
    first_token_ = split_ ? tokens_ * static_cast<long>(parts.group.member()) : 0;
  }

  Sizes sizes(std::size_t examples) const override {
    Sizes sizes;
    sizes.input = static_cast<std::size_t>(parts_.stream_rows(examples) * parts_.width()) * 4;
    sizes.output = sizeof(LossSum);
    saved_in(examples, nullptr, &sizes.saved);
    sizes.scratch = scratch_in(examples, nullptr).bytes;
    sizes.flops = 2.0 * static_cast<double>(logit_rows(examples) * parts_.width() * tokens_);
    return sizes;
  }
  std::string name() const override { return "head"; }
  std::vector<std::size_t> units() const override { return {0, norm_unit_}; }

  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void* saved_base) override;
  void backward(const Pass& pass, std::span<const void* const> parameters, const void* input, const void*,
                const void* saved_base, const void*, void* d_input,
                std::span<float* const> gradients) override;

 private:
  struct Saved {
    float *mean, *inverse, *log_sums;
  };
  /// Where gradients go: the units' own, or, where members have different rows, room that is summed first.
  struct Slopes {
    float *wte, *weight, *bias;  ///< bias or null
  };
  struct Scratch {
    float *packed, *normal, *gathered, *logits, *rows, *d_normal, *room, *norm_sums, *replicated;
    std::size_t bytes;
  };

  /// By rows of the stream where each has all tokens; else all rows, each with its tokens.
  bool by_rows() const { return parts_.by_rows() && !split_; }
  long logit_rows(std::size_t examples) const {
    return by_rows() ? parts_.stream_rows(examples) : parts_.rows(examples);
  }
  long first_logit_row(std::size_t examples) const {
    return by_rows() ? parts_.first_stream_row(examples) : 0;
  }
  /// Rows whose logits exist at once: some megabytes of them, and enough to share among threads.
  long chunk(std::size_t examples) const {
    const long fit = std::max(4 * kRowBlock, (4L << 20) / tokens_ / kRowBlock * kRowBlock);
    return std::min(logit_rows(examples), fit);
  }
  Saved saved_in(std::size_t examples, const void* base, std::size_t* bytes = nullptr) const;
  Scratch scratch_in(std::size_t examples, void* base) const;
  void normalise(const Pass& pass, const float* x, std::span<const void* const> parameters,
                 const Saved& saved, const Scratch& scratch) const;
  /// Calls each(row among logit_rows, its logits) for `rows` rows from `start`.
  template <class Each>
  void for_logits(const Pass& pass, const Scratch& scratch, const float* normal, long start, long rows,
                  const Each& each) const {
    for_row_blocks(*pass.threads, rows, [&](long first, long count) {
      kernels_.product({.a = normal + (start + first) * parts_.width(),
                        .a_row = parts_.width(),
                        .b = scratch.packed,
                        .c = scratch.logits + first * tokens_,
                        .c_row = tokens_,
                        .rows = count,
                        .steps = parts_.width(),
                        .columns = tokens_});
      for (long row = first; row < first + count; ++row) each(start + row, scratch.logits + row * tokens_);
    });
  }
  Slopes slopes_in(const Scratch& scratch, std::span<float* const> gradients) const;
  void logits_backward(const Pass& pass, const float* wte, const float* normal, const Saved& saved,
                       const Scratch& scratch, float* d_wte) const;
  void norm_backward(const Pass& pass, const float* x, const float* norm, const Saved& saved,
                     const Scratch& scratch, float* d_x, const Slopes& slopes) const;
  long replicated() const { return parts_.by_rows() ? (2 + (split_ ? 0 : tokens_)) * parts_.width() : 0; }
  void pack(const Pass& pass, const Scratch& scratch, const float* wte) const {
    const Packing packings[] = {{wte, parts_.width(), true, parts_.width(), tokens_, scratch.packed}};
    pack_all(kernels_, *pass.threads, packings);
  }

  GptParts parts_;
  const Kernels& kernels_;
  std::size_t norm_unit_;
  long weight_;
  long bias_;
  bool split_;
  long tokens_ = 0;
  long first_token_ = 0;
};

}  // namespace rankine::nn::gpt_head
