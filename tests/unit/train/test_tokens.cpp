// SPDX-License-Identifier: Apache-2.0
// Text and token files: what is read, and what is said of files that are wrong.
#include <cstring>
#include <numeric>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/train/tokens.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

using namespace rankine::train;
using rankine::InputError;

namespace {

std::string bytes_of(const std::vector<std::uint16_t>& tokens) {
  return {reinterpret_cast<const char*>(tokens.data()), 2 * tokens.size()};
}

/// A file as llm.c writes it.
std::string with_header(const std::vector<std::uint16_t>& tokens, std::uint32_t said,
                        std::uint32_t version = 1, std::uint32_t magic = 20240520) {
  std::vector<std::uint32_t> header(256, 0);
  header[0] = magic;
  header[1] = version;
  header[2] = said;
  return std::string(reinterpret_cast<const char*>(header.data()), 1024) + bytes_of(tokens);
}

std::vector<std::uint16_t> counting(std::size_t count) {
  std::vector<std::uint16_t> tokens(count);
  std::iota(tokens.begin(), tokens.end(), std::uint16_t{0});
  return tokens;
}

std::vector<std::uint16_t> list(const rankine::Array<std::uint16_t>& tokens) {
  return {tokens.begin(), tokens.end()};
}

}  // namespace

TEST_CASE("characters in the order of their numbers are the tokens") {
  const Corpus corpus = tokenise("bca\u00e9\u20acaab", "a text");
  CHECK(corpus.symbols == std::vector<std::string>{"a", "b", "c", "\u00e9", "\u20ac"});
  CHECK(corpus.vocabulary == 5);
  CHECK(list(corpus.training) == std::vector<std::uint16_t>{1, 2, 0, 3, 4, 0, 0});  // 7 of 8
  CHECK(list(corpus.validation) == std::vector<std::uint16_t>{1});
  const std::vector<std::int32_t> tokens = tokens_of(corpus.symbols, "c\u20acb");
  CHECK(tokens == std::vector<std::int32_t>{2, 4, 1});
  CHECK(text_of(corpus.symbols, tokens) == "c\u20acb");
  CHECK(text_of({}, tokens) == "2 4 1");
  CHECK_THROWS_WITH(tokens_of(corpus.symbols, "abx"), ContainsSubstring("\"x\""));
  CHECK(corpus.digest != tokenise("bca\u00e9\u20acaac", "a text").digest);
}

TEST_CASE("what is no UTF-8 is named with its place") {
  for (const char* bad : {"ab\xff", "ab\xc3", "ab\xe0\x80\x80", "ab\xed\xa0\x80", "ab\xf5\x80\x80\x80"})
    CHECK_THROWS_WITH(tokenise(bad, "notes.txt"), ContainsSubstring("notes.txt: byte 2"));
  CHECK_THROWS_AS(tokenise("a", "short"), InputError);
}

TEST_CASE("text files") {
  const TemporaryFolder folder;
  CHECK(read_text(folder.file("a.txt", "hello hello hello\n")).vocabulary == 6);
  CHECK_THROWS_WITH(read_text(folder.file("empty.txt", "")),
                    ContainsSubstring("empty.txt: the file is empty"));
  CHECK_THROWS_WITH(read_text(folder / "none.txt"), ContainsSubstring("none.txt"));
  CHECK_THROWS_WITH(read_text(folder / ""), ContainsSubstring("folder"));
}

TEST_CASE("token files of nanoGPT: the last tenth, a file beside it, or the one that is named, to validate") {
  const TemporaryFolder folder;
  const auto path = folder.file("train.bin", bytes_of(counting(20)));
  const Corpus alone = read_tokens(path);
  CHECK(alone.training.size() == 18);
  CHECK(list(alone.validation) == std::vector<std::uint16_t>{18, 19});
  CHECK(alone.vocabulary == 20);
  folder.file("val.bin", bytes_of({7, 8, 30}));
  const Corpus beside = read_tokens(path);
  CHECK(beside.training.size() == 20);
  CHECK(list(beside.validation) == std::vector<std::uint16_t>{7, 8, 30});
  CHECK(beside.vocabulary == 31);
  CHECK(beside.digest != alone.digest);
  CHECK(list(read_tokens(path, folder.file("other.bin", bytes_of({1, 2}))).validation) ==
        std::vector<std::uint16_t>{1, 2});
  CHECK(read_tokens(path, {}, 50304).vocabulary == 50304);
}

TEST_CASE("token files of llm.c") {
  const TemporaryFolder folder;
  const Corpus corpus = read_tokens(folder.file("shard.bin", with_header(counting(100), 100)));
  CHECK(corpus.training.size() == 90);
  CHECK(corpus.training.data()[89] == 89);
  CHECK_THROWS_WITH(read_tokens(folder.file("cut.bin", with_header(counting(99), 100))),
                    ContainsSubstring("says 100 tokens, it holds 99"));
  CHECK_THROWS_WITH(read_tokens(folder.file("new.bin", with_header(counting(100), 100, 2))),
                    ContainsSubstring("version 2"));
  CHECK_THROWS_WITH(read_tokens(folder.file("wide.bin", with_header(counting(100), 50, 1, 20240801))),
                    ContainsSubstring("32 bits"));
  CHECK_THROWS_WITH(read_tokens(folder.file("head.bin", with_header({}, 0).substr(0, 100))),
                    ContainsSubstring("cut off within its header"));
}

TEST_CASE("wrong token files") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(read_tokens(folder.file("odd.bin", "abc")), ContainsSubstring("3 bytes are no 16-bit"));
  CHECK_THROWS_WITH(read_tokens(folder.file("none.bin", "")), ContainsSubstring("empty"));
  CHECK_THROWS_WITH(read_tokens(folder / "absent.bin"), ContainsSubstring("absent.bin"));
  CHECK_THROWS_WITH(read_tokens(folder / ""), ContainsSubstring("no plain file"));
  CHECK_THROWS_WITH(read_tokens(folder.file("t.bin", bytes_of({1, 2, 70, 4})), {}, 65),
                    ContainsSubstring("token 70 at place 2 is not below the vocabulary of 65"));
  folder.file("train_x.bin", bytes_of({1, 2}));
  folder.file("val_x.bin", bytes_of({99}));
  CHECK_THROWS_WITH(read_tokens(folder / "train_x.bin", {}, 65), ContainsSubstring("val_x.bin: token 99"));
}

TEST_CASE("the generated text is the same everywhere, as long as it was asked for, and closes its brackets") {
  const std::string text = generate_text(20'000, 1);
  CHECK(text.size() >= 20'000);
  CHECK(text.size() < 21'000);
  CHECK(text == generate_text(20'000, 1));
  CHECK(text.substr(0, 5'000) == generate_text(5'000, 1).substr(0, 5'000));
  CHECK(text != generate_text(20'000, 2));
  std::string open;
  for (const char c : text) {
    if (c == '(' || c == '[') open.push_back(c);
    if (c != ')' && c != ']') continue;
    REQUIRE(!open.empty());
    CHECK(open.back() == (c == ')' ? '(' : '['));
    open.pop_back();
  }
  CHECK(open.empty());
  CHECK(tokenise(text, "generated").vocabulary < 80);
}
