// SPDX-License-Identifier: Apache-2.0
// Where the series of a run come from, as ranges that can be loaded anywhere: files of which only small ones
// are held in memory, a generator, or saved models.
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

/// What is said of a series of a large CSV file whose rows are found in two places.
InputError not_together(std::string_view id);

class SeriesSource {
 public:
  /// A file as read_dataset knows it. HDF5, and CSV in long form of more than `stream_above` bytes, stay on
  /// disk: ranges of them are read where they are loaded, and rows of a CSV's series must stand together.
  /// Throws InputError or SystemError.
  static SeriesSource of_file(const std::filesystem::path& path, const ReadOptions& options,
                              std::uint64_t stream_above);
  static SeriesSource generated(std::uint64_t seed, std::uint64_t count, const GeneratorOptions& options);
  /// A results file with saved models, to forecast `horizon` steps (0: as many as it has).
  static SeriesSource saved(const std::filesystem::path& path, int horizon);

  const std::string& name() const { return name_; }
  /// Groups that are known ahead, in the order of tables.
  const std::vector<std::string>& groups() const { return groups_; }
  int horizon_max() const { return horizon_max_; }
  bool is_generated() const { return whole_.kind == RangeKind::kGenerated; }
  /// What ranges count: series, or bytes of a CSV file.
  std::uint64_t units() const { return whole_.count; }
  bool counts_bytes() const { return whole_.kind == RangeKind::kLongCsv; }
  /// Of saved models, as make_models reads them; else empty.
  const std::string& models() const { return models_; }
  std::uint64_t seed() const { return whole_.seed; }
  /// SeriesRange::version; empty where ranges hold their values.
  const std::string& version() const { return whole_.version; }

  /// Units first .. first+count-1, or fewer at the end.
  SeriesRange range(std::uint64_t first, std::uint64_t count) const;

 private:
  std::string name_;
  std::vector<std::string> groups_;
  int horizon_max_ = 1;
  std::string models_;
  SeriesRange whole_;
};

}  // namespace rankine::forecast
