// SPDX-License-Identifier: Apache-2.0
// What a study leaves in a folder: results.csv and results.h5 (trials, and every report), best.toml, and
// report.html with the history, parallel coordinates, importances and learning curves. Equal histories give
// equal files.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <rankine/tune/study.hpp>

namespace rankine::tune {

struct ResultsFrame {
  std::string title;
  std::string objective = "loss";                               ///< name of the first objective
  std::string step = "step";                                    ///< what a step is: epochs
  std::string cost = "steps";                                   ///< the unit of costs
  std::vector<std::pair<std::string, std::string>> facts = {};  ///< for the top of the report
};

/// Writes all four; each appears whole. Throws SystemError naming the file that cannot be written.
void write_results(const Study& study, const std::filesystem::path& folder, const ResultsFrame& frame);

/// `lr = 0.001`, a line a hyperparameter, as TOML.
std::string toml_of(const Space& space, const Configuration& configuration);

/// "finished", "stopped" ...
std::string name_of(TrialState state);

}  // namespace rankine::tune
