// SPDX-License-Identifier: Apache-2.0
#include "train_sample.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/train/checkpoint.hpp>
#include <rankine/train/tokens.hpp>

namespace train_app {

namespace rk = rankine;

std::string text_of(const About& about) {
  const rk::nn::GptConfig& c = about.config;
  nlohmann::ordered_json json;
  json["model"] = "gpt";
  json["layers"] = c.layers;
  json["heads"] = c.heads;
  json["width"] = c.width;
  json["context"] = c.context;
  json["vocabulary"] = c.vocabulary;
  json["bias"] = c.bias;
  json["symbols"] = about.symbols;
  return json.dump();
}

About about_of(const std::string& text, const std::filesystem::path& checkpoint) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("model", "") != "gpt")
    throw rk::InputError(fmt::format("{} holds no GPT of rankine-train", checkpoint.string()));
  About about;
  try {
    rk::nn::GptConfig& c = about.config;
    c.layers = json.at("layers");
    c.heads = json.at("heads");
    c.width = json.at("width");
    c.context = json.at("context");
    c.vocabulary = json.at("vocabulary");
    c.bias = json.at("bias");
    about.symbols = json.at("symbols").get<std::vector<std::string>>();
  } catch (const nlohmann::json::exception& error) {
    throw rk::InputError(
        fmt::format("{}: its description is damaged: {}", checkpoint.string(), error.what()));
  }
  return about;
}

namespace {

std::vector<std::int32_t> prompt_tokens(const About& about, const std::string& prompt) {
  if (!about.symbols.empty()) return rk::train::tokens_of(about.symbols, prompt);
  std::vector<std::int32_t> tokens;
  std::istringstream words(prompt);
  for (std::string word; words >> word;) {
    std::int32_t token = -1;
    std::istringstream(word) >> token;
    if (token < 0 || static_cast<std::size_t>(token) >= about.config.vocabulary) {
      throw rk::InputError(
          fmt::format("--prompt: \"{}\" is no token (0 .. {}); the text of this model's "
                      "tokens is not known, so the prompt is numbers",
                      word, about.config.vocabulary - 1));
    }
    tokens.push_back(token);
  }
  return tokens;
}

/// Draws from the softmax of logits / temperature over the top_k likeliest.
std::int32_t draw(std::span<const float> logits, const Sampling& how, rk::Philox& random) {
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto likelier = [&](std::int32_t a, std::int32_t b) {
    const float x = logits[static_cast<std::size_t>(a)];
    const float y = logits[static_cast<std::size_t>(b)];
    return x > y || (x == y && a < b);
  };
  const std::size_t most = how.temperature == 0 ? 1
                           : how.top_k == 0     ? order.size()
                                                : std::min(how.top_k, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most), order.end(), likelier);
  if (most == 1) return order[0];
  std::vector<double> weights(most);
  const double top = logits[static_cast<std::size_t>(order[0])];
  for (std::size_t k = 0; k < most; ++k)
    weights[k] = std::exp((logits[static_cast<std::size_t>(order[k])] - top) / how.temperature);
  double left = random.uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t k = 0; k < most; ++k)
    if ((left -= weights[k]) < 0) return order[k];
  return order[most - 1];
}

}  // namespace

std::string sample(const About& about, const std::vector<std::vector<float>>& units, const Sampling& how) {
  std::vector<std::int32_t> tokens = prompt_tokens(about, how.prompt);
  if (tokens.empty()) throw rk::InputError("--prompt is empty: it must have one token or more");
  std::vector<const float*> parameters;
  for (const std::vector<float>& unit : units) parameters.push_back(unit.data());
  rk::nn::GptReader reader(about.config, parameters);
  std::span<const float> logits;
  for (const std::int32_t token : tokens) logits = reader.read(token);
  rk::Philox random(how.seed, 0x73616d706c65);
  for (std::size_t k = 0; k < how.tokens; ++k) {
    tokens.push_back(draw(logits, how, random));
    if (k + 1 < how.tokens) logits = reader.read(tokens.back());
  }
  return rk::train::text_of(about.symbols, tokens);
}

Loaded load(const std::filesystem::path& checkpoint) {
  rk::train::CheckpointReader reader(checkpoint);
  Loaded loaded{about_of(reader.progress().about, checkpoint), {}};
  reader.check_units(rk::nn::gpt_units(loaded.about.config, 1));
  for (std::size_t unit = 0; unit < reader.units().size(); ++unit)
    loaded.units.push_back(reader.whole(unit).parameters);
  return loaded;
}

}  // namespace train_app
