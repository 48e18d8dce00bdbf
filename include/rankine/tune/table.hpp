// SPDX-License-Identifier: Apache-2.0
// A tabular objective: a file (CSV, also gzip) of configurations that were trained once, with what came of
// each. Either a row a configuration with columns of its learning curve (valid_0 .. valid_50), or a row for
// each configuration and fidelity. Knows how to read itself and to be an Objective of the simulator.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <rankine/tune/simulator.hpp>
#include <rankine/tune/space.hpp>

namespace rankine::tune {

/// Names of columns; empty: found by their names, as below. "none": there is no such thing.
struct TableOptions {
  /// valid_error, perplexity, valid_loss, loss, error, objective, value, score, accuracy; else the curve that
  /// columns NAME_0 .. NAME_n make (say "valid" for it), else the last column.
  std::string objective;
  /// n_epochs, epochs, epoch, fidelity, steps, step, budget. With "none" such a column is a dimension.
  std::string fidelity;
  /// train_seconds, cost, seconds, time; of a curve, or with "none": the part of the whole training.
  std::string cost;
  std::vector<std::string> ignore;  ///< besides config, id, config_id and test_*
  double not_finite = 10;           ///< what stands for an objective that is none (a training that diverged)
};

class Table final : public Objective {
 public:
  /// Throws InputError naming the file, line or column that is wrong.
  static Table read(const std::filesystem::path& path, const TableOptions& options = {});
  /// `count` rows drawn from those of this table, with replacement.
  Table resampled(std::size_t count, std::uint64_t seed) const;

  const Space& space() const { return space_; }
  std::size_t size() const { return values_.size(); }
  const std::string& objective() const { return objective_; }
  const std::vector<Step>& steps() const { return steps_; }
  /// At the last step.
  double final_value(std::size_t row) const { return values_[row].back(); }
  /// Exact expectation of the least final value of `draws` different rows.
  double expected_best(std::size_t draws) const;

  Step steps_max() const override { return steps_.back(); }
  Step after(Step step) const override;
  std::vector<double> values(const Assignment& assignment, Step step) override;
  double cost(const Configuration& configuration, Step step) const override;

 private:
  friend class TableReader;
  std::size_t place(Step step) const;

  Space space_;
  std::string objective_;
  std::vector<Step> steps_;                  ///< where there are values; the first is positive
  std::vector<std::vector<double>> values_;  ///< [row][step]
  std::vector<std::vector<double>> costs_;   ///< [row][step]; empty: the part of the whole training
};

}  // namespace rankine::tune
