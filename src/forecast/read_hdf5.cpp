// SPDX-License-Identifier: Apache-2.0
// Series in HDF5: the layout is described at read_dataset. Reads and writes it; results have a layout of
// their own.
#include <cmath>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "forecast/csv.hpp"
#include "forecast/hdf5.hpp"

namespace rankine::forecast {

namespace {

void check_layout(const std::string& file, std::size_t ids, const std::vector<std::int64_t>& offsets,
                  std::size_t values, std::size_t groups) {
  const auto fail = [&](const std::string& text) { throw InputError(fmt::format("{}: {}", file, text)); };
  if (offsets.size() != ids + 1) {
    fail(fmt::format("{} ids need {} offsets, found {}", ids, ids + 1, offsets.size()));
  }
  if (groups != ids) fail(fmt::format("{} ids but {} groups", ids, groups));
  if (offsets.front() != 0 || offsets.back() != static_cast<std::int64_t>(values)) {
    fail(fmt::format("offsets must run from 0 to the number of values, {}; they run from {} to {}", values,
                     offsets.front(), offsets.back()));
  }
  for (std::size_t k = 1; k < offsets.size(); ++k) {
    if (offsets[k] < offsets[k - 1]) fail(fmt::format("offset {} is smaller than the one before it", k));
  }
}

}  // namespace

Dataset read_hdf5(const std::filesystem::path& path, const ReadOptions& options) {
  const Hdf5Reader file(path);
  const std::vector<std::string> ids = file.texts("ids");
  const std::vector<std::int64_t> offsets = file.integers("offsets");
  const std::vector<double> values = file.doubles("values");
  const std::vector<std::string> groups =
      file.has("groups") ? file.texts("groups") : std::vector<std::string>(ids.size(), "All");
  check_layout(path.string(), ids.size(), offsets, values.size(), groups.size());
  const auto season = options.season > 0 ? options.season : static_cast<int>(file.attribute("season", 0));
  const auto horizon = options.horizon > 0 ? options.horizon : static_cast<int>(file.attribute("horizon", 0));
  if (season < 1 || horizon < 1) {
    throw InputError(
        fmt::format("{} has no attributes season and horizon of at least 1; give both", path.string()));
  }
  Dataset dataset;
  dataset.name = path.stem().string();
  for (std::size_t k = 0; k < ids.size(); ++k) {
    Series series;
    series.id = ids[k];
    series.group = groups[k];
    series.season = season;
    series.train.assign(values.begin() + offsets[k], values.begin() + offsets[k + 1]);
    hold_out(series, horizon);
    add_group(dataset, series.group);
    dataset.series.push_back(std::move(series));
  }
  return dataset;
}

void write_dataset_hdf5(const std::filesystem::path& path, const Dataset& dataset) {
  std::vector<std::string> ids;
  std::vector<std::string> groups;
  std::vector<std::int64_t> offsets{0};
  std::vector<double> values;
  for (const Series& series : dataset.series) {
    const Series& first = dataset.series.front();
    if (series.season != first.season || series.horizon != first.horizon) {
      throw InputError(
          fmt::format("series {} and {} differ in season or horizon; write them to files of their own",
                      first.id, series.id));
    }
    ids.push_back(series.id);
    groups.push_back(series.group);
    values.insert(values.end(), series.train.begin(), series.train.end());
    values.insert(values.end(), series.test.begin(), series.test.end());
    offsets.push_back(static_cast<std::int64_t>(values.size()));
  }
  if (ids.empty()) throw InputError(fmt::format("{}: there is no series to write", path.string()));
  Hdf5Writer file(path);
  file.write("ids", ids);
  file.write("groups", groups);
  file.write("offsets", offsets, {offsets.size()});
  file.write("values", values, {values.size()});
  file.attribute("/", "season", std::int64_t{dataset.series.front().season});
  file.attribute("/", "horizon", std::int64_t{dataset.series.front().horizon});
  file.close();
}

}  // namespace rankine::forecast
