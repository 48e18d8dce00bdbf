// SPDX-License-Identifier: Apache-2.0
// A search space: named dimensions in order, conditions between them, constraints on whole configurations; or
// a finite table of configurations. Never draws by itself: the caller gives the random numbers.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <rankine/core/philox.hpp>
#include <rankine/tune/configuration.hpp>
#include <rankine/tune/dimension.hpp>
#include <rankine/tune/value.hpp>

namespace rankine::tune {

class Space {
 public:
  using Predicate = std::function<bool(const Space&, const Configuration&)>;
  struct Constraint {
    std::string name;  ///< for people, in errors
    Predicate holds;
  };

  /// A condition's parent must have been added before. Throws InputError for what cannot be.
  Space& add(Dimension dimension);
  Space& constrain(std::string name, Predicate holds);
  /// Makes the space a table: only these configurations, each drawn at most once by a study. Values as in
  /// Configuration::values; the row is the position.
  Space& set_rows(std::vector<std::vector<double>> rows);

  std::size_t size() const { return dimensions_.size(); }
  const Dimension& dimension(std::size_t index) const { return dimensions_[index]; }
  const std::vector<Dimension>& dimensions() const { return dimensions_; }
  /// Throws InputError that names the dimensions that there are.
  std::size_t index_of(std::string_view name) const;

  bool is_table() const { return !rows_.empty(); }
  std::size_t row_count() const { return rows_.size(); }
  const Configuration& row(std::size_t index) const { return rows_[index]; }
  /// Number of different configurations without regard of constraints; 0: a continuum or more than 2^63.
  std::size_t cardinality() const;

  /// Whether dimension `index` is active, given the values of those before it.
  bool active(const std::vector<double>& values, std::size_t index) const;
  /// Sets inactive dimensions to kInactive.
  void deactivate(std::vector<double>& values) const;
  /// Whether all constraints hold.
  bool allows(const Configuration& configuration) const;
  /// The first constraint that does not hold, empty if all do.
  std::string broken(const Configuration& configuration) const;

  /// A point of the unit cube as a configuration with inactive dimensions switched off; not checked against
  /// constraints. Not for tables.
  Configuration from_unit(const std::vector<double>& unit) const;
  /// Inactive dimensions become 0.5.
  std::vector<double> to_unit(const Configuration& configuration) const;
  /// Uniform over the unit cube, drawn anew until the constraints hold. Throws InputError naming the
  /// constraint after 10,000 attempts. Of a table: any row.
  Configuration draw(Philox& random) const;

  Parameters parameters(const Configuration& configuration) const;
  /// From values as text by name. Throws InputError for what is missing, unknown or out of range.
  Configuration configuration(const std::vector<std::pair<std::string, std::string>>& texts) const;
  /// "lr=0.001 layers=3", for people: numbers to six digits.
  std::string describe(const Configuration& configuration) const;
  /// Equal for spaces of equal dimensions and rows: a study is not gone on with in another space.
  std::uint64_t fingerprint() const;

 private:
  struct Link {
    std::size_t parent = 0;
    std::vector<double> values;
  };
  std::vector<Dimension> dimensions_;
  std::vector<std::vector<Link>> links_;  // of each dimension none or one
  std::vector<Constraint> constraints_;
  std::vector<Configuration> rows_;
};

}  // namespace rankine::tune
