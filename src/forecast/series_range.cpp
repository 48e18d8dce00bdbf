// SPDX-License-Identifier: Apache-2.0
#include <rankine/core/error.hpp>
#include <rankine/forecast/series_range.hpp>

#include "forecast/readers.hpp"

namespace rankine::forecast {

namespace {

LoadedSeries generate(const SeriesRange& range) {
  LoadedSeries loaded;
  for (std::uint64_t k = 0; k < range.count; ++k) {
    GeneratedSeries one = generate_series(range.seed, range.first + k, range.generator);
    loaded.series.push_back(std::move(one.series));
    loaded.expected.push_back(std::move(one.expected));
  }
  return loaded;
}

}  // namespace

LoadedSeries load(const SeriesRange& range) {
  switch (range.kind) {
    case RangeKind::kGiven:
      return {range.given, {}};
    case RangeKind::kGenerated:
      return generate(range);
    case RangeKind::kHdf5:
      return {read_hdf5_range(range.path, range.first, range.count, range.read), {}};
    case RangeKind::kLongCsv:
      return {read_long_csv_range(range.path, range.first, range.count, range.read), {}};
    case RangeKind::kSaved:
      break;
  }
  throw InputError("saved models have no values to load");
}

}  // namespace rankine::forecast
