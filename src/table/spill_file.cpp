// SPDX-License-Identifier: Apache-2.0
#include "table/spill_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/nameless_file.hpp"

namespace rankine::table {

namespace {

std::string folder_or_default(const std::string& folder) {
  if (!folder.empty()) return folder;
  const char* temporary = std::getenv("TMPDIR");
  return temporary != nullptr && *temporary != 0 ? temporary : "/tmp";
}

int open_in(const std::string& folder) {
  const int file = files::open_nameless(folder);
  if (file >= 0) return file;
  throw SystemError(
      fmt::format("no file can be made in {}: {}; name another folder for what does not fit into memory",
                  folder, std::strerror(errno)));
}

}  // namespace

SpillFile::SpillFile(const std::string& folder, std::size_t buffer_words)
    : folder_(folder_or_default(folder)), file_(open_in(folder_)), buffer_words_(buffer_words) {
  buffer_.reserve(buffer_words);
}

SpillFile::SpillFile(SpillFile&& other) noexcept
    : folder_(std::move(other.folder_)),
      file_(std::exchange(other.file_, -1)),
      buffer_words_(other.buffer_words_),
      buffer_(std::move(other.buffer_)),
      bytes_(other.bytes_) {}

SpillFile::~SpillFile() {
  if (file_ >= 0) close(file_);
}

void SpillFile::append(std::span<const std::uint64_t> words) {
  if (buffer_.size() + words.size() > buffer_words_) flush();
  buffer_.insert(buffer_.end(), words.begin(), words.end());
}

void SpillFile::finish() {
  flush();
  buffer_ = {};
}

void SpillFile::flush() {
  const char* from = reinterpret_cast<const char*>(buffer_.data());
  std::size_t left = 8 * buffer_.size();
  while (left > 0) {
    const ssize_t written = write(file_, from, left);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      throw SystemError(
          fmt::format("writing to {} failed after {} bytes: {}; free some space or name "
                      "another folder",
                      folder_, bytes_, std::strerror(errno)));
    }
    from += written;
    left -= static_cast<std::size_t>(written);
    bytes_ += static_cast<std::uint64_t>(written);
  }
  buffer_.clear();
}

void SpillFile::read(std::size_t words,
                     const std::function<void(std::span<const std::uint64_t>)>& use) const {
  const std::size_t block_words = std::max<std::size_t>(1, (std::size_t{1} << 16) / words) * words;
  std::vector<std::uint64_t> block(block_words);
  for (std::uint64_t at = 0; at < bytes_;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(8 * block_words, bytes_ - at));
    std::size_t got = 0;
    while (got < wanted) {
      const ssize_t now = pread(file_, reinterpret_cast<char*>(block.data()) + got, wanted - got,
                                static_cast<off_t>(at + got));
      if (now < 0 && errno == EINTR) continue;
      if (now <= 0) {
        throw SystemError(fmt::format("reading back what was put into {} failed at byte {}: {}", folder_,
                                      at + got, now < 0 ? std::strerror(errno) : "it is cut short"));
      }
      got += static_cast<std::size_t>(now);
    }
    for (std::size_t k = 0; 8 * k < wanted; k += words) use(std::span(block).subspan(k, words));
    at += wanted;
  }
}

}  // namespace rankine::table
