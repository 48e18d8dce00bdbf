// SPDX-License-Identifier: Apache-2.0
// One token at a time through a GPT, with the keys and values of earlier tokens kept.
#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/nn/gpt.hpp>

#include "nn/arrays.hpp"

namespace rankine::nn {

struct GptReader::Parts {
  GptConfig config;
  std::vector<Unit> units;
  std::vector<const float*> parameters;
  const Kernels& kernels;
  std::vector<std::vector<float>> keys;    // a block: [context][width]
  std::vector<std::vector<float>> values;  // the same
  std::vector<std::int32_t> tokens;        // those whose keys are kept
  std::vector<float> logits;
  std::vector<float> stream, normal, qkv, attended, hidden, added, scores;

  long width() const { return static_cast<long>(config.width); }

  const float* tensor(std::size_t unit, std::string_view name) const {
    const long place = place_in(units[unit], name, 1);
    return place < 0 ? nullptr : parameters[unit] + place;
  }
  void normalise(const float* weight, const float* bias) {
    float mean = 0;
    float inverse = 0;
    kernels.norm({.rows = 1,
                  .width = width(),
                  .x = stream.data(),
                  .weight = weight,
                  .bias = bias,
                  .y = normal.data(),
                  .mean = &mean,
                  .inverse = &inverse});
  }
  /// y = w x + bias: a product whose one column is x.
  void dense(const float* w, const float* bias, const std::vector<float>& x, std::vector<float>& y) const {
    const auto inputs = static_cast<long>(x.size());
    kernels.rows_by_vector(w, static_cast<long>(y.size()), inputs, x.data(), y.data());
    if (bias != nullptr) kernels.add(y.data(), bias, static_cast<long>(y.size()));
  }
  void attend(std::size_t block);
  void read(std::int32_t token);
};

void GptReader::Parts::attend(std::size_t block) {
  const std::size_t position = tokens.size();
  const std::size_t wide = config.width;
  std::copy_n(qkv.data() + wide, wide, keys[block].data() + position * wide);
  std::copy_n(qkv.data() + 2 * wide, wide, values[block].data() + position * wide);
  const std::size_t head_width = wide / config.heads;
  const float scale = 1 / std::sqrt(static_cast<float>(head_width));
  for (std::size_t head = 0; head < config.heads; ++head) {
    const std::size_t from = head * head_width;
    float most = -INFINITY;
    for (std::size_t k = 0; k <= position; ++k) {
      float sum = 0;
      for (std::size_t j = 0; j < head_width; ++j) sum += qkv[from + j] * keys[block][k * wide + from + j];
      scores[k] = sum * scale;
      most = std::max(most, scores[k]);
    }
    float all = 0;
    for (std::size_t k = 0; k <= position; ++k) all += scores[k] = std::exp(scores[k] - most);
    std::fill_n(attended.data() + from, head_width, 0.0F);
    for (std::size_t k = 0; k <= position; ++k) {
      for (std::size_t j = 0; j < head_width; ++j)
        attended[from + j] += scores[k] / all * values[block][k * wide + from + j];
    }
  }
}

void GptReader::Parts::read(std::int32_t token) {
  const long position = static_cast<long>(tokens.size());
  std::copy_n(parameters[0] + token * width(), config.width, stream.data());
  kernels.add(stream.data(), parameters[1] + position * width(), width());
  for (std::size_t block = 0; block < config.layers; ++block) {
    const std::size_t unit = 2 + block;
    normalise(tensor(unit, "ln_1.weight"), tensor(unit, "ln_1.bias"));
    dense(tensor(unit, "attn.c_attn.weight"), tensor(unit, "attn.c_attn.bias"), normal, qkv);
    attend(block);
    dense(tensor(unit, "attn.c_proj.weight"), tensor(unit, "attn.c_proj.bias"), attended, added);
    kernels.add(stream.data(), added.data(), width());
    normalise(tensor(unit, "ln_2.weight"), tensor(unit, "ln_2.bias"));
    dense(tensor(unit, "mlp.c_fc.weight"), tensor(unit, "mlp.c_fc.bias"), normal, hidden);
    kernels.gelu(hidden.data(), hidden.data(), 4 * width());
    dense(tensor(unit, "mlp.c_proj.weight"), tensor(unit, "mlp.c_proj.bias"), hidden, added);
    kernels.add(stream.data(), added.data(), width());
  }
  tokens.push_back(token);
}

GptReader::GptReader(const GptConfig& config, std::span<const float* const> parameters) {
  const std::size_t wide = config.width;
  std::vector<Unit> units = gpt_units(config, 1);
  if (parameters.size() != units.size())
    throw InputError(fmt::format("{} units of parameters for a GPT of {}", parameters.size(), units.size()));
  const std::vector<std::vector<float>> kept(config.layers, std::vector<float>(config.context * wide));
  parts_.reset(new Parts{.config = config,
                         .units = std::move(units),
                         .parameters = {parameters.begin(), parameters.end()},
                         .kernels = kernels(),
                         .keys = kept,
                         .values = kept,
                         .tokens = {},
                         .logits = std::vector<float>(config.vocabulary),
                         .stream = std::vector<float>(wide),
                         .normal = std::vector<float>(wide),
                         .qkv = std::vector<float>(3 * wide),
                         .attended = std::vector<float>(wide),
                         .hidden = std::vector<float>(4 * wide),
                         .added = std::vector<float>(wide),
                         .scores = std::vector<float>(config.context)});
}

GptReader::~GptReader() = default;

std::span<const float> GptReader::read(std::int32_t token) {
  Parts& parts = *parts_;
  if (token < 0 || static_cast<std::size_t>(token) >= parts.config.vocabulary)
    throw InputError(fmt::format("token {} is not in a vocabulary of {}", token, parts.config.vocabulary));
  if (parts.tokens.size() == parts.config.context) {
    const std::vector<std::int32_t> all = std::move(parts.tokens);
    parts.tokens.clear();
    for (std::size_t k = all.size() - all.size() / 2; k < all.size(); ++k) parts.read(all[k]);
  }
  parts.read(token);
  const std::size_t last = parts.units.size() - 1;
  parts.normalise(parts.tensor(last, "weight"), parts.tensor(last, "bias"));
  parts.dense(parts.parameters[0], nullptr, parts.normal, parts.logits);
  return parts.logits;
}

}  // namespace rankine::nn
