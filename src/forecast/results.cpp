// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/forecast/results.hpp>

#include "forecast/hdf5.hpp"
#include "forecast/sha256.hpp"

namespace rankine::forecast {

namespace {

std::int32_t index_of(const std::vector<std::string>& groups, const std::string& group) {
  const auto found = std::find(groups.begin(), groups.end(), group);
  if (found == groups.end())
    throw InputError(fmt::format("group \"{}\" is not in the dataset's groups", group));
  return static_cast<std::int32_t>(found - groups.begin());
}

void check_complete(const Results& results) {
  const auto series = static_cast<std::int64_t>(results.ids.size());
  const auto models = static_cast<std::int64_t>(results.models.size());
  if (results.fits.series != series || (series > 0 && results.fits.models != models)) {
    throw InputError(fmt::format("{} series and {} models have fits for {} and {}: a chunk is missing",
                                 series, models, results.fits.series, results.fits.models));
  }
}

/// Forecasts of unequal horizons as one S x M x H block, padded with NaN.
std::vector<double> padded(const ChunkResult& fits, std::size_t longest) {
  const auto models = static_cast<std::size_t>(fits.models);
  std::vector<double> block(fits.horizons.size() * models * longest,
                            std::numeric_limits<double>::quiet_NaN());
  auto from = fits.forecasts.begin();
  auto to = block.begin();
  for (const std::int32_t horizon : fits.horizons) {
    for (std::size_t k = 0; k < models; ++k) {
      std::copy_n(from, horizon, to);
      from += horizon;
      to += static_cast<std::ptrdiff_t>(longest);
    }
  }
  return block;
}

template <class To, class From>
std::vector<To> converted(const std::vector<From>& values) {
  return {values.begin(), values.end()};
}

/// Writes a dataset together with what it means.
template <class Values>
void put(Hdf5Writer& file, const std::string& name, const Values& values, const Hdf5Writer::Shape& shape,
         std::string_view units, std::string_view description) {
  file.write(name, std::span(values), shape);
  file.attribute(name, "units", units);
  file.attribute(name, "description", description);
}

void put(Hdf5Writer& file, const std::string& name, const std::vector<std::string>& texts,
         std::string_view description) {
  file.write(name, texts);
  file.attribute(name, "units", "none");
  file.attribute(name, "description", description);
}

void put_failures(Hdf5Writer& file, const std::vector<Failure>& failures,
                  const std::vector<ModelId>& models) {
  std::vector<std::int64_t> series;
  std::vector<std::int64_t> model;
  std::vector<std::string> reasons;
  for (const Failure& failure : failures) {
    series.push_back(failure.series);
    model.push_back(std::find(models.begin(), models.end(), failure.model) - models.begin());
    reasons.push_back(failure.reason);
  }
  const Hdf5Writer::Shape shape{failures.size()};
  put(file, "failures_series", series, shape, "none",
      "Index of the series that a model could not be fitted to");
  put(file, "failures_model", model, shape, "none", "Index of that model");
  put(file, "failures_reason", reasons, "Why");
}

}  // namespace

Results results_of(const Dataset& dataset, std::vector<ModelId> models) {
  Results results;
  results.dataset = dataset.name;
  results.models = std::move(models);
  results.groups = dataset.groups;
  for (const Series& series : dataset.series) {
    results.ids.push_back(series.id);
    results.group.push_back(index_of(dataset.groups, series.group));
    results.season.push_back(series.season);
  }
  return results;
}

Results results_of_generated(std::uint64_t first, std::uint64_t count, const GeneratorOptions& options,
                             std::vector<ModelId> models) {
  Results results;
  results.dataset = "generated";
  results.models = std::move(models);
  results.groups = generated_groups(options);
  results.ids.reserve(count);
  for (std::uint64_t k = first; k < first + count; ++k) {
    results.ids.push_back(generated_id(k));
    results.group.push_back(index_of(results.groups, generated_group(k, options)));
    results.season.push_back(options.season);
  }
  return results;
}

ScoreTable score(const Results& results) {
  check_complete(results);
  const ChunkResult& fits = results.fits;
  const bool with_floor = !fits.floor_smape.empty();
  const std::size_t models = results.models.size();
  std::vector<std::string> methods;
  for (const ModelId model : results.models) methods.emplace_back(name(model));
  if (with_floor) methods.emplace_back("(floor)");
  ScoreSum sum(results.groups, methods);
  std::vector<double> smape(methods.size());
  std::vector<double> mase(methods.size());
  std::vector<std::uint8_t> failed(methods.size(), 0);
  for (std::size_t s = 0; s < results.ids.size(); ++s) {
    std::copy_n(fits.smape.begin() + static_cast<std::ptrdiff_t>(s * models), models, smape.begin());
    std::copy_n(fits.mase.begin() + static_cast<std::ptrdiff_t>(s * models), models, mase.begin());
    std::copy_n(fits.failed.begin() + static_cast<std::ptrdiff_t>(s * models), models, failed.begin());
    if (with_floor) {
      smape.back() = fits.floor_smape[s];
      mase.back() = fits.floor_mase[s];
    }
    sum.add(results.groups[static_cast<std::size_t>(results.group[s])], smape, mase, failed);
  }
  return sum.table();
}

void write_results(const std::filesystem::path& path, const Results& results,
                   const std::vector<std::pair<std::string, std::string>>& attributes) {
  check_complete(results);
  const ChunkResult& fits = results.fits;
  const std::size_t s = results.ids.size();
  const std::size_t m = results.models.size();
  std::vector<std::string> models;
  for (const ModelId model : results.models) models.emplace_back(name(model));
  const std::vector<std::string> parameters{"alpha", "beta", "phi", "level0", "trend0", "mse"};

  Hdf5Writer file(path);
  put(file, "ids", results.ids, "Names of the S series");
  put(file, "models", models, "Names of the M models");
  put(file, "groups", results.groups, "Names of the groups that scores are averaged by");
  put(file, "parameter_names", parameters,
      "Names along the last dimension of parameters: weights of level and trend, damping, initial level and "
      "trend, mean "
      "squared one-step training error");
  put(file, "group", converted<std::int64_t>(results.group), {s}, "none",
      "Index of the group of each series");
  put(file, "season", converted<std::int64_t>(results.season), {s}, "observations",
      "Length of the seasonal cycle");
  put(file, "horizon", converted<std::int64_t>(fits.horizons), {s}, "observations",
      "Number of forecasts a model");
  put(file, "adjustment", fits.adjustment, {s}, "none",
      "Seasonal adjustment before smoothing: 0 none, 1 multiplicative, 2 additive");
  put(file, "parameters", fits.parameters, {s, m, std::size_t{kParameterCount}},
      "alpha, beta, phi: 1; level0, trend0: of the series; mse: of the series, squared",
      "Parameters of each series and model; NaN where a model has none");
  put(file, "smape", fits.smape, {s, m}, "percent (0..200)",
      "Symmetric mean absolute percentage error; NaN if undefined");
  put(file, "mase", fits.mase, {s, m}, "1",
      "Mean absolute scaled error; NaN where the scale is 0 or a model failed");
  put(file, "failed", fits.failed, {s, m}, "none", "1 where a model could not be fitted");
  if (!fits.forecasts.empty()) {
    const auto longest =
        static_cast<std::size_t>(*std::max_element(fits.horizons.begin(), fits.horizons.end()));
    put(file, "forecasts", padded(fits, longest), {s, m, longest}, "of the series",
        "Forecasts 1 .. horizon steps after the training part; NaN beyond the horizon and where a model "
        "failed");
  }
  if (!fits.floor_smape.empty()) {
    put(file, "floor_smape", fits.floor_smape, {s}, "percent (0..200)", "sMAPE of the true conditional mean");
    put(file, "floor_mase", fits.floor_mase, {s}, "1", "MASE of the true conditional mean");
  }
  if (!fits.failures.empty()) put_failures(file, fits.failures, results.models);
  file.attribute("/", "program", "Rankine many-models");
  file.attribute("/", "layout", std::int64_t{1});
  file.attribute("/", "dataset", results.dataset);
  for (const auto& [name, text] : attributes) file.attribute("/", name, text);
  file.close();
}

std::string digest(const Results& results) {
  check_complete(results);
  Sha256 sha;
  const auto bytes = [&](const auto& values) { sha.update(std::as_bytes(std::span(values))); };
  const auto text = [&](const std::string& words) {
    const std::uint64_t length = words.size();
    sha.update(std::as_bytes(std::span(&length, 1)));
    bytes(words);
  };
  for (const ModelId model : results.models) text(std::string(name(model)));
  for (const std::string& id : results.ids) text(id);
  const ChunkResult& fits = results.fits;
  bytes(fits.horizons);
  bytes(fits.forecasts);
  bytes(fits.parameters);
  bytes(fits.smape);
  bytes(fits.mase);
  bytes(fits.failed);
  bytes(fits.adjustment);
  bytes(fits.floor_smape);
  bytes(fits.floor_mase);
  for (const Failure& failure : fits.failures) {
    bytes(std::span(&failure.series, 1));
    text(std::string(name(failure.model)));
    text(failure.reason);
  }
  return sha.finish();
}

}  // namespace rankine::forecast
