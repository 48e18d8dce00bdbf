// SPDX-License-Identifier: Apache-2.0
// The results of a run as one value, their file (HDF5, self-describing) and their fingerprint. Contents
// depend on the data and the models only, not on who computed what: no time, host or rank count is stored.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rankine/forecast/chunk.hpp>
#include <rankine/forecast/scores.hpp>
#include <rankine/forecast/series.hpp>

namespace rankine::forecast {

/// What is known of the series besides the fits; all vectors have one entry a series.
struct Results {
  std::string dataset;
  std::vector<ModelId> models;
  std::vector<std::string> groups;  ///< in the order of tables
  std::vector<std::string> ids;
  std::vector<std::int32_t> group;  ///< index into `groups`
  std::vector<std::int32_t> season;
  ChunkResult fits;  ///< of the series in this order
};

/// The frame of a dataset's results, without fits: append the chunks' results to `fits` in order.
Results results_of(const Dataset& dataset, std::vector<ModelId> models);
/// The same for generated series first .. first+count-1.
Results results_of_generated(std::uint64_t first, std::uint64_t count, const GeneratorOptions& options,
                             std::vector<ModelId> models);

/// Mean errors by group and in total; with generated series the noise floor as a last line "(floor)".
/// Throws InputError when the fits are not those of the ids.
ScoreTable score(const Results& results);

/// Writes `results` to `path`, replacing it. S series, M models, H the longest horizon:
///   /ids S, /group S, /season S, /horizon S, /adjustment S (0 none, 1 multiplicative, 2 additive)
///   /models M, /groups, /parameter_names
///   /forecasts S x M x H (only if kept), /parameters S x M x 6, /smape S x M, /mase S x M, /failed S x M
///   /floor_smape S, /floor_mase S (generated series only)
///   /failures_series, /failures_model (indices), /failures_reason (only if there are any)
/// Each dataset has the attributes `description` and `units`; the root has `program`, `dataset`, `layout` and
/// the given `attributes` (name, text). Equal arguments give equal bytes. Throws SystemError naming the file.
void write_results(const std::filesystem::path& path, const Results& results,
                   const std::vector<std::pair<std::string, std::string>>& attributes = {});

/// SHA-256 over ids, forecasts, parameters, errors and failures, as 64 hexadecimal digits: equal for equal
/// results.
std::string digest(const Results& results);

}  // namespace rankine::forecast
