// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/core/error.hpp>
#include <rankine/train/gpt2_weights.hpp>

#include "train/weights/halves.hpp"
#include "train/weights/safetensors.hpp"

namespace rankine::train {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kHeadWidth = 64;

[[noreturn]] void fail(const fs::path& path, const std::string& words) {
  throw InputError(fmt::format("{}: {}", path.string(), words));
}

/// Of a dense layer, which Hugging Face's Conv1D stores the other way round.
bool is_dense(const std::string& name) {
  return name.ends_with("c_attn.weight") || name.ends_with("c_proj.weight") || name.ends_with("c_fc.weight");
}

std::vector<float> transposed(const std::vector<float>& values, std::size_t rows, std::size_t columns) {
  std::vector<float> turned(values.size());
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t column = 0; column < columns; ++column)
      turned[column * rows + row] = values[row * columns + column];
  return turned;
}

class FromSafetensors {
 public:
  explicit FromSafetensors(const fs::path& path) : path_(path), content_(read_safetensors(path)) {
    prefix_ = has("wte.weight") ? "" : "transformer.";
    if (!has("wte.weight")) fail(path_, "it has no array wte.weight: this is no GPT-2");
  }

  Gpt2Weights read() {
    Gpt2Weights weights;
    nn::GptConfig& config = weights.config;
    config.vocabulary = shape("wte.weight")[0];
    config.width = shape("wte.weight")[1];
    config.context = shape("wpe.weight")[0];
    config.layers = 0;
    while (has(fmt::format("h.{}.ln_1.weight", config.layers))) ++config.layers;
    if (config.layers == 0) fail(path_, "it has no block h.0");
    config.bias = has("ln_f.bias") && !all_zero();
    config.heads = heads(config.width);
    const bool conv = shape("h.0.attn.c_attn.weight")[0] == config.width;
    for (const nn::Unit& unit : nn::gpt_units(config, 1)) {
      std::vector<float>& values = weights.units.emplace_back();
      for (const nn::Tensor& tensor : unit.tensors) {
        const std::vector<float> one = array(unit.name + "." + tensor.name, tensor, conv);
        values.insert(values.end(), one.begin(), one.end());
      }
    }
    return weights;
  }

 private:
  bool has(const std::string& name) const { return content_.arrays.contains(prefix_ + name); }

  const NamedArray& find(const std::string& name) const {
    const auto found = content_.arrays.find(prefix_ + name);
    if (found == content_.arrays.end()) fail(path_, fmt::format("it has no array {}{}", prefix_, name));
    return found->second;
  }

  /// Of a matrix.
  const std::vector<std::size_t>& shape(const std::string& name) const {
    const NamedArray& array = find(name);
    if (array.shape.size() != 2 || array.values.empty()) fail(path_, fmt::format("{} is no matrix", name));
    return array.shape;
  }

  /// Written by write_gpt2 for a model without biases.
  bool all_zero() const {
    const auto zero = [](float value) { return value == 0; };
    return std::all_of(content_.arrays.begin(), content_.arrays.end(), [&](const auto& entry) {
      const bool bias = entry.first.ends_with(".bias") && !entry.first.ends_with("attn.bias");
      return !bias || std::all_of(entry.second.values.begin(), entry.second.values.end(), zero);
    });
  }

  std::size_t heads(std::size_t width) const {
    const auto said = content_.metadata.find("n_head");
    if (said != content_.metadata.end() && !said->second.empty() &&
        said->second.find_first_not_of("0123456789") == std::string::npos)
      return std::stoul(said->second);
    if (width % kHeadWidth != 0)
      fail(path_, fmt::format("it does not say how many heads there are (metadata n_head), and the width {} "
                              "is no multiple of {}",
                              width, kHeadWidth));
    return width / kHeadWidth;
  }

  std::vector<float> array(const std::string& name, const nn::Tensor& tensor, bool conv) const {
    const NamedArray& array = find(name);
    if (array.values.size() != tensor.size())
      fail(path_, fmt::format("{} is [{}], {} numbers are wanted", name, fmt::join(array.shape, ", "),
                              tensor.size()));
    if (!conv || !is_dense(name) || array.shape.size() != 2) return array.values;
    return transposed(array.values, array.shape[0], array.shape[1]);
  }

  fs::path path_;
  Safetensors content_;
  std::string prefix_;
};

/// llm.c: 256 words of 32 bits (magic, version, context, vocabulary, layers, heads, width, padded
/// vocabulary), then each kind of array of all layers at once.
constexpr std::uint32_t kMagic = 20240326;

class FromLlmC {
 public:
  FromLlmC(const fs::path& path, std::ifstream& file) : path_(path), file_(file) {}

