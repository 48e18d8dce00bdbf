// SPDX-License-Identifier: Apache-2.0
// many_models: a user's function over all groups of a table. A group that throws costs that group only; what
// was computed is in the journal; results are the same on any number of ranks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <rankine/many_models/chunks.hpp>
#include <rankine/many_models/result_columns.hpp>
#include <rankine/object.hpp>
#include <rankine/random.hpp>
#include <rankine/table/groups.hpp>

namespace rankine {

struct ManyModelsOptions {
  detail::NotPositional not_positional = detail::NotPositional();

  /// How chunks of groups run. Two calls in one program need different .chunks.task.key.
  ChunkOptions chunks = {.unit = "models"};
  /// Of Group::random().
  std::uint64_t seed = 0;
  /// 0: by the numbers of groups, rows and workers, and as the first run chose when it is resumed.
  std::uint64_t groups_per_chunk = 0;
  /// HDF5 file for keys and results (write_result_file); empty: none.
  std::string results = {};
};

/// What became of one group.
template <class R>
struct GroupOutcome {
  std::string failure;     ///< why there is no value; else empty
  std::optional<R> value;  ///< what the function returned
};

template <class R>
struct GroupResults {
  Groups groups;
  std::vector<GroupOutcome<R>> outcomes;  ///< in the order of the groups
  ChunkTotals totals;

  std::size_t failed() const {
    return static_cast<std::size_t>(
        std::count_if(outcomes.begin(), outcomes.end(), [](const auto& one) { return !one.value; }));
  }
  /// A line for each group without a value: its key and the sentence.
  void report_failures(std::ostream& out, std::size_t lines_max = 20) const;
  void write(const std::string& path) const;
};

template <class R>
struct Codec<GroupOutcome<R>> {
  using Parts = Types<R>;
  template <class Sink>
  static void pack(Sink& sink, const GroupOutcome<R>& outcome) {
    rankine::pack(sink, outcome.failure);
    rankine::pack(sink, outcome.value);
  }
  static GroupOutcome<R> unpack(Reader& reader) {
    // Braces: evaluation from left to right.
    return {rankine::unpack<std::string>(reader), rankine::unpack<std::optional<R>>(reader)};
  }
};

namespace detail {

/// At most so many rows and groups a chunk.
struct GroupsPerChunk {
  std::uint64_t rows = 0;
  std::uint64_t groups = 0;
};
/// As many chunks that each worker gets some tens; small groups up to a thousand a chunk.
GroupsPerChunk groups_per_chunk(const Groups& groups, const ManyModelsOptions& options,
                                std::uint64_t workers);

/// "education = Bachelors, sex = Female"
std::string key_in_words(const Groups& groups, std::size_t group);

template <auto Fit, class R, class... P>
GroupOutcome<R> fit_group(const Group& group, const P&... common) {
  try {
    return {{}, Fit(group, common...)};
  } catch (const Drained&) {
    throw;
  } catch (const std::exception& error) {
    if (cancelled()) throw;  // half a chunk is no result that a resumed run may take for one
    const std::string words = error.what();
    return {words.empty() ? "an exception without words" : words, std::nullopt};
  }
}

/// The task of a chunk.
template <auto Fit, class R, class... P>
std::vector<GroupOutcome<R>> fit_groups(const GroupChunk& chunk, const TableSchema& schema,
                                        std::uint64_t seed, const P&... common) {
  std::vector<GroupOutcome<R>> outcomes;
  outcomes.reserve(chunk.size());
  for (std::size_t k = 0; k < chunk.size(); ++k)
    outcomes.push_back(fit_group<Fit, R, P...>(Group(schema, chunk, k, seed), common...));
  return outcomes;
}

template <auto Fit, class Parameters>
struct GroupFit;

template <auto Fit, class First, class... P>
struct GroupFit<Fit, std::tuple<First, P...>> {
  static_assert(std::is_same_v<std::remove_cvref_t<First>, Group>,
                "rankine: the function of many_models takes a const rk::Group& first");
  using Result = std::remove_cv_t<typename SignatureFor<decltype(Fit)>::Result>;
  static_assert(!std::is_void_v<Result>, "rankine: the function of many_models returns its result");

