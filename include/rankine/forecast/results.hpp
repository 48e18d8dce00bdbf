// SPDX-License-Identifier: Apache-2.0
// The results of a run: a file (HDF5, self-describing) that grows as they come, in order, and their
// fingerprint. Contents depend on the data and the models only, not on who computed what and in which pieces:
// no time, host or rank count is stored, and equal results are equal bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <rankine/forecast/chunk_result.hpp>

namespace rankine::forecast {

/// What is known before the first result.
struct ResultsFrame {
  std::string dataset;
  std::vector<std::string> models;  ///< M
  std::vector<std::string> groups;  ///< those known ahead, in the order of tables; others follow as they come
  std::vector<double> levels;       ///< L, percent
  int horizon_max = 1;              ///< H
  std::uint64_t seed = 1;           ///< of simulated intervals
  bool with_forecasts = true;
  bool with_models = false;  ///< what forecasting later needs
  bool with_choice = false;
  bool with_floor = false;  ///< generated series
};

/// Writes
///   /ids S, /group S (position in /groups), /season S, /horizon S, /chosen S (with a choice)
///   /models M, /groups, /forms, /form_parameters (names of the parameters of a form, by commas), /levels L
///   /forecasts S x M x H, /lower and /upper S x M x L x H (only if kept; NaN beyond the horizon)
///   /form S x M (position in /forms), /loglik, /aicc, /sigma2, /evaluations S x M
///   /parameters of all fits, one after the other; those of a fit end before /parameters_end S x M
///   /state, /state_end likewise (only with models)
///   /smape, /mase, /failed S x M, /msis, /coverage S x M x L, /floor_smape, /floor_mase S
///   /failures_series, /failures_model (positions), /failures_reason
/// Each dataset has the attributes `description` and `units`; the root has `program`, `dataset`, `layout` and
/// those given. Memory does not grow with the number of series. Throws SystemError naming the file.
class ResultsFile {
 public:
  /// Replaces `path` when it is closed; without close() nothing is left behind.
  ResultsFile(const std::filesystem::path& path, ResultsFrame frame);
  ResultsFile(ResultsFile&&) noexcept;
  ~ResultsFile();

  /// Takes the results of the next series. Throws InputError when they are of another number of models or
  /// levels.
  void append(const ChunkResult& result);
  std::uint64_t series() const;

  /// Ends the file. `attributes` (name, text) are added to the root. Returns SHA-256 over ids, forecasts,
  /// parameters, errors and failures, as 64 hexadecimal digits: equal for equal results.
  std::string close(const std::vector<std::pair<std::string, std::string>>& attributes = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rankine::forecast
