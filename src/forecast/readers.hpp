// SPDX-License-Identifier: Apache-2.0
// The readers behind forecast/reader.hpp, one for each layout, and what they share about series.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/forecast/reader.hpp>
#include <rankine/forecast/series_range.hpp>

namespace rankine::forecast {

enum class FileKind { kM3, kM4, kM4Folder, kLongCsv, kHdf5 };
/// By name and first bytes; what is unknown counts as CSV in long form. Throws InputError for a hold-out.
FileKind kind_of(const std::filesystem::path& path);

/// The same sentence without characters that steer a terminal: it may quote the file.
InputError printable(const InputError& error);

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
