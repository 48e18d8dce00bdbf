// SPDX-License-Identifier: Apache-2.0
// What rankine-train keeps in its checkpoints besides numbers, and text from them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <rankine/nn/gpt.hpp>
#include <rankine/train/gpt2_weights.hpp>

namespace train_app {

/// What a GPT is and which text its tokens stand for.
struct About {
  rankine::nn::GptConfig config;
  std::vector<std::string> symbols;  ///< [vocabulary], or empty: not known
};
std::string text_of(const About& about);
/// Throws InputError naming the checkpoint where it is of another program or no GPT.
About about_of(const std::string& text, const std::filesystem::path& checkpoint);

struct Sampling {
  std::size_t tokens = 500;
  std::string prompt = "\n";  ///< text, or numbers of tokens where no text is known
  double temperature = 0.8;   ///< logits are divided by it; 0: the likeliest token
  std::size_t top_k = 200;    ///< only so many likeliest tokens; 0: all
  std::uint64_t seed = 1;
};

/// The prompt and what comes after it.
std::string sample(const About& about, const std::vector<std::vector<float>>& units, const Sampling& how);

/// A GPT out of a checkpoint: its parameters as units of a group of one.
struct Loaded {
  About about;
  std::vector<std::vector<float>> units;
};
Loaded load(const std::filesystem::path& checkpoint);

}  // namespace train_app