  Gpt2Weights read() {
    std::uint32_t header[256] = {};
    file_.seekg(0);
    if (!file_.read(reinterpret_cast<char*>(header), sizeof(header))) fail(path_, "it is cut off");
    wide_ = header[1] == 3;
    if (header[1] != 3 && header[1] != 5)
      fail(path_,
           fmt::format("its header is of version {}; 3 (float32) and 5 (bfloat16) are known", header[1]));
    Gpt2Weights weights;
    config_ = {.layers = header[4],
               .heads = header[5],
               .width = header[6],
               .context = header[2],
               .vocabulary = header[3],
               .bias = true};
    const std::size_t padded = header[7];
    if (padded < config_.vocabulary || config_.layers == 0 || config_.layers > 1000)
      fail(path_, "its header makes no sense");
    weights.config = config_;
    std::vector<float> wte = next(padded * config_.width);
    wte.resize(config_.vocabulary * config_.width);
    std::vector<float> wpe = next(config_.context * config_.width);
    read_blocks(weights);
    weights.units.insert(weights.units.begin(), std::move(wpe));
    weights.units.insert(weights.units.begin(), std::move(wte));
    weights.units.push_back(next(2 * config_.width));
    if (file_.peek() != std::ifstream::traits_type::eof())
      fail(path_, "there is more in it than its header says");
    return weights;
  }

 private:
  std::vector<float> next(std::size_t count) {
    std::vector<float> values(count);
    if (wide_) {
      file_.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(4 * count));
    } else {
      std::vector<std::uint16_t> bits(count);
      file_.read(reinterpret_cast<char*>(bits.data()), static_cast<std::streamsize>(2 * count));
      std::transform(bits.begin(), bits.end(), values.begin(), float_of_bf16);
    }
    if (!file_) fail(path_, "it is cut off");
    return values;
  }

  /// Its order within a block is ours: ln_1, c_attn, c_proj, ln_2, c_fc, c_proj, weights before biases.
  void read_blocks(Gpt2Weights& weights) {
    const nn::Unit block = nn::gpt_units(config_, 1)[2];
    std::vector<std::vector<float>> blocks(config_.layers);
    for (const nn::Tensor& tensor : block.tensors) {
      const std::vector<float> all = next(config_.layers * tensor.size());
      for (std::size_t layer = 0; layer < config_.layers; ++layer) {
        const auto from = all.begin() + static_cast<std::ptrdiff_t>(layer * tensor.size());
        blocks[layer].insert(blocks[layer].end(), from, from + static_cast<std::ptrdiff_t>(tensor.size()));
      }
    }
    for (std::vector<float>& one : blocks) weights.units.push_back(std::move(one));
  }

  fs::path path_;
  std::ifstream& file_;
  bool wide_ = true;
  nn::GptConfig config_;
};

}  // namespace

Gpt2Weights read_gpt2(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || fs::is_directory(path)) throw InputError(fmt::format("cannot open {}", path.string()));
  std::uint32_t word = 0;
  file.read(reinterpret_cast<char*>(&word), sizeof(word));
  if (file && word == kMagic) return FromLlmC(path, file).read();
  return FromSafetensors(path).read();
}

void write_gpt2(const fs::path& path, const Gpt2Weights& weights) {
  nn::GptConfig full = weights.config;
  full.bias = true;
  const std::vector<nn::Unit> own = nn::gpt_units(weights.config, 1);
  const std::vector<nn::Unit> wanted = nn::gpt_units(full, 1);
  Safetensors content;
  content.metadata = {{"format", "pt"}, {"n_head", std::to_string(full.heads)}};
  for (std::size_t unit = 0; unit < wanted.size(); ++unit) {
    auto next = weights.units[unit].begin();
    auto has = own[unit].tensors.begin();
    for (const nn::Tensor& tensor : wanted[unit].tensors) {
      const std::string name = wanted[unit].name + "." + tensor.name;
      std::vector<float> values(tensor.size());
      if (has != own[unit].tensors.end() && has->name == tensor.name) {
        std::copy_n(next, values.size(), values.begin());
        next += static_cast<std::ptrdiff_t>(values.size());
        ++has;
      }
      std::vector<std::size_t> shape = tensor.shape;
      if (is_dense(name)) {
        const std::size_t inputs = shape.back();
        const std::size_t outputs = tensor.size() / inputs;
        values = transposed(values, outputs, inputs);
        shape = {inputs, outputs};
      } else if (name.ends_with("c_attn.bias")) {
        shape = {tensor.size()};
      }
      content.arrays[name] = {std::move(shape), std::move(values)};
    }
  }
  write_safetensors(path, content);
}

}  // namespace rankine::train
