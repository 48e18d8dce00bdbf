// SPDX-License-Identifier: Apache-2.0
// The first layer: a token's vector plus its position's.
#include <cstring>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "nn/gpt_parts.hpp"

namespace rankine::nn {

namespace {

/// Columns of a piece of the gradient: each piece goes through all tokens in order.
constexpr long kColumns = 32;

class Embedding : public Layer {
 public:
  Embedding(const GptParts& parts, const std::vector<Unit>& units)
      : parts_(parts), split_(units[0].tensors[0].split == 0 && !parts.alone()) {
    tokens_ = static_cast<long>(parts.config.vocabulary) / (split_ ? parts.members : 1);
    first_token_ = split_ ? tokens_ * static_cast<long>(parts.group.member()) : 0;
  }

  Sizes sizes(std::size_t examples) const override {
    const long rows = parts_.rows(examples);
    return {.input = static_cast<std::size_t>(rows) * sizeof(std::int32_t),
            .output = static_cast<std::size_t>(parts_.stream_rows(examples) * parts_.width()) * 4,
            .saved = 0,
            .scratch = places(examples).bytes,
            .flops = static_cast<double>(rows * parts_.width())};
  }
  std::string name() const override { return "embedding"; }
  std::vector<std::size_t> units() const override { return {0, 1}; }

  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void*) override {
    const auto* tokens = static_cast<const std::int32_t*>(input);
    check_tokens(tokens, parts_.rows(pass.examples));
    const auto* wte = static_cast<const float*>(parameters[0]);
    const auto* wpe = static_cast<const float*>(parameters[1]);
    const Places at = places(pass.examples);
    auto* const scratch = static_cast<float*>(pass.scratch);
    auto* const out = static_cast<float*>(output);
    const long width = parts_.width();
    const long rows = parts_.stream_rows(pass.examples);
    const long first = parts_.first_stream_row(pass.examples);
    const auto row_bytes = static_cast<std::size_t>(width) * 4;
    const float* sums = nullptr;
    if (split_) {
      float* const all = scratch + at.all;
      for_row_blocks(*pass.threads, parts_.rows(pass.examples), [&](long from, long count) {
        for (long row = from; row < from + count; ++row) {
          const long token = tokens[row] - first_token_;
          if (token >= 0 && token < tokens_)
            std::memcpy(all + row * width, wte + token * width, row_bytes);
          else
            std::memset(all + row * width, 0, row_bytes);
        }
      });
      sums = parts_.reduce(pass, all, out);
    }
    const Dropout dropout = parts_.dropout(pass, 0);
    for_row_blocks(*pass.threads, rows, [&](long from, long count) {
      for (long row = from; row < from + count; ++row) {
        const float* vector = split_ ? sums + row * width : wte + tokens[first + row] * width;
        if (vector != out + row * width) std::memcpy(out + row * width, vector, row_bytes);
        parts_.kernels.add(out + row * width, wpe + (first + row) % parts_.context() * width, width);
      }
      parts_.drop(dropout, pass.examples, from, count, out + from * width, factors(pass, at, from));
    });
  }