  template <class... Common>
  static GroupResults<Result> run(const Groups& groups, const ManyModelsOptions& options,
                                  const Common&... common) {
    static_assert(sizeof...(Common) == sizeof...(P),
                  "rankine: many_models passes on the arguments behind the options: wrong number of them");
    ChunkOptions chunks = options.chunks;
    if (chunks.total == 0) chunks.total = groups.size();
    std::string name = "many_models ";
    name += std::to_string(chunks.task.key);
    const GroupsPerChunk size = settled(name, groups_per_chunk(groups, options, statistics().workers));
    Groups::Cursor cursor(groups, size.rows, size.groups);
    GroupResults<Result> results{groups, {}, {}};
    results.outcomes.reserve(groups.size());
    const auto take = [&results](const GroupChunk&, std::vector<GroupOutcome<Result>> outcomes) {
      std::move(outcomes.begin(), outcomes.end(), std::back_inserter(results.outcomes));
    };
    const auto stand_in = [](const GroupChunk& chunk, const Error& error) {
      return std::vector<GroupOutcome<Result>>(chunk.size(), {error.what(), std::nullopt});
    };
    const auto next = [&cursor] { return cursor.next(); };
    results.totals = run_chunks<fit_groups<Fit, Result, std::remove_cvref_t<P>...>>(
        chunks, next, take, stand_in, put(groups.schema()), options.seed, common...);
    if constexpr (CanBeWritten<Result>) {
      if (!options.results.empty()) results.write(options.results);
    } else if (!options.results.empty()) {
      throw InputError("many_models: this result type has no describe(): it cannot go into " +
                       options.results);
    }
    return results;
  }
};

}  // namespace detail

/// Runs Fit(group, common...) for each group of a table, many groups a task:
///   Line fit(const rk::Group& group, int degree);
///   const auto results = rk::many_models<fit>(rk::read_groups("sales.csv", {.by = {"shop"}}), {}, 2);
/// Fit may return whatever travels; a result file (options.results) needs ResultColumns' describe(). What
/// throws in Fit is the group's failure; a task that dies for good (its ranks with it) is that of all groups
/// of its chunk. Memory of the driver: that of Groups, of the window of chunks, and all results. Driver only.
template <auto Fit, class... Common>
auto many_models(const Groups& groups, const ManyModelsOptions& options, const Common&... common) {
  using Parameters = typename detail::SignatureFor<decltype(Fit)>::Parameters;
  return detail::GroupFit<Fit, Parameters>::run(groups, options, common...);
}

template <class R>
void GroupResults<R>::report_failures(std::ostream& out, std::size_t lines_max) const {
  std::size_t lines = 0;
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    if (outcomes[k].value) continue;
    if (lines++ < lines_max)
      out << "failed: " << detail::key_in_words(groups, k) << ": " << outcomes[k].failure << '\n';
  }
  if (lines > lines_max) out << "... and " << lines - lines_max << " more failures\n";
}

/// In the place of what failed stand the fields of a default-constructed result, with NaN for each double.
template <class R>
void GroupResults<R>::write(const std::string& path) const {
  ResultColumns columns;
  std::vector<std::string> failures;
  const R nothing{};
  const auto blank = [&columns](std::string_view name, const auto& value) {
    if constexpr (std::is_floating_point_v<std::remove_cvref_t<decltype(value)>>) {
      columns(name, std::numeric_limits<double>::quiet_NaN());
    } else {
      columns(name, value);
    }
  };
  for (const GroupOutcome<R>& outcome : outcomes) {
    failures.push_back(outcome.failure);
    columns.begin_row();
    if (outcome.value) {
      detail::add_fields(columns, *outcome.value);
    } else if constexpr (std::is_arithmetic_v<R>) {
      blank("result", nothing);
    } else {
      nothing.describe(blank);
    }
  }
  write_result_file(path, groups, failures, columns);
}

}  // namespace rankine
