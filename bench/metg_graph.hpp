// SPDX-License-Identifier: Apache-2.0
// The task graphs of Task Bench (Slaughter et al., SC20): steps of columns, where a point (step, column)
// takes the values of some columns of the step before. Pure functions; the same for every system that is
// measured.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rankine::bench {

enum class Pattern : std::uint8_t { trivial, stencil_1d, fft, tree, all_to_all, random_nearest };
inline constexpr std::array kPatterns{Pattern::trivial, Pattern::stencil_1d, Pattern::fft,
                                      Pattern::tree,    Pattern::all_to_all, Pattern::random_nearest};
std::string name_of(Pattern pattern);

constexpr std::int32_t kWidthMax = 32;
constexpr std::int32_t kRadix = 5;           ///< of random_nearest: how many neighbours are candidates
constexpr std::int32_t kPeriod = 3;          ///< of random_nearest: steps until its edges come again
constexpr double kFractionConnected = 0.25;  ///< of random_nearest: of the candidates besides the own column

/// Some columns of one step, in ascending order.
class Columns {
 public:
  void add(std::int32_t column) { at_[size_++] = static_cast<std::uint8_t>(column); }
  std::size_t size() const { return size_; }
  const std::uint8_t* begin() const { return at_.data(); }
  const std::uint8_t* end() const { return at_.data() + size_; }
  std::int32_t operator[](std::size_t i) const { return at_[i]; }

 private:
  std::array<std::uint8_t, kWidthMax> at_{};
  std::size_t size_ = 0;
};

struct TaskGraph {
  Pattern pattern = Pattern::trivial;
  std::int32_t width = 1;  ///< at most kWidthMax
  std::int32_t steps = 1;

  /// A tree begins with one column and doubles them until the width is reached.
  std::int32_t width_at(std::int32_t step) const;
  /// The columns of step - 1 whose values the point takes.
  Columns inputs_of(std::int32_t step, std::int32_t column) const;
  std::int64_t tasks() const;
  bool depends() const { return pattern != Pattern::trivial; }
};

/// The edges of a graph in both directions, looked up instead of computed: what a hand-written program would
/// have. Steps with equal edges share a table.
class Edges {
 public:
  explicit Edges(const TaskGraph& graph);
  std::size_t tables() const { return tables_.size(); }
  /// Steps of one table have the same edges.
  std::size_t table_of(std::int32_t step) const {
    return static_cast<std::size_t>(step < first_ ? step : first_ + (step - first_) % period_);
  }
  const Columns& inputs_of(std::int32_t step, std::int32_t column) const {
    return tables_[table_of(step)].inputs[static_cast<std::size_t>(column)];
  }
  /// The columns of step + 1 that take the point's value; of the last step what would come.
  const Columns& dependants_of(std::int32_t step, std::int32_t column) const {
    return tables_[table_of(step + 1)].dependants[static_cast<std::size_t>(column)];
  }

 private:
  struct Table {  ///< of one step
    std::vector<Columns> inputs;
    std::vector<Columns> dependants;  ///< in it, of the step before
  };

  std::int32_t first_ = 0;   ///< from this step on the edges repeat
  std::int32_t period_ = 1;  ///< every so many steps
  std::vector<Table> tables_;
};

}  // namespace rankine::bench
