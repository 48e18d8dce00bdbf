// SPDX-License-Identifier: Apache-2.0
// Weights of GPT-2 in and out: files built here byte by byte, and round trips.
#include <cstring>
#include <fstream>
#include <numeric>

#include <rankine/core/error.hpp>
#include <rankine/train/gpt2_weights.hpp>

#include "train/weights/halves.hpp"
#include "train/weights/safetensors.hpp"

#include "catch.hpp"
#include "temporary_folder.hpp"

using namespace rankine::train;
namespace nn = rankine::nn;

namespace {

nn::GptConfig tiny(bool bias) {
  return {.layers = 2, .heads = 2, .width = 6, .context = 5, .vocabulary = 7, .bias = bias};
}

/// All numbers of all units differ.
Gpt2Weights counting(bool bias) {
  Gpt2Weights weights{tiny(bias), {}};
  float next = 1;
  for (const nn::Unit& unit : nn::gpt_units(weights.config, 1)) {
    weights.units.emplace_back(unit.size());
    std::iota(weights.units.back().begin(), weights.units.back().end(), next);
    next += static_cast<float>(unit.size());
  }
  return weights;
}

std::string header_of(const std::string& json) {
  const std::uint64_t length = json.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + json;
}

}  // namespace

TEST_CASE("halves as IEEE 754 and the brain format have them") {
  CHECK(float_of_bf16(0x3f80) == 1.0F);
  CHECK(float_of_bf16(0xc049) == -3.140625F);
  CHECK(float_of_f16(0x3c00) == 1.0F);
  CHECK(float_of_f16(0xc000) == -2.0F);
  CHECK(float_of_f16(0x3555) == Approx(1.0 / 3).epsilon(1e-3));
  CHECK(float_of_f16(0x0001) == 0x1p-24F);
  CHECK(float_of_f16(0x7bff) == 65504.0F);
}

TEST_CASE("a safetensors file byte by byte") {
  const TemporaryFolder folder;
  const float wide[] = {1.5F, -2};
  const std::uint16_t half[] = {0x3c00, 0xc000};
  std::string bytes =
      header_of(R"({"__metadata__":{"n_head":"3"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
                R"("b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},)"
                R"("c":{"dtype":"I64","shape":[0],"data_offsets":[12,12]}})");
  bytes.append(reinterpret_cast<const char*>(wide), 8).append(reinterpret_cast<const char*>(half), 4);
  const Safetensors content = read_safetensors(folder.file("x.safetensors", bytes));
  CHECK(content.metadata.at("n_head") == "3");
  CHECK(content.arrays.size() == 2);
  CHECK(content.arrays.at("a").shape == std::vector<std::size_t>{1, 2});
  CHECK(content.arrays.at("a").values == std::vector<float>{1.5F, -2});
  CHECK(content.arrays.at("b").values == std::vector<float>{1, -2});
  CHECK_THROWS_WITH(read_safetensors(folder.file("cut", bytes.substr(0, bytes.size() - 1))),
                    ContainsSubstring("b lies outside"));
  CHECK_THROWS_WITH(read_safetensors(folder.file("text", "this is a text, not numbers")),
                    ContainsSubstring("no safetensors"));
  CHECK_THROWS_WITH(read_safetensors(folder.file("json", header_of("[1, 2]"))), ContainsSubstring("no JSON"));
  CHECK_THROWS_WITH(read_safetensors(folder / "absent"), ContainsSubstring("absent"));
}

TEST_CASE("what is written is read again, with and without biases") {
  const TemporaryFolder folder;
  for (const bool bias : {true, false}) {
    const Gpt2Weights weights = counting(bias);
    write_gpt2(folder / "gpt2.safetensors", weights);
    const Gpt2Weights again = read_gpt2(folder / "gpt2.safetensors");
    CHECK(again.config.layers == 2);
    CHECK(again.config.heads == 2);
    CHECK(again.config.context == 5);
    CHECK(again.config.vocabulary == 7);
    CHECK(again.config.bias == bias);
    CHECK(again.units == weights.units);
  }
}

