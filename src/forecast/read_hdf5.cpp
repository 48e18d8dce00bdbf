// SPDX-License-Identifier: Apache-2.0
// Series in HDF5: the layout is described at read_dataset. Reads and writes it, also parts of it; results
// have a layout of their own.
#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/hdf5.hpp"
#include "files/hdf5_writer.hpp"
#include "forecast/readers.hpp"

namespace rankine::forecast {

SeriesFile read_hdf5_header(const std::filesystem::path& path, const ReadOptions& options) {
  const files::Hdf5Reader file(path);
  SeriesFile header;
  header.name = path.stem().string();
  header.season = options.season > 0 ? options.season : static_cast<int>(file.attribute("season", 0));
  header.horizon = options.horizon > 0 ? options.horizon : static_cast<int>(file.attribute("horizon", 0));
  if (header.season < 1 || header.horizon < 1) {
    throw InputError(
        fmt::format("{} has no attributes season and horizon of at least 1; give both", path.string()));
  }
  header.own_season = static_cast<int>(file.attribute("season", 0));
  const auto rows = [&](const std::string& name) {
    const std::vector<std::size_t> shape = file.shape(name);
    return shape.empty() ? std::size_t{0} : shape[0];
  };
  header.series = rows("ids");
  header.values = rows("values");
  const std::size_t offsets = rows("offsets");
  const std::size_t groups = file.has("groups") ? rows("groups") : header.series;
  const auto fail = [&](const std::string& text) {
    throw InputError(fmt::format("{}: {}", path.string(), text));
  };
  if (offsets != header.series + 1)
    fail(fmt::format("{} ids need {} offsets, found {}", header.series, header.series + 1, offsets));
  if (groups != header.series) fail(fmt::format("{} ids but {} groups", header.series, groups));
  const std::int64_t first = file.integers("offsets", 0, 1)[0];
  const std::int64_t last = file.integers("offsets", header.series, 1)[0];
  if (first != 0 || last != static_cast<std::int64_t>(header.values)) {
    fail(fmt::format("offsets must run from 0 to the number of values, {}; they run from {} to {}",
                     header.values, first, last));
  }
  return header;
}

std::vector<Series> read_hdf5_range(const std::filesystem::path& path, std::uint64_t first,
                                    std::uint64_t count, const ReadOptions& options) {
  const SeriesFile header = read_hdf5_header(path, options);
  const files::Hdf5Reader file(path);
  const std::vector<std::string> ids = file.texts("ids", first, count);
  const std::vector<std::string> groups =
      file.has("groups") ? file.texts("groups", first, count) : std::vector<std::string>(ids.size(), "All");
  const std::vector<std::int64_t> offsets = file.integers("offsets", first, count + 1);
  for (std::size_t k = 1; k < offsets.size(); ++k) {
    if (offsets[k] < offsets[k - 1] || offsets[k] > static_cast<std::int64_t>(header.values) ||
        offsets[0] < 0) {
      throw InputError(fmt::format("{}: offset {} is smaller than the one before it, or beyond the values",
                                   path.string(), first + k));
    }
  }
  const auto begin = static_cast<std::uint64_t>(offsets.front());
  const std::vector<double> values =
      file.doubles("values", begin, static_cast<std::uint64_t>(offsets.back()) - begin);
  std::vector<Series> all(ids.size());
  for (std::size_t k = 0; k < ids.size(); ++k) {
    Series& series = all[k];
    series.id = ids[k];
    series.group = groups[k];
    series.season = header.season;
    series.own_season = header.own_season;
    series.train.assign(values.begin() + (offsets[k] - offsets[0]),
                        values.begin() + (offsets[k + 1] - offsets[0]));
    hold_out(series, header.horizon);
  }
  return all;
}

Dataset read_hdf5(const std::filesystem::path& path, const ReadOptions& options) {
  const SeriesFile header = read_hdf5_header(path, options);
  Dataset dataset;
  dataset.name = header.name;
  dataset.series = read_hdf5_range(path, 0, header.series, options);
  for (const Series& series : dataset.series) add_group(dataset, series.group);
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
  files::Hdf5Writer file(path);
  file.write("ids", ids);
  file.write("groups", groups);
  file.write("offsets", offsets);
  file.write("values", values);
  file.attribute("/", "season", std::int64_t{dataset.series.front().season});
  file.attribute("/", "horizon", std::int64_t{dataset.series.front().horizon});
  file.close();
}

}  // namespace rankine::forecast
