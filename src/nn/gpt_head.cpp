// SPDX-License-Identifier: Apache-2.0
// The last layer, forward.
#include "nn/gpt_head.hpp"

#include <cmath>
#include <cstring>

#include "nn/cross_entropy.hpp"

namespace rankine::nn {

namespace gpt_head {

Head::Saved Head::saved_in(std::size_t examples, const void* base, std::size_t* bytes) const {
  Carving carving;
  auto* const start = const_cast<float*>(static_cast<const float*>(base));
  const auto take = [&](long count) {
    const std::size_t place = carving.take(count);
    return start == nullptr ? nullptr : start + place;
  };
  Saved saved{};
  saved.mean = take(parts_.stream_rows(examples));
  saved.inverse = take(parts_.stream_rows(examples));
  saved.log_sums = take(parts_.rows(examples));
  if (bytes != nullptr) *bytes = carving.bytes();
  return saved;
}

Head::Scratch Head::scratch_in(std::size_t examples, void* base) const {
  Carving carving;
  auto* const start = static_cast<float*>(base);
  const auto take = [&](long count) {
    const std::size_t place = carving.take(count);
    return start == nullptr ? nullptr : start + place;
  };
  const long width = parts_.width();
  const long rows = parts_.rows(examples);
  const long stream = parts_.stream_rows(examples);
  Scratch scratch{};
  scratch.packed = take(packed_size(width, tokens_));
  scratch.normal = take(stream * width);
  scratch.gathered = take(parts_.by_rows() ? rows * width : 0);
  scratch.logits = take(chunk(examples) * tokens_);
  scratch.rows = take(4 * rows);
  scratch.d_normal = take(rows * width);
  scratch.room = take(parts_.by_rows() ? stream * width : 0);
  scratch.norm_sums = take(row_blocks(stream) * 2 * width);
  scratch.replicated = take(replicated());
  scratch.bytes = carving.bytes();
  return scratch;
}

void Head::normalise(const Pass& pass, const float* x, std::span<const void* const> parameters,
                     const Saved& saved, const Scratch& scratch) const {
  const auto* const norm = static_cast<const float*>(parameters[1]);
  const Norm all{.width = parts_.width(),
                 .x = x,
                 .weight = norm + weight_,
                 .bias = bias_ < 0 ? nullptr : norm + bias_,
                 .y = scratch.normal,
                 .mean = saved.mean,
                 .inverse = saved.inverse};
  for_row_blocks(*pass.threads, parts_.stream_rows(pass.examples),
                 [&](long first, long count) { norm_rows(kernels_, all, first, count); });
}

void Head::forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
                   void* saved_base) {
  const Saved saved = saved_in(pass.examples, saved_base);
  const Scratch scratch = scratch_in(pass.examples, pass.scratch);
  const long all = parts_.rows(pass.examples);
  const long rows = logit_rows(pass.examples);
  const long shift = first_logit_row(pass.examples);
  check_targets(pass.targets, all, static_cast<long>(parts_.config.vocabulary));
  pack(pass, scratch, static_cast<const float*>(parameters[0]));
  normalise(pass, static_cast<const float*>(input), parameters, saved, scratch);
  const float* normal = by_rows() ? scratch.normal : parts_.gather(pass, scratch.normal, scratch.gathered);
  const RowLoss of{scratch.rows, scratch.rows + all, scratch.rows + 2 * all};
  float* const own_largest = scratch.rows + 3 * all;
  std::memset(scratch.rows, 0, static_cast<std::size_t>(4 * all) * 4);
  for (long start = 0; start < rows; start += chunk(pass.examples)) {
    const long count = std::min(chunk(pass.examples), rows - start);
    for_logits(pass, scratch, normal, start, count, [&](long row, const float* logits) {
      begin_row(kernels_, logits, tokens_, first_token_, pass.targets[shift + row], of, shift + row);
    });
  }
  if (by_rows()) {  // each row is known to one member, the others have zeros
    parts_.group.all_reduce(scratch.rows, static_cast<std::size_t>(3 * all), Scalar::f32, pass);
  } else if (split_) {
    std::memcpy(own_largest, of.largest, static_cast<std::size_t>(all) * 4);
    parts_.group.all_reduce_max(of.largest, static_cast<std::size_t>(all), pass);
    for (long row = 0; row < all; ++row) of.sum[row] *= std::exp(own_largest[row] - of.largest[row]);
    parts_.group.all_reduce(of.sum, static_cast<std::size_t>(2 * all), Scalar::f32, pass);
  }
  *static_cast<LossSum*>(output) = sum_rows(of, pass.targets, all, saved.log_sums);
}

}  // namespace gpt_head

std::unique_ptr<Layer> make_gpt_head(const GptParts& parts, const std::vector<Unit>& units) {
  return std::make_unique<gpt_head::Head>(parts, units);
}

}  // namespace rankine::nn
