// SPDX-License-Identifier: Apache-2.0
// A file without a name, written from front to back and read again, any number of times. What the words mean
// is not known here.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace rankine::table {

class SpillFile {
 public:
  /// In `folder` (empty: TMPDIR, else /tmp); `buffer_words` are kept before they are written. Throws
  /// SystemError.
  SpillFile(const std::string& folder, std::size_t buffer_words);
  SpillFile(SpillFile&& other) noexcept;
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(SpillFile&&) = delete;
  ~SpillFile();

  void append(std::span<const std::uint64_t> words);
  /// Writes what is buffered and gives its memory back; nothing is appended after it.
  void finish();
  /// Hands on all words in portions of `words` (the number of words is a multiple of it). From any number of
  /// threads at once.
  void read(std::size_t words, const std::function<void(std::span<const std::uint64_t>)>& use) const;

 private:
  void flush();

  std::string folder_;
  int file_ = -1;
  std::size_t buffer_words_;
  std::vector<std::uint64_t> buffer_;
  std::uint64_t bytes_ = 0;
};

}  // namespace rankine::table
