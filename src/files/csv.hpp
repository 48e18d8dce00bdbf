// SPDX-License-Identifier: Apache-2.0
// A text file in memory and its lines, fields and numbers, without copies. What columns mean is not known
// here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankine::files {

/// The whole file. Throws InputError when it cannot be opened (missing, a folder, no permission) or is empty,
/// SystemError when reading fails.
std::string read_text(const std::filesystem::path& path);

/// The text of a file without a byte-order mark, as Excel writes one. Throws InputError where it is UTF-16,
/// or compressed by gzip.
std::string_view plain_text(std::string_view text, std::string_view file);

/// Walks over the lines of a text that outlives it; lines without any character but blanks are skipped.
class Lines {
 public:
  /// A whole file, as plain_text takes it.
  Lines(std::string_view text, std::string file) : rest_(plain_text(text, file)), file_(std::move(file)) {}
  /// A part of a file that begins at its byte `first`: lines are then known by where they begin.
  Lines(std::string_view text, std::string file, std::size_t first)
      : rest_(text), file_(std::move(file)), counts_bytes_(true), number_(first), next_byte_(first) {}
  /// False at the end; else line() and number() describe the next line (without its end, "\n" or "\r\n").
  bool next();
  std::string_view line() const { return line_; }
  /// "line" with its number from 1, or "byte" with its position from 0.
  std::string_view unit() const { return counts_bytes_ ? "byte" : "line"; }
  std::size_t number() const { return number_; }
  /// Throws InputError "FILE, line N: text".
  [[noreturn]] void fail(std::string_view text) const;

 private:
  std::string_view rest_;
  std::string_view line_;
  std::string file_;
  bool counts_bytes_ = false;
  std::size_t number_ = 0;
  std::size_t next_byte_ = 0;
};

/// Splits at commas outside double quotes; blanks and quotes around a field are removed. Replaces what
/// `fields` held.
void split_fields(std::string_view line, std::vector<std::string_view>& fields);

/// The whole of `field` as a number (inf and nan count as such); nothing when it is anything else.
std::optional<double> parse_number(std::string_view field);
std::optional<int> parse_integer(std::string_view field);
/// Empty, NA, N/A, null or NaN in any case.
bool is_missing(std::string_view field);

}  // namespace rankine::files
