// SPDX-License-Identifier: Apache-2.0
// Text as tokens: files of 16-bit tokens as nanoGPT and llm.c write them, text files taken character by
// character, and a generated text for those who have none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rankine/serialize/array.hpp>

namespace rankine::train {

struct Corpus {
  std::string name;               ///< of the file, for errors
  Array<std::uint16_t> training;  ///< tokens, each below `vocabulary`; a large file is mapped, not read
  Array<std::uint16_t> validation;
  std::size_t vocabulary = 0;
  std::vector<std::string> symbols = {};  ///< [vocabulary] in UTF-8, or empty where tokens have no known text
  std::uint64_t digest = 0;               ///< of all tokens, for checkpoints that go on with the same data
};

/// Characters (code points of UTF-8) in the order of their numbers are the tokens; the first 90 % are for
/// training, as in nanoGPT. Throws InputError for a text that is not UTF-8 or has fewer than two characters.
Corpus tokenise(std::string_view text, const std::string& name);
Corpus read_text(const std::filesystem::path& path);

/// Tokens of a file: 16 bits each, as they are (nanoGPT), or behind llm.c's header of 256 32-bit words. The
/// validation set is `validation`, or else the file beside it of the same name with val for train, or else
/// the last tenth. `vocabulary` 0: the largest token and one. Throws InputError naming the file for one of
/// an odd size, one that does not hold what its header says, and a token that is not below `vocabulary`.
Corpus read_tokens(const std::filesystem::path& path, const std::filesystem::path& validation = {},
                   std::size_t vocabulary = 0);

/// Sentences made by a small grammar from a seed: about `characters` of them, the same everywhere. Agreement,
/// sums and brackets in it take a model with memory to learn.
std::string generate_text(std::size_t characters, std::uint64_t seed);

/// The text of tokens: their symbols, or their numbers where there are no symbols.
std::string text_of(const std::vector<std::string>& symbols, std::span<const std::int32_t> tokens);
/// The reverse. Throws InputError naming the first character that has no token.
std::vector<std::int32_t> tokens_of(const std::vector<std::string>& symbols, std::string_view text);

}  // namespace rankine::train
