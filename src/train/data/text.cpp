// SPDX-License-Identifier: Apache-2.0
// Characters as tokens.
#include <algorithm>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/train/tokens.hpp>

#include "files/csv.hpp"
#include "train/data/utf8.hpp"

namespace rankine::train {

Corpus tokenise(std::string_view text, const std::string& name) {
  const std::u32string points = decode_utf8(text, name);
  if (points.size() < 2)
    throw InputError(fmt::format("{}: {} characters are no text to learn from", name, points.size()));
  std::u32string known = points;
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  if (known.size() > std::size_t{std::numeric_limits<std::uint16_t>::max()} + 1)
    throw InputError(fmt::format("{}: {} different characters, at most 65,536", name, known.size()));
  std::unordered_map<char32_t, std::uint16_t> token;
  Corpus corpus;
  corpus.name = name;
  for (const char32_t point : known) {
    token.emplace(point, static_cast<std::uint16_t>(corpus.symbols.size()));
    corpus.symbols.push_back(encode_utf8(point));
  }
  std::vector<std::uint16_t> tokens(points.size());
  std::transform(points.begin(), points.end(), tokens.begin(), [&](char32_t point) { return token[point]; });
  const std::size_t cut = tokens.size() * 9 / 10;
  corpus.validation = Array<std::uint16_t>(
      std::vector<std::uint16_t>(tokens.begin() + static_cast<std::ptrdiff_t>(cut), tokens.end()));
  tokens.resize(cut);
  corpus.training = Array<std::uint16_t>(std::move(tokens));
  corpus.vocabulary = known.size();
  corpus.digest = hash_text(text);
  return corpus;
}

Corpus read_text(const std::filesystem::path& path) {
  std::error_code unknown;
  if (std::filesystem::file_size(path, unknown) == 0 && !unknown)
    throw InputError(path.string() + ": the file is empty");
  return tokenise(files::read_text(path), path.string());
}

std::string text_of(const std::vector<std::string>& symbols, std::span<const std::int32_t> tokens) {
  std::string text;
  for (const std::int32_t token : tokens) {
    const auto place = static_cast<std::size_t>(token);
    if (token >= 0 && place < symbols.size()) {
      text += symbols[place];
    } else {
      text += fmt::format("{}{}", text.empty() ? "" : " ", token);
    }
  }
  return text;
}

std::vector<std::int32_t> tokens_of(const std::vector<std::string>& symbols, std::string_view text) {
  std::unordered_map<std::string_view, std::int32_t> token;
  for (std::size_t k = 0; k < symbols.size(); ++k) token.emplace(symbols[k], static_cast<std::int32_t>(k));
  std::vector<std::int32_t> tokens;
  for (const char32_t point : decode_utf8(text, "the prompt")) {
    const std::string symbol = encode_utf8(point);
    const auto found = token.find(symbol);
    if (found == token.end())
      throw InputError(fmt::format("the prompt has \"{}\", which the training text does not have", symbol));
    tokens.push_back(found->second);
  }
  return tokens;
}

}  // namespace rankine::train