TEST_CASE("dense weights are [inputs][outputs] in Hugging Face's file, queries before keys before values") {
  const TemporaryFolder folder;
  const Gpt2Weights weights = counting(true);
  write_gpt2(folder / "x", weights);
  const Safetensors content = read_safetensors(folder / "x");
  const NamedArray& attention = content.arrays.at("h.0.attn.c_attn.weight");
  CHECK(attention.shape == std::vector<std::size_t>{6, 18});
  const float* own = weights.units[2].data() + 12;  // behind ln_1: [out 18][in 6]
  CHECK(attention.values[1 * 18 + 13] == own[13 * 6 + 1]);
  CHECK(content.arrays.at("h.0.mlp.c_fc.weight").shape == std::vector<std::size_t>{6, 24});
  CHECK(content.arrays.at("h.0.attn.c_attn.bias").shape == std::vector<std::size_t>{18});
  CHECK(content.arrays.at("wte.weight").shape == std::vector<std::size_t>{7, 6});

  Safetensors other;  // as nanoGPT lays it out, under a prefix
  other.metadata = content.metadata;
  for (const auto& [name, array] : content.arrays) {
    NamedArray turned = array;
    const bool dense = array.shape.size() == 2 && name.find(".c_") != std::string::npos;
    for (std::size_t row = 0; dense && row < array.shape[0]; ++row)
      for (std::size_t column = 0; column < array.shape[1]; ++column)
        turned.values[column * array.shape[0] + row] = array.values[row * array.shape[1] + column];
    if (dense) turned.shape = {array.shape[1], array.shape[0]};
    other.arrays["transformer." + name] = turned;
  }
  write_safetensors(folder / "y", other);
  CHECK(read_gpt2(folder / "y").units == weights.units);
}

TEST_CASE("llm.c's file: padded vocabulary, each kind of array of all layers at once") {
  const TemporaryFolder folder;
  const Gpt2Weights weights = counting(true);
  const std::uint32_t start[] = {20240326, 3, 5, 7, 2, 2, 6, 8};  // padded to 8
  std::string bytes(1024, '\0');
  std::memcpy(bytes.data(), start, sizeof(start));
  const auto add = [&](const float* from, std::size_t count) {
    bytes.append(reinterpret_cast<const char*>(from), 4 * count);
  };
  add(weights.units[0].data(), 42);
  bytes.append(24, '\0');
  add(weights.units[1].data(), 30);
  const nn::Unit block = nn::gpt_units(weights.config, 1)[2];
  std::size_t at = 0;
  for (const nn::Tensor& tensor : block.tensors) {
    for (std::size_t layer = 0; layer < 2; ++layer) add(weights.units[2 + layer].data() + at, tensor.size());
    at += tensor.size();
  }
  add(weights.units[4].data(), 12);
  const Gpt2Weights again = read_gpt2(folder.file("gpt2_124M.bin", bytes));
  CHECK(again.config.vocabulary == 7);
  CHECK(again.config.bias);
  CHECK(again.units == weights.units);
  CHECK_THROWS_WITH(read_gpt2(folder.file("cut.bin", bytes.substr(0, 3000))), ContainsSubstring("cut off"));
  CHECK_THROWS_WITH(read_gpt2(folder.file("long.bin", bytes + "x")), ContainsSubstring("more in it"));
  bytes[4] = 9;
  CHECK_THROWS_WITH(read_gpt2(folder.file("new.bin", bytes)), ContainsSubstring("version 9"));
}

TEST_CASE("files that are no GPT-2") {
  const TemporaryFolder folder;
  write_safetensors(folder / "x", {{{"weight", {{1}, {1}}}}, {}});
  CHECK_THROWS_WITH(read_gpt2(folder / "x"), ContainsSubstring("no array wte.weight"));
  write_gpt2(folder / "y", counting(true));
  Safetensors content = read_safetensors(folder / "y");
  content.arrays.erase("h.1.mlp.c_fc.bias");
  write_safetensors(folder / "y", content);
  CHECK_THROWS_WITH(read_gpt2(folder / "y"), ContainsSubstring("no array h.1.mlp.c_fc.bias"));
  CHECK_THROWS_WITH(read_gpt2(folder / ""), ContainsSubstring("cannot open"));
}
