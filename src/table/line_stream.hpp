// SPDX-License-Identifier: Apache-2.0
// The lines of a text file, plain or gzip, in blocks of about a mebibyte. What is in a line is not known
// here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>

namespace rankine::table {

class LineStream {
 public:
  /// Throws InputError when the file cannot be opened or is a folder.
  explicit LineStream(const std::filesystem::path& path);

  /// Replaces `lines` by the next ones, without their ends; they are good until the next call. False when
  /// there are no more. Throws InputError for a damaged or torn gzip file, or a line of more than 256 MiB.
  bool next(std::vector<std::string_view>& lines);
  /// Number, from 1, of the first line that next() gave last.
  std::uint64_t first_number() const { return first_number_; }
  void rewind();

 private:
  bool read_more();

  std::string path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile_s*)> file_;
  std::string buffer_;
  std::size_t used_ = 0;  ///< bytes of the buffer that were given as lines
  bool ended_ = false;
  std::uint64_t first_number_ = 1;
  std::uint64_t lines_before_ = 0;
};

}  // namespace rankine::table
