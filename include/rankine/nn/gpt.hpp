// SPDX-License-Identifier: Apache-2.0
// The decoder of GPT-2 (Radford et al. 2019) as nanoGPT trains it: learned positions, layer norm before
// attention and before the perceptron, exact GELU, the token embedding tied to the output. Its units are the
// same on every device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <rankine/nn/layer.hpp>
#include <rankine/nn/tensor_group.hpp>

namespace rankine::nn {

struct GptConfig {
  std::size_t layers = 4;
  std::size_t heads = 4;
  std::size_t width = 128;      ///< of the residual stream, a multiple of heads
  std::size_t context = 64;     ///< length of every sequence
  std::size_t vocabulary = 65;  ///< numbers of tokens are below this
  bool bias = false;            ///< in dense layers and layer norms
  double dropout = 0;           ///< after the embedding, on attention weights and on what joins the stream
  /// With a tensor-parallel group: what is not split by heads is split by rows of [examples][context].
  bool sequence_parallel = false;
};

/// "nanogpt-cpu" (0.8 M parameters), "baby-gpt" (10.6 M) or "gpt2-124m" (vocabulary padded to 50,304 as
/// nanoGPT does). Throws InputError that lists them for another name.
GptConfig gpt_preset(std::string_view name);

/// Throws InputError naming what does not divide what.
void check_gpt(const GptConfig& config, std::size_t members);

/// wte [vocabulary][width], wpe [context][width], h.0 .., ln_f; in this order. Dense weights are
/// [outputs][inputs]; c_attn is [query, key, value][width][width], so that its split is by heads. wte is
/// split by tokens where `members` divides the vocabulary, else all members have it.
std::vector<Unit> gpt_units(const GptConfig& config, std::size_t members);

/// On the CPU, in f32: an embedding (input: int32 [examples][context]), a layer a block (between them f32
/// [examples][context][width], with sequence_parallel a member's rows of it) and the head. `group` must
/// outlive the model. Targets are int32 [examples][context], -1: none.
Model make_gpt(const GptConfig& config, TensorGroup& group);

/// Tokens one after another, with the keys and values of earlier ones kept: logits for sampling. Parameters
/// are whole (of a group of one), one pointer a unit of gpt_units(config, 1), and must outlive it.
class GptReader {
 public:
  GptReader(const GptConfig& config, std::span<const float* const> parameters);
  ~GptReader();

  /// Of the token that comes after `token` [vocabulary]. Past the context the oldest half is forgotten and
  /// the rest read again.
  std::span<const float> read(std::int32_t token);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace rankine::nn
