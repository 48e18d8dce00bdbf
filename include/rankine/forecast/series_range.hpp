// SPDX-License-Identifier: Apache-2.0
// Some consecutive series of a source, named by a few numbers and loaded where they are fitted: given ones,
// generated ones, or those of a part of a file that all ranks can open.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rankine/forecast/generator.hpp>
#include <rankine/forecast/reader.hpp>
#include <rankine/forecast/series.hpp>

namespace rankine::forecast {

enum class RangeKind : std::uint8_t {
  kGiven,      ///< `given` itself
  kGenerated,  ///< series first .. first+count-1 of (seed, generator)
  kHdf5,       ///< series first .. first+count-1 of the file, as read_dataset describes it
  kLongCsv,    ///< the series whose first row begins in bytes first .. first+count-1 of the file
  kSaved       ///< series first .. first+count-1 of a results file with saved models
};

struct SeriesRange {
  RangeKind kind = RangeKind::kGiven;
  std::vector<Series> given;
  std::string path;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t seed = 0;
  GeneratorOptions generator;
  ReadOptions read;
  /// Of the file at `path`: its size and when it was changed. What was fitted to an older one is not taken
  /// for what this one gives.
  std::string version;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& kind& given& path& first& count& seed& generator& read& version;
  }
};

struct LoadedSeries {
  std::vector<Series> series;
  std::vector<std::vector<double>> expected;  ///< of generated series, as GeneratedSeries::expected; or empty
};

/// Throws InputError or SystemError where a file is wrong, and for kSaved, which has no values.
LoadedSeries load(const SeriesRange& range);

}  // namespace rankine::forecast