  void backward(const Pass& pass, std::span<const void* const>, const void* input, const void*, const void*,
                const void* d_output, void*, std::span<float* const> gradients) override {
    const auto* tokens = static_cast<const std::int32_t*>(input);
    const Places at = places(pass.examples);
    auto* const scratch = static_cast<float*>(pass.scratch);
    const long width = parts_.width();
    const long rows = parts_.stream_rows(pass.examples);
    const auto* d = static_cast<const float*>(d_output);
    const Dropout dropout = parts_.dropout(pass, 0);
    if (dropout.threshold != 0) {
      float* const dropped = scratch + at.dropped;
      for_row_blocks(*pass.threads, rows, [&](long from, long count) {
        std::memcpy(dropped + from * width, d + from * width, static_cast<std::size_t>(count * width) * 4);
        parts_.drop(dropout, pass.examples, from, count, dropped + from * width, factors(pass, at, from));
      });
      d = dropped;
    }
    const long first = parts_.first_stream_row(pass.examples);
    // The stream's rows give the positions' gradient and, where each member has all tokens, theirs.
    float* const by_token = split_ || !parts_.by_rows() ? gradients[0] : scratch + at.sums;
    float* const by_position =
        parts_.by_rows() ? scratch + at.sums + (split_ ? 0 : tokens_ * width) : gradients[1];
    if (parts_.by_rows()) std::memset(scratch + at.sums, 0, sums_size() * 4);
    if (!split_) {
      spread(pass, rows, d, by_token, [&](long row) { return static_cast<long>(tokens[first + row]); });
    } else {
      const float* all = parts_.gather(pass, d, scratch + at.all);
      spread(pass, parts_.rows(pass.examples), all, gradients[0],
             [&](long row) { return own(tokens[row] - first_token_); });
    }
    spread(pass, rows, d, by_position, [&](long row) { return (first + row) % parts_.context(); });
    if (!parts_.by_rows()) return;
    parts_.group.all_reduce(scratch + at.sums, sums_size(), Scalar::f32, pass);
    if (!split_) parts_.kernels.add(gradients[0], by_token, tokens_ * width);
    parts_.kernels.add(gradients[1], by_position, parts_.context() * width);
  }

 private:
  struct Places {
    std::size_t all, dropped, sums, factors, bytes;
  };
  Places places(std::size_t examples) const {
    Carving carving;
    Places at{};
    at.all = carving.take(split_ ? parts_.rows(examples) * parts_.width() : 0);
    const bool drops = parts_.config.dropout > 0;
    at.dropped = carving.take(drops ? parts_.stream_rows(examples) * parts_.width() : 0);
    at.sums = carving.take(parts_.by_rows() ? static_cast<long>(sums_size()) : 0);
    at.factors = carving.take(drops ? row_blocks(parts_.stream_rows(examples)) * parts_.width() : 0);
    at.bytes = carving.bytes();
    return at;
  }
  float* factors(const Pass& pass, const Places& at, long first_row) const {
    return static_cast<float*>(pass.scratch) + at.factors + first_row / kRowBlock * parts_.width();
  }
  std::size_t sums_size() const {
    return static_cast<std::size_t>(((split_ ? 0 : tokens_) + parts_.context()) * parts_.width());
  }
  long own(long token) const { return token >= 0 && token < tokens_ ? token : -1; }

  void check_tokens(const std::int32_t* tokens, long count) const {
    for (long k = 0; k < count; ++k) {
      if (tokens[k] < 0 || static_cast<std::size_t>(tokens[k]) >= parts_.config.vocabulary)
        throw InputError(
            fmt::format("token {} is not in a vocabulary of {}: train with the tokens that the "
                        "model was made for",
                        tokens[k], parts_.config.vocabulary));
    }
  }

  /// into[where(row)] += d[row], skipping negative places.
  template <class Where>
  void spread(const Pass& pass, long rows, const float* d, float* into, const Where& where) const {
    const long width = parts_.width();
    pass.threads->for_each(
        static_cast<std::size_t>((width + kColumns - 1) / kColumns), [&](std::size_t piece) {
          const long column = static_cast<long>(piece) * kColumns;
          const long columns = std::min(kColumns, width - column);
          for (long row = 0; row < rows; ++row) {
            const long place = where(row);
            if (place >= 0)
              parts_.kernels.add(into + place * width + column, d + row * width + column, columns);
          }
        });
  }

  GptParts parts_;
  bool split_;
  long tokens_ = 0;
  long first_token_ = 0;
};

}  // namespace

std::unique_ptr<Layer> make_gpt_embedding(const GptParts& parts, const std::vector<Unit>& units) {
  return std::make_unique<Embedding>(parts, units);
}

}  // namespace rankine::nn
