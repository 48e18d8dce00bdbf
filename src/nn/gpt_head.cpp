// SPDX-License-Identifier: Apache-2.0
// The last layer: norm, a logit a token by the tied embedding, softmax with cross-entropy. Logits are made
// for a few hundred rows at a time, forward and again backward, so that they never take much memory. Members
// of a tensor-parallel group have the logits of their tokens, or, if the vocabulary cannot be split, all.
#include <cmath>
#include <cstring>

#include "nn/cross_entropy.hpp"
#include "nn/gpt_parts.hpp"

namespace rankine::nn {

namespace {

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
  scratch.replicated = take(parts_.by_rows() ? 2 * width + (split_ ? 0 : tokens_ * width) : 0);
  scratch.bytes = carving.bytes();
  return scratch;
}

void Head::normalise(const Pass& pass, const float* x, std::span<const void* const> parameters,
                     const Saved& saved, const Scratch& scratch) const {
  const auto* const norm = static_cast<const float*>(parameters[1]);
  const long width = parts_.width();
  for_row_blocks(*pass.threads, parts_.stream_rows(pass.examples), [&](long first, long count) {
    kernels_.norm({.rows = count,
                   .width = width,
                   .x = x + first * width,
                   .weight = norm + weight_,
                   .bias = bias_ < 0 ? nullptr : norm + bias_,
                   .y = scratch.normal + first * width,
                   .mean = saved.mean + first,
                   .inverse = saved.inverse + first});
  });
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

void Head::backward(const Pass& pass, std::span<const void* const> parameters, const void* input, const void*,
                    const void* saved_base, const void*, void* d_input, std::span<float* const> gradients) {
  const Saved saved = saved_in(pass.examples, saved_base);
  const Scratch scratch = scratch_in(pass.examples, pass.scratch);
  const auto* const x = static_cast<const float*>(input);
  const auto* const wte = static_cast<const float*>(parameters[0]);
  const auto* const norm = static_cast<const float*>(parameters[1]);
  auto* const d_x = static_cast<float*>(d_input);
  const long width = parts_.width();
  const long all = parts_.rows(pass.examples);
  const long rows = logit_rows(pass.examples);
  const long stream = parts_.stream_rows(pass.examples);
  const long shift = first_logit_row(pass.examples);
  const long wanted = check_targets(pass.targets, all, static_cast<long>(parts_.config.vocabulary));
  const float factor = wanted == 0 ? 0.0F : pass.scale / static_cast<float>(wanted);
  float* d_wte = gradients[0];
  float* d_weight = gradients[1] + weight_;
  float* d_bias = bias_ < 0 ? nullptr : gradients[1] + bias_;
  if (parts_.by_rows()) {
    d_weight = scratch.replicated;
    if (d_bias != nullptr) d_bias = d_weight + width;
    if (!split_) d_wte = d_weight + 2 * width;
    std::memset(scratch.replicated, 0, static_cast<std::size_t>((2 + (split_ ? 0 : tokens_)) * width) * 4);
  }
  pack(pass, scratch, wte);
  normalise(pass, x, parameters, saved, scratch);
  const float* normal = by_rows() ? scratch.normal : parts_.gather(pass, scratch.normal, scratch.gathered);
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
  const float* d_normal = split_ ? parts_.reduce(pass, scratch.d_normal, scratch.room) : scratch.d_normal;
  for_row_blocks(*pass.threads, stream, [&](long first, long count) {
    norm_rows_backward(kernels_,
                       {.width = width,
                        .x = x,
                        .weight = norm + weight_,
                        .mean = saved.mean,
                        .inverse = saved.inverse,
                        .d_y = d_normal,
                        .d_x = d_x},
                       scratch.norm_sums, d_bias != nullptr, first, count);
  });
  add_norm_sums(kernels_, scratch.norm_sums, row_blocks(stream), width, d_weight, d_bias);
  if (!parts_.by_rows()) return;
  const long replicated = (2 + (split_ ? 0 : tokens_)) * width;
  parts_.group.all_reduce(scratch.replicated, static_cast<std::size_t>(replicated), Scalar::f32, pass);
  kernels_.add(gradients[1] + weight_, d_weight, width);
  if (d_bias != nullptr) kernels_.add(gradients[1] + bias_, d_bias, width);
  if (!split_) kernels_.add(gradients[0], d_wte, tokens_ * width);
}

}  // namespace

std::unique_ptr<Layer> make_gpt_head(const GptParts& parts, const std::vector<Unit>& units) {
  return std::make_unique<Head>(parts, units);
}

}  // namespace rankine::nn
