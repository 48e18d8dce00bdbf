// SPDX-License-Identifier: Apache-2.0
// The way back through a transformer block.
#include "nn/gpt_block.hpp"

namespace rankine::nn::gpt_block {

void Block::bias_backward(const Pass& pass, const Scratch& scratch, const float* d, long rows, long columns,
                          float* into) const {
  if (into == nullptr) return;
  for_row_blocks(*pass.threads, rows, [&](long first, long count) {
    float* const sums = scratch.bias_sums + first / kRowBlock * columns;
    std::memset(sums, 0, static_cast<std::size_t>(columns) * 4);
    add_rows(kernels_, d + first * columns, count, columns, sums);
  });
  add_rows(kernels_, scratch.bias_sums, row_blocks(rows), columns, into);
}

/// From the block's output to what attention gave; d_stream is what goes on beside attention.
void Block::perceptron_backward(const Pass& pass, Way& way, const float* d_out) const {
  const Saved& saved = way.saved;
  const Scratch& scratch = way.scratch;
  const long width = parts_.width();
  const long part = parts_.part();
  const long rows = parts_.rows(pass.examples);
  const long stream = parts_.stream_rows(pass.examples);
  const float* d_normal = scratch.sums;

  run(*pass.threads,
      {{stream,
        {},
        [&](long first, long count) {
          send_back(pass, scratch, 3, d_out, scratch.d_sent_2, first, count);
          normalise(saved.middle, way.weights.ln_2, way.weights.ln_2_bias, scratch.normal_2, saved.mean_2,
                    saved.inverse_2, first, count);
        }},
       {rows,
        [&] {
          way.all_sent_2 = parts_.gather(pass, way.sent_2, scratch.d_gathered_2);
          way.normal_2 = parts_.gather(pass, scratch.normal_2, scratch.gathered_2);
        },
        [&](long first, long count) {
          const long place = first * 4 * part;
          dense(way.all_sent_2, width, scratch.mlp_proj, nullptr, scratch.d_hidden, 4 * part, first, count);
          kernels_.gelu_backward(saved.hidden + place, scratch.d_hidden + place, scratch.activated + place,
                                 count * 4 * part);
          dense(scratch.d_hidden, 4 * part, scratch.c_fc, nullptr, scratch.sums, width, first, count);
        }},
       {stream, [&] { d_normal = parts_.reduce(pass, scratch.sums, scratch.room); },
        [&](long first, long count) {
          norm_rows_backward(kernels_,
                             {.width = width,
                              .x = saved.middle,
                              .weight = way.weights.ln_2,
                              .mean = saved.mean_2,
                              .inverse = saved.inverse_2,
                              .d_y = d_normal,
                              .d_beside = d_out,
                              .d_x = scratch.d_stream},
                             scratch.norm_sums, way.slopes.ln_2_bias != nullptr, first, count);
          send_back(pass, scratch, 2, scratch.d_stream, scratch.d_sent, first, count);
        }},
       {rows, [&] { way.all_sent_1 = parts_.gather(pass, way.sent_1, scratch.d_gathered); },
        [&](long first, long count) {
          dense(way.all_sent_1, width, scratch.c_proj, nullptr, scratch.d_attended, part, first, count);
        }}});
  add_norm_sums(kernels_, scratch.norm_sums, row_blocks(stream), width, way.slopes.ln_2,
                way.slopes.ln_2_bias);
}

/// From the slopes of queries, keys and values to those of the block's input.
void Block::heads_backward(const Pass& pass, Way& way, const float* x, float* d_x) const {
  const Saved& saved = way.saved;
  const Scratch& scratch = way.scratch;
  const long width = parts_.width();
  const long part = parts_.part();
  const long rows = parts_.rows(pass.examples);
  const long stream = parts_.stream_rows(pass.examples);
  const float* d_normal = scratch.sums;

  run(*pass.threads, {{stream,
                       {},
                       [&](long first, long count) {
                         normalise(x, way.weights.ln_1, way.weights.ln_1_bias, scratch.normal, saved.mean_1,
                                   saved.inverse_1, first, count);
                       }},
                      {rows, [&] { way.normal_1 = parts_.gather(pass, scratch.normal, scratch.gathered); },
                       [&](long first, long count) {
                         dense(scratch.d_qkv, 3 * part, scratch.c_attn, nullptr, scratch.sums, width, first,
                               count);
                       }},
                      {stream, [&] { d_normal = parts_.reduce(pass, scratch.sums, scratch.room); },
                       [&](long first, long count) {
                         norm_rows_backward(kernels_,
                                            {.width = width,
                                             .x = x,
                                             .weight = way.weights.ln_1,
                                             .mean = saved.mean_1,
                                             .inverse = saved.inverse_1,
                                             .d_y = d_normal,
                                             .d_beside = scratch.d_stream,
                                             .d_x = d_x},
                                            scratch.norm_sums, way.slopes.ln_1_bias != nullptr, first, count);
                       }}});
  add_norm_sums(kernels_, scratch.norm_sums, row_blocks(stream), width, way.slopes.ln_1,
                way.slopes.ln_1_bias);
}

/// The gradients of what multiplies and of what is added, from what the two above left.
void Block::add_gradients(const Pass& pass, const Way& way) const {
  const Tensors<float*>& slopes = way.slopes;
  const Scratch& scratch = way.scratch;
  const long width = parts_.width();
  const long part = parts_.part();
  const long rows = parts_.rows(pass.examples);
  const long stream = parts_.stream_rows(pass.examples);
  const WeightGradient sums[] = {{way.all_sent_2, scratch.activated, slopes.mlp_proj, rows, width, 4 * part},
                                 {scratch.d_hidden, way.normal_2, slopes.c_fc, rows, 4 * part, width},
                                 {way.all_sent_1, way.saved.attended, slopes.c_proj, rows, width, part},
                                 {scratch.d_qkv, way.normal_1, slopes.c_attn, rows, 3 * part, width}};
  add_weight_gradients(kernels_, *pass.threads, sums);
  bias_backward(pass, scratch, way.sent_2, stream, width, slopes.mlp_proj_bias);
  bias_backward(pass, scratch, scratch.d_hidden, rows, 4 * part, slopes.c_fc_bias);
  bias_backward(pass, scratch, way.sent_1, stream, width, slopes.c_proj_bias);
  bias_backward(pass, scratch, scratch.d_qkv, rows, 3 * part, slopes.c_attn_bias);
}

void Block::backward(const Pass& pass, std::span<const void* const> parameters, const void* input,
                     const void*, const void* saved_base, const void* d_output, void* d_input,
                     std::span<float* const> gradients) {
  const Tensors<float*> own = at(places_, gradients[0]);
  Way way;
  way.weights = at(places_, static_cast<const float*>(parameters[0]));
  way.slopes = own;
  way.saved = saved_in(pass.examples, saved_base);
  way.scratch = scratch_in(pass.examples, pass.scratch);
  const Scratch& scratch = way.scratch;
  const long width = parts_.width();
  const long part = parts_.part();
  // Tensors that all members have, of which each sees its rows only, are summed over the group at the end.
  if (parts_.by_rows()) {
    float* const sums = scratch.replicated;
    std::memset(sums, 0, static_cast<std::size_t>(6 * width) * 4);
    way.slopes.ln_1 = sums;
    way.slopes.ln_2 = sums + width;
    if (own.ln_1_bias != nullptr) {
      way.slopes.ln_1_bias = sums + 2 * width;
      way.slopes.ln_2_bias = sums + 3 * width;
      way.slopes.c_proj_bias = sums + 4 * width;
      way.slopes.mlp_proj_bias = sums + 5 * width;
    }
  }
  const Packing packings[] = {{way.weights.c_attn, width, false, 3 * part, width, scratch.c_attn},
                              {way.weights.c_proj, part, false, width, part, scratch.c_proj},
                              {way.weights.c_fc, width, false, 4 * part, width, scratch.c_fc},
                              {way.weights.mlp_proj, 4 * part, false, width, 4 * part, scratch.mlp_proj}};
  pack_all(kernels_, *pass.threads, packings);
  const auto* const d_out = static_cast<const float*>(d_output);
  const bool drops = dropout(pass, 2).threshold != 0;
  way.all_sent_2 = way.sent_2 = drops ? scratch.d_sent_2 : d_out;
  way.all_sent_1 = way.sent_1 = drops ? scratch.d_sent : scratch.d_stream;
  way.normal_2 = scratch.normal_2;
  way.normal_1 = scratch.normal;
  perceptron_backward(pass, way, d_out);
  attend_backward(pass, way.saved, scratch);
  heads_backward(pass, way, static_cast<const float*>(input), static_cast<float*>(d_input));
  add_gradients(pass, way);
  if (!parts_.by_rows()) return;
  parts_.group.all_reduce(scratch.replicated, static_cast<std::size_t>(6 * width), Scalar::f32, pass);
  float* const into[] = {own.ln_1,      own.ln_2,        own.ln_1_bias,
                         own.ln_2_bias, own.c_proj_bias, own.mlp_proj_bias};
  for (long k = 0; k < 6; ++k) {
    if (into[k] != nullptr) kernels_.add(into[k], scratch.replicated + k * width, width);
  }
}

}  // namespace rankine::nn::gpt_block
