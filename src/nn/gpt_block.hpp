// SPDX-License-Identifier: Apache-2.0
// A transformer block on the CPU: its tensors, what it keeps and works on, and the pieces that its two passes
// (gpt_block.cpp, gpt_block_backward.cpp) are made of.
#pragma once

#include <cstring>
#include <functional>
#include <initializer_list>

#include "nn/gpt_attention.hpp"
#include "nn/gpt_parts.hpp"

namespace rankine::nn::gpt_block {

/// The block's tensors: places in the unit's buffer (-1: none), or pointers into it.
template <class Place>
struct Tensors {
  Place ln_1, ln_1_bias, c_attn, c_attn_bias, c_proj, c_proj_bias, ln_2, ln_2_bias, c_fc, c_fc_bias, mlp_proj,
      mlp_proj_bias;
};

template <class Pointer>
Tensors<Pointer> at(const Tensors<long>& places, Pointer base) {
  const auto of = [&](long place) { return place < 0 ? nullptr : base + place; };
  return {of(places.ln_1),   of(places.ln_1_bias),   of(places.c_attn),   of(places.c_attn_bias),
          of(places.c_proj), of(places.c_proj_bias), of(places.ln_2),     of(places.ln_2_bias),
          of(places.c_fc),   of(places.c_fc_bias),   of(places.mlp_proj), of(places.mlp_proj_bias)};
}

/// Kept from forward to backward.
struct Saved {
  float *mean_1, *inverse_1, *qkv, *log_sums, *attended, *middle, *mean_2, *inverse_2, *hidden;
};

class Block : public Layer {
 public:
  Block(const GptParts& parts, const Unit& unit, std::size_t layer);

  Sizes sizes(std::size_t examples) const override;
  std::string name() const override;
  std::vector<std::size_t> units() const override { return {2 + layer_}; }
  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void* saved) override;
  void backward(const Pass& pass, std::span<const void* const> parameters, const void* input,
                const void* output, const void* saved, const void* d_output, void* d_input,
                std::span<float* const> gradients) override;

 private:
  struct Scratch {
    float *c_attn, *c_proj, *c_fc, *mlp_proj;            // packed
    float *normal, *gathered, *activated, *sums, *room;  // rows; `normal` of the first norm, going back
    float *normal_2, *gathered_2;                        // of the second, going back
    float *d_hidden, *d_attended, *d_qkv, *d_stream, *d_sent, *d_gathered;
    float *d_sent_2, *d_gathered_2;  // into the perceptron's join
    float *norm_sums, *bias_sums, *replicated, *factors, *heads;
    std::size_t bytes;
  };
  /// All that a backward pass works on.
  struct Way {
    Tensors<const float*> weights;
    Tensors<float*> slopes;
    Saved saved;
    Scratch scratch;
    // What goes back through the joins (1: after attention, 2: at the end): of the stream, of all rows.
    const float *sent_1, *sent_2, *all_sent_1, *all_sent_2;
    const float *normal_1, *normal_2;  // the norms' results of all rows
  };
  Saved saved_in(std::size_t examples, const void* base, std::size_t* bytes = nullptr) const;
  Scratch scratch_in(std::size_t examples, void* base) const;

  /// Heads of a piece, which share its room: those of a sequence if there are sequences enough.
  long heads_together(std::size_t examples) const { return examples >= 8 ? parts_.heads() : 1; }
  AttentionHead head(const Pass& pass, const Saved& saved, long number, float* room) const;
  template <class Each>
  void for_heads(const Pass& pass, const Saved& saved, const Scratch& scratch, const Each& each) const;
  void attend(const Pass& pass, const Saved& saved, const Scratch& scratch) const;
  void attend_backward(const Pass& pass, const Saved& saved, const Scratch& scratch) const;
  void perceptron_backward(const Pass& pass, Way& way, const float* d_out) const;
  void heads_backward(const Pass& pass, Way& way, const float* x, float* d_x) const;
  void add_gradients(const Pass& pass, const Way& way) const;

  /// Work on blocks of rows, and what is exchanged with the group before it begins.
  struct Stage {
    long rows;
    std::function<void()> exchange;  ///< or none
    std::function<void(long first, long rows)> work;
  };
  /// One loop for all of them where a member is alone, so that rows stay near; else one loop each.
  void run(Threads& threads, std::initializer_list<Stage> stages) const;

  /// y[rows][outputs] = x[rows][inputs] w^T + bias for a block of rows; w packed.
  void dense(const float* x, long inputs, const float* packed, const float* bias, float* y, long outputs,
             long first, long rows) const {
    if (bias != nullptr) {
      for (long row = first; row < first + rows; ++row)
        std::memcpy(y + row * outputs, bias, static_cast<std::size_t>(outputs) * 4);
    }
    kernels_.product({.a = x + first * inputs,
                      .a_row = inputs,
                      .b = packed,
                      .c = y + first * outputs,
                      .c_row = outputs,
                      .rows = rows,
                      .steps = inputs,
                      .columns = outputs,
                      .add = bias != nullptr});
  }
  void normalise(const float* x, const float* weight, const float* bias, float* y, float* mean,
                 float* inverse, long first, long rows) const {
    norm_rows(kernels_,
              {.width = parts_.width(),
               .x = x,
               .weight = weight,
               .bias = bias,
               .y = y,
               .mean = mean,
               .inverse = inverse},
              first, rows);
  }
  /// into = stream + dropout(added + bias), for a block of the stream's rows.
  void join(const Pass& pass, const Scratch& scratch, std::uint64_t site, const float* stream, float* added,
            const float* bias, float* into, long first, long rows) const {
    const long width = parts_.width();
    for (long row = first; bias != nullptr && row < first + rows; ++row)
      kernels_.add(added + row * width, bias, width);
    parts_.drop(dropout(pass, site), pass.examples, first, rows, added + first * width,
                scratch.factors + first / kRowBlock * width);
    kernels_.sum(into + first * width, stream + first * width, added + first * width, rows * width);
  }
  /// Where something is dropped: room = d, dropped, for a block of rows.
  void send_back(const Pass& pass, const Scratch& scratch, std::uint64_t site, const float* d, float* room,
                 long first, long rows) const {
    const Dropout of = dropout(pass, site);
    if (of.threshold == 0) return;
    const long width = parts_.width();
    std::memcpy(room + first * width, d + first * width, static_cast<std::size_t>(rows * width) * 4);
    parts_.drop(of, pass.examples, first, rows, room + first * width,
                scratch.factors + first / kRowBlock * width);
  }
  Dropout dropout(const Pass& pass, std::uint64_t site) const {
    return parts_.dropout(pass, 3 * layer_ + site);
  }
  /// into += column sums of d [rows][columns], by blocks.
  void bias_backward(const Pass& pass, const Scratch& scratch, const float* d, long rows, long columns,
                     float* into) const;
  long largest_part() const { return std::max(4 * parts_.part(), parts_.width()); }

  GptParts parts_;
  const Kernels& kernels_;
  std::size_t layer_;
  Tensors<long> places_;
};

}  // namespace rankine::nn::gpt_block
