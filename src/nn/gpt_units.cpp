// SPDX-License-Identifier: Apache-2.0
// What a GPT consists of, whatever device computes it.
#include <cmath>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/nn/gpt.hpp>

namespace rankine::nn {

GptConfig gpt_preset(std::string_view name) {
  if (name == "nanogpt-cpu") return {};
  if (name == "baby-gpt")
    return {.layers = 6, .heads = 6, .width = 384, .context = 256, .vocabulary = 65, .dropout = 0.2};
  if (name == "gpt2-124m")
    return {.layers = 12, .heads = 12, .width = 768, .context = 1024, .vocabulary = 50304};
  throw InputError(fmt::format("no GPT is called \"{}\": nanogpt-cpu, baby-gpt and gpt2-124m are", name));
}

void check_gpt(const GptConfig& config, std::size_t members) {
  if (config.layers * config.heads * config.width * config.context * config.vocabulary == 0)
    throw InputError("layers, heads, width, context and vocabulary of a GPT must be 1 or more");
  const auto divides = [](std::size_t small, std::string_view of, std::size_t large, std::string_view what) {
    if (large % small != 0) throw InputError(fmt::format("{} {} must divide {} {}", small, of, what, large));
  };
  divides(config.heads, "heads", config.width, "the width");
  divides(members, "tensor-parallel members", config.heads, "the heads");
  if (config.sequence_parallel)
    divides(members, "members with sequence parallelism", config.context, "the context");
  if (!(config.dropout >= 0 && config.dropout < 1))
    throw InputError(fmt::format("dropout {} is not in [0, 1)", config.dropout));
}

namespace {

/// nanoGPT's: normal with deviation 0.02; biases 0, factors of layer norms 1.
class Description {
 public:
  explicit Description(bool bias) : bias_(bias) {}

  void weights(std::string name, std::vector<std::size_t> shape, int split, double deviation = 0.02) {
    tensors_.push_back(
        {.name = std::move(name), .shape = std::move(shape), .split = split, .deviation = deviation});
  }
  void biases(std::string name, std::vector<std::size_t> shape, int split) {
    if (bias_)
      tensors_.push_back(
          {.name = std::move(name), .shape = std::move(shape), .split = split, .decay = false});
  }
  void norm(const std::string& name, std::size_t width) {
    tensors_.push_back({.name = name + ".weight", .shape = {width}, .mean = 1, .decay = false});
    biases(name + ".bias", {width}, -1);
  }
  Unit unit(std::string name) { return {std::move(name), std::move(tensors_)}; }

 private:
  bool bias_;
  std::vector<Tensor> tensors_;
};

Unit block_unit(const GptConfig& config, std::size_t layer) {
  const std::size_t width = config.width;
  const double into_stream = 0.02 / std::sqrt(2.0 * static_cast<double>(config.layers));
  Description of(config.bias);
  of.norm("ln_1", width);
  of.weights("attn.c_attn.weight", {3, width, width}, 1);
  of.biases("attn.c_attn.bias", {3, width}, 1);
  of.weights("attn.c_proj.weight", {width, width}, 1, into_stream);
  of.biases("attn.c_proj.bias", {width}, -1);
  of.norm("ln_2", width);
  of.weights("mlp.c_fc.weight", {4 * width, width}, 0);
  of.biases("mlp.c_fc.bias", {4 * width}, 0);
  of.weights("mlp.c_proj.weight", {width, 4 * width}, 1, into_stream);
  of.biases("mlp.c_proj.bias", {width}, -1);
  return of.unit(fmt::format("h.{}", layer));
}

}  // namespace

std::vector<Unit> gpt_units(const GptConfig& config, std::size_t members) {
  check_gpt(config, members);
  std::vector<Unit> units;
  Description of(config.bias);
  of.weights("weight", {config.vocabulary, config.width}, config.vocabulary % members == 0 ? 0 : -1);
  units.push_back(of.unit("wte"));
  of = Description(config.bias);
  of.weights("weight", {config.context, config.width}, -1);
  units.push_back(of.unit("wpe"));
  for (std::size_t layer = 0; layer < config.layers; ++layer) units.push_back(block_unit(config, layer));
  of = Description(config.bias);
  of.norm("ln_f", config.width);
  units.push_back(of.unit("ln_f"));
  for (Tensor& tensor : units.back().tensors) tensor.name.erase(0, 5);  // "weight", "bias"
  return units;
}

}  // namespace rankine::nn
