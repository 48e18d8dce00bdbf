// SPDX-License-Identifier: Apache-2.0
// The last layer, back from the loss to the stream.
#include <cstring>

#include "nn/cross_entropy.hpp"
#include "nn/gpt_head.hpp"

namespace rankine::nn::gpt_head {

Head::Slopes Head::slopes_in(const Scratch& scratch, std::span<float* const> gradients) const {
  Slopes slopes{gradients[0], gradients[1] + weight_, bias_ < 0 ? nullptr : gradients[1] + bias_};
  if (!parts_.by_rows()) return slopes;
  slopes.weight = scratch.replicated;
  if (slopes.bias != nullptr) slopes.bias = slopes.weight + parts_.width();
  if (!split_) slopes.wte = slopes.weight + 2 * parts_.width();
  std::memset(scratch.replicated, 0, static_cast<std::size_t>(replicated()) * 4);
  return slopes;
}

/// To scratch.d_normal, and adds to d_wte.
void Head::logits_backward(const Pass& pass, const float* wte, const float* normal, const Saved& saved,
                           const Scratch& scratch, float* d_wte) const {
  const long width = parts_.width();
  const long rows = logit_rows(pass.examples);
  const long shift = first_logit_row(pass.examples);
  const long wanted =
      check_targets(pass.targets, parts_.rows(pass.examples), static_cast<long>(parts_.config.vocabulary));
  const float factor = wanted == 0 ? 0.0F : pass.scale / static_cast<float>(wanted);
  for (long start = 0; start < rows; start += chunk(pass.examples)) {
    const long count = std::min(chunk(pass.examples), rows - start);
    for_logits(pass, scratch, normal, start, count, [&](long row, float* logits) {
      slope_row(kernels_, logits, tokens_, first_token_, pass.targets[shift + row],
                saved.log_sums[shift + row], factor);
    });
    for_row_blocks(*pass.threads, count, [&](long first, long part) {
      kernels_.product({.a = scratch.logits + first * tokens_,
                        .a_row = tokens_,
                        .b = wte,
                        .b_row = width,
                        .c = scratch.d_normal + (start + first) * width,
                        .c_row = width,
                        .rows = part,
                        .steps = tokens_,
                        .columns = width});
    });
    const WeightGradient sum[] = {{scratch.logits, normal + start * width, d_wte, count, tokens_, width}};
    add_weight_gradients(kernels_, *pass.threads, sum);
  }
}

void Head::norm_backward(const Pass& pass, const float* x, const float* norm, const Saved& saved,
                         const Scratch& scratch, float* d_x, const Slopes& slopes) const {
  const long stream = parts_.stream_rows(pass.examples);
  const NormBackward all{
      .width = parts_.width(),
      .x = x,
      .weight = norm + weight_,
      .mean = saved.mean,
      .inverse = saved.inverse,
      .d_y = split_ ? parts_.reduce(pass, scratch.d_normal, scratch.room) : scratch.d_normal,
      .d_x = d_x};
  for_row_blocks(*pass.threads, stream, [&](long first, long count) {
    norm_rows_backward(kernels_, all, scratch.norm_sums, slopes.bias != nullptr, first, count);
  });
  add_norm_sums(kernels_, scratch.norm_sums, row_blocks(stream), parts_.width(), slopes.weight, slopes.bias);
}

void Head::backward(const Pass& pass, std::span<const void* const> parameters, const void* input, const void*,
                    const void* saved_base, const void*, void* d_input, std::span<float* const> gradients) {
  const Saved saved = saved_in(pass.examples, saved_base);
  const Scratch scratch = scratch_in(pass.examples, pass.scratch);
  const auto* const x = static_cast<const float*>(input);
  const auto* const wte = static_cast<const float*>(parameters[0]);
  const auto* const norm = static_cast<const float*>(parameters[1]);
  const long width = parts_.width();
  const Slopes slopes = slopes_in(scratch, gradients);
  pack(pass, scratch, wte);
  normalise(pass, x, parameters, saved, scratch);
  const float* normal = by_rows() ? scratch.normal : parts_.gather(pass, scratch.normal, scratch.gathered);
  logits_backward(pass, wte, normal, saved, scratch, slopes.wte);
  norm_backward(pass, x, norm, saved, scratch, static_cast<float*>(d_input), slopes);
  if (!parts_.by_rows()) return;
  parts_.group.all_reduce(scratch.replicated, static_cast<std::size_t>(replicated()), Scalar::f32, pass);
  kernels_.add(gradients[1] + weight_, slopes.weight, width);
  if (slopes.bias != nullptr) kernels_.add(gradients[1] + bias_, slopes.bias, width);
  if (!split_) kernels_.add(gradients[0], slopes.wte, tokens_ * width);
}

}  // namespace rankine::nn::gpt_head
