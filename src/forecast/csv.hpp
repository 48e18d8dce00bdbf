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

#include <rankine/core/error.hpp>
#include <rankine/forecast/reader.hpp>

#include "forecast/text.hpp"

namespace rankine::forecast {

enum class FileKind { kM3, kM4, kM4Folder, kLongCsv, kHdf5 };
/// By name and first bytes; what is unknown counts as CSV in long form. Throws InputError for a hold-out.
FileKind kind_of(const std::filesystem::path& path);

/// The same sentence without characters that steer a terminal: it may quote the file.
InputError printable(const InputError& error);

/// The whole file. Throws InputError when it cannot be opened (missing, a folder, no permission) or is empty,
/// SystemError when reading fails.
std::string read_text(const std::filesystem::path& path);

/// Walks over the lines of a text that outlives it; lines without any character but blanks are skipped.
class Lines {
 public:
  Lines(std::string_view text, std::string file) : rest_(text), file_(std::move(file)) {}
  /// A part of a file that begins at its byte `first`: lines are then known by where they begin.
  Lines(std::string_view text, std::string file, std::size_t first)
      : rest_(text), file_(std::move(file)), unit_("byte"), number_(first), next_byte_(first) {}
  /// False at the end; else line() and number() describe the next line (without its end, "\n" or "\r\n").
  bool next();
  std::string_view line() const { return line_; }
  /// "line" with its number from 1, or "byte" with its position from 0.
  std::string_view unit() const { return unit_; }
  std::size_t number() const { return number_; }
  /// Throws InputError "FILE, line N: text".
  [[noreturn]] void fail(std::string_view text) const;

 private:
  std::string_view rest_;
  std::string_view line_;
  std::string file_;
  std::string_view unit_ = "line";
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

/// Makes the last options.horizon values the hold-out (if set) and replaces the season (if set). A series too
/// short for it gets a defect.
void apply_overrides(Series& series, const ReadOptions& options);

/// Moves the last `horizon` values of `train` to `test`, or sets a defect when fewer than horizon + 1 exist.
void hold_out(Series& series, int horizon);

/// Appends `group` to the dataset's groups unless it is there.
void add_group(Dataset& dataset, const std::string& group);

Dataset read_m3(const std::filesystem::path& path, std::string_view text, const ReadOptions& options);
Dataset read_m4(const std::filesystem::path& train_path, const ReadOptions& options);
Dataset read_long_csv(const std::filesystem::path& path, std::string_view text, const ReadOptions& options);
Dataset read_hdf5(const std::filesystem::path& path, const ReadOptions& options);
SeriesFile read_hdf5_header(const std::filesystem::path& path, const ReadOptions& options);

/// Parts of large files, for SeriesRange.
std::vector<Series> read_hdf5_range(const std::filesystem::path& path, std::uint64_t first,
                                    std::uint64_t count, const ReadOptions& options);
/// Throws InputError unless the file begins with a good header, and the options are complete.
void check_long_csv(const std::filesystem::path& path, const ReadOptions& options);
/// A part's series, whose rows stand together: those whose first row begins in it.
std::vector<Series> read_long_csv_range(const std::filesystem::path& path, std::uint64_t first,
                                        std::uint64_t bytes, const ReadOptions& options);

}  // namespace rankine::forecast
