// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/forecast/saved_models.hpp>
#include <rankine/forecast/series_source.hpp>

#include "forecast/readers.hpp"

namespace rankine::forecast {

namespace {

std::string version_of(const std::filesystem::path& path) {
  std::error_code ignored;
  const std::uintmax_t bytes = std::filesystem::file_size(path, ignored);
  const auto changed = std::filesystem::last_write_time(path, ignored).time_since_epoch().count();
  return fmt::format("{} bytes, changed {}", bytes, changed);
}

}  // namespace

SeriesSource SeriesSource::of_file(const std::filesystem::path& path, const ReadOptions& options,
                                   std::uint64_t stream_above) try {
  SeriesSource source;
  const FileKind kind = kind_of(path);
  source.name_ = path.stem().string();
  source.whole_.path = path.string();
  source.whole_.read = options;
  std::error_code no_size;
  const std::uintmax_t bytes = std::filesystem::file_size(path, no_size);
  if (kind == FileKind::kHdf5) {
    const SeriesFile header = read_hdf5_header(path, options);
    source.whole_.kind = RangeKind::kHdf5;
    source.whole_.count = header.series;
    source.whole_.version = version_of(path);
    source.horizon_max_ = header.horizon;
  } else if (kind == FileKind::kLongCsv && !no_size && bytes > stream_above) {
    check_long_csv(path, options);
    source.whole_.kind = RangeKind::kLongCsv;
    source.whole_.count = bytes;
    source.whole_.version = version_of(path);
    source.horizon_max_ = options.horizon;
  } else {
    Dataset dataset = read_dataset(path, options);
    source.name_ = dataset.name;
    source.groups_ = std::move(dataset.groups);
    for (const Series& series : dataset.series)
      source.horizon_max_ = std::max(source.horizon_max_, series.horizon);
    source.whole_.given = std::move(dataset.series);
    source.whole_.count = source.whole_.given.size();
  }
  return source;
} catch (const InputError& error) {
  throw printable(error);
}

SeriesSource SeriesSource::generated(std::uint64_t seed, std::uint64_t count,
                                     const GeneratorOptions& options) {
  check(options);
  SeriesSource source;
  source.name_ = "generated";
  source.groups_ = generated_groups(options);
  source.horizon_max_ = options.horizon;
  source.whole_.kind = RangeKind::kGenerated;
  source.whole_.seed = seed;
  source.whole_.count = count;
  source.whole_.generator = options;
  return source;
}

SeriesSource SeriesSource::saved(const std::filesystem::path& path, int horizon) {
  const SavedHeader header = read_saved_header(path.string());
  SeriesSource source;
  source.name_ = header.dataset;
  source.groups_ = header.groups;
  source.horizon_max_ = horizon > 0 ? horizon : header.horizon_max;
  source.models_ = header.models;
  source.whole_.kind = RangeKind::kSaved;
  source.whole_.path = path.string();
  source.whole_.seed = header.seed;
  source.whole_.count = header.series;
  source.whole_.version = version_of(path);
  source.whole_.read.horizon = horizon;
  return source;
}

SeriesRange SeriesSource::range(std::uint64_t first, std::uint64_t count) const {
  SeriesRange part;
  part.kind = whole_.kind;
  part.path = whole_.path;
  part.first = std::min(first, whole_.count);
  part.count = std::min(count, whole_.count - part.first);
  part.seed = whole_.seed;
  part.generator = whole_.generator;
  part.read = whole_.read;
  part.version = whole_.version;
  if (whole_.kind == RangeKind::kGiven) {
    const auto from = whole_.given.begin() + static_cast<std::ptrdiff_t>(part.first);
    part.given.assign(from, from + static_cast<std::ptrdiff_t>(part.count));
  }
  return part;
}

}  // namespace rankine::forecast
