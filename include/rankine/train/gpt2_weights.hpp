// SPDX-License-Identifier: Apache-2.0
// Weights of GPT-2 from and for other programs: safetensors with the names of Hugging Face's GPT-2 (also as
// nanoGPT names and lays them out), and llm.c's checkpoint files.
#pragma once

#include <filesystem>
#include <vector>

#include <rankine/nn/gpt.hpp>

namespace rankine::train {

struct Gpt2Weights {
  nn::GptConfig config;                   ///< without dropout; the vocabulary is the file's
  std::vector<std::vector<float>> units;  ///< whole, as nn::gpt_units(config, 1) lays them out
};

/// A .safetensors file (float32, float16 or bfloat16; dense weights [inputs][outputs] as Hugging Face has
/// them, or [outputs][inputs] as nanoGPT), or llm.c's gpt2_124M.bin. Heads are 64 wide where the file does
/// not say how many there are, as in all GPT-2. Throws InputError naming the file and what is wrong with it.
Gpt2Weights read_gpt2(const std::filesystem::path& path);

/// A .safetensors file that transformers' GPT2LMHeadModel loads, with activation_function="gelu". Biases that
/// the model does not have are written as zeros.
void write_gpt2(const std::filesystem::path& path, const Gpt2Weights& weights);

}  // namespace rankine::train
