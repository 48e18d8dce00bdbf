// SPDX-License-Identifier: Apache-2.0
// Files of 16-bit tokens, mapped into memory: nanoGPT's train.bin and val.bin (tokens and nothing else), and
// llm.c's (256 words of 32 bits before them: a magic number, the version, how many tokens).
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/train/tokens.hpp>

namespace rankine::train {

static_assert(std::endian::native == std::endian::little, "token files are little-endian");

namespace {

constexpr std::size_t kHeaderWords = 256;
constexpr std::uint32_t kMagic = 20240520;      // llm.c's, of 16-bit tokens
constexpr std::uint32_t kMagicWide = 20240801;  // of 32-bit tokens (Llama 3)

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& words) {
  throw InputError(fmt::format("{}: {}", path.string(), words));
}

/// The file's bytes; unmapped with the last copy of the pointer.
Array<std::byte> map_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw InputError(fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  struct stat status {};
  const bool known = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  const auto bytes = known ? static_cast<std::size_t>(status.st_size) : 0;
  void* const at = bytes > 0 ? ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0) : MAP_FAILED;
  const int error = errno;
  ::close(file);
  if (!known) fail(path, "this is no plain file");
  if (bytes == 0) fail(path, "the file is empty");
  if (at == MAP_FAILED) throw SystemError(fmt::format("mmap of {}: {}", path.string(), std::strerror(error)));
  std::shared_ptr<const void> owner(at, [bytes](const void* p) { ::munmap(const_cast<void*>(p), bytes); });
  return Array<std::byte>::view(static_cast<const std::byte*>(at), bytes, std::move(owner));
}

/// The tokens of a file, a view of the mapping.
Array<std::uint16_t> tokens_in(const std::filesystem::path& path) {
  auto mapping = std::make_shared<const Array<std::byte>>(map_file(path));
  if (mapping->size() % 2 != 0)
    fail(path, fmt::format("{} bytes are no 16-bit tokens. Is it a text? Then say --text", mapping->size()));
  std::size_t header = 0;
  std::uint32_t words[3] = {};
  std::memcpy(words, mapping->data(), std::min(sizeof(words), mapping->size()));
  if (words[0] == kMagicWide) fail(path, "it has tokens of 32 bits; those of 16 bits are read");
  if (words[0] == kMagic) {
    header = kHeaderWords * sizeof(std::uint32_t);
    if (mapping->size() < header) fail(path, "it is cut off within its header");
    if (words[1] != 1) fail(path, fmt::format("its header is of version {}; 1 is known", words[1]));
    const std::size_t held = (mapping->size() - header) / 2;
    if (held != words[2])
      fail(path, fmt::format("its header says {} tokens, it holds {}: it is cut off", words[2], held));
  }
  const std::byte* const first = mapping->data() + header;
  const std::size_t count = (mapping->size() - header) / 2;
  return Array<std::uint16_t>::view(reinterpret_cast<const std::uint16_t*>(first), count, std::move(mapping));
}

/// The file beside it that has the validation set, if there is one.
std::filesystem::path neighbour(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  const std::size_t at = name.rfind("train");
  if (at == std::string::npos) return {};
  name.replace(at, std::string_view("train").size(), "val");
  std::filesystem::path beside = path.parent_path() / name;
  return std::filesystem::exists(beside) ? beside : std::filesystem::path();
}

Array<std::uint16_t> part(const Array<std::uint16_t>& whole, std::size_t first, std::size_t count) {
  return Array<std::uint16_t>::view(whole.data() + first, count,
                                    std::make_shared<const Array<std::uint16_t>>(whole));
}

std::size_t largest(const Array<std::uint16_t>& tokens) {
  return tokens.empty() ? 0 : *std::max_element(tokens.begin(), tokens.end());
}

/// Ends, middle and length of a file tell it from others well enough; all of it would take minutes.
std::uint64_t digest_of(const Array<std::uint16_t>& tokens) {
  constexpr std::size_t probe = std::size_t{1} << 20;
  const std::span<const std::uint16_t> all = tokens.span();
  std::uint64_t hash = all.size();
  for (const std::size_t first : {std::size_t{0}, all.size() / 2, all.size() - std::min(all.size(), probe)}) {
    const auto piece = all.subspan(first, std::min(probe, all.size() - first));
    hash = hash_blocks(std::as_bytes(piece), hash);
  }
  return hash;
}

void check_tokens(const std::filesystem::path& path, const Array<std::uint16_t>& tokens, std::size_t below) {
  const auto wrong =
      std::find_if(tokens.begin(), tokens.end(), [&](std::uint16_t token) { return token >= below; });
  if (wrong == tokens.end()) return;
  fail(path, fmt::format("token {} at place {} is not below the vocabulary of {}. Is it a file of 16-bit "
                         "tokens, and of this vocabulary?",
                         *wrong, wrong - tokens.begin(), below));
}

}  // namespace

Corpus read_tokens(const std::filesystem::path& path, const std::filesystem::path& validation,
                   std::size_t vocabulary) {
  Corpus corpus;
  corpus.name = path.string();
  corpus.training = tokens_in(path);
  const std::filesystem::path other = validation.empty() ? neighbour(path) : validation;
  if (!other.empty()) {
    corpus.validation = tokens_in(other);
  } else {
    const std::size_t cut = corpus.training.size() * 9 / 10;
    corpus.validation = part(corpus.training, cut, corpus.training.size() - cut);
    corpus.training = part(corpus.training, 0, cut);
  }
  if (vocabulary == 0) {
    vocabulary = std::max(largest(corpus.training), largest(corpus.validation)) + 1;
  } else {
    check_tokens(path, corpus.training, vocabulary);
    check_tokens(other.empty() ? path : other, corpus.validation, vocabulary);
  }
  corpus.vocabulary = vocabulary;
  corpus.digest = hash_mix(digest_of(corpus.training), digest_of(corpus.validation));
  return corpus;
}

}  // namespace rankine::train
