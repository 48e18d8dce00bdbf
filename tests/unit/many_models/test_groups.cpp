// SPDX-License-Identifier: Apache-2.0
// many_models: a user's function over the groups of a table.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/serialization/vector.hpp>

#include <fmt/format.h>

#include <rankine/many_models.hpp>
#include <rankine/serialize/boost.hpp>

#include "files/hdf5.hpp"
#include "on_threads.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace groups_test {

namespace rk = rankine;
using many_models_test::Folder;
using many_models_test::on_ranks;
using many_models_test::small_run;

std::atomic<int> executions{0};

/// The least-squares line through a group's points.
struct Line {
  double slope = 0;
  double start = 0;
  std::int64_t points = 0;

  template <class Visit>
  void describe(Visit&& visit) const {
    visit("slope", slope);
    visit("start", start);
    visit("points", points);
  }
};

Line fit_line(const rk::Group& group, double scale) {
  ++executions;
  const auto x = group.numbers("x");
  const auto y = group.numbers("y");
  const auto n = static_cast<double>(x.size());
  if (x.size() < 2) throw std::domain_error("a line needs two points");
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xx = 0;
  double xy = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    xx += (x[k] - mean_x) * (x[k] - mean_x);
    xy += (x[k] - mean_x) * (y[k] - mean_y);
  }
  return {scale * xy / xx, mean_y - xy / xx * mean_x, static_cast<std::int64_t>(x.size())};
}

double draw(const rk::Group& group) {
  return group.random().uniform();
}
std::uint64_t count_known(const rk::Group& group, const std::vector<double>& known) {
  const auto x = group.numbers("x");
  return static_cast<std::uint64_t>(std::count_if(x.begin(), x.end(), [&](double value) {
    return std::find(known.begin(), known.end(), value) != known.end();
  }));
}

struct Sorted {
  std::string first_word;
  std::vector<double> values;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& first_word& values;
  }
  template <class Visit>
  void describe(Visit&& visit) const {
    visit("first_word", first_word);
    visit("values", values);
  }
};

Sorted sort_values(const rk::Group& group) {
  if (group.index() == 2) throw std::runtime_error("group two does not like it");
  Sorted sorted{fmt::format("w{}", group.index()), group.values("x")};
  std::sort(sorted.values.begin(), sorted.values.end());
  return sorted;
}

/// Points near y = 2 k x + 1 of group k; the last group has a single one.
std::filesystem::path points(const Folder& folder, int groups) {
  const std::filesystem::path path = folder / "points.csv";
  std::ofstream file(path);
  file << "k,x,y\n";
  for (int i = 0; i < 12; ++i) {
    for (int k = 0; k + 1 < groups; ++k) file << fmt::format("g{},{}.5,{}\n", k, i, 2.0 * k * (i + 0.5) + 1);
  }
  file << "lonely,1.5,1.5\n";
  return path;
}

rk::ManyModelsOptions quiet(std::uint64_t groups_per_chunk = 0) {
  rk::ManyModelsOptions options;
  options.chunks.show_progress = false;
  options.groups_per_chunk = groups_per_chunk;
  options.seed = 11;
  return options;
}

TEST_CASE("every group gets the function's result, in order, and one that throws is reported by its key") {
  const Folder folder;
  const auto path = points(folder, 40);
  on_ranks({1, 2, 4}, [&] {
    const auto results = rk::many_models<fit_line>(rk::read_groups(path, {.by = {"k"}}), quiet(), 10);
    REQUIRE(results.outcomes.size() == 40);
    for (std::size_t k = 0; k < 39; ++k) {
      REQUIRE(results.outcomes[k].value.has_value());
      CHECK(results.outcomes[k].value->slope == Approx(20.0 * static_cast<double>(k)).margin(1e-9));
      CHECK(results.outcomes[k].value->start == Approx(1));
      CHECK(results.outcomes[k].value->points == 12);
    }
    CHECK_FALSE(results.outcomes[39].value.has_value());
    CHECK(results.failed() == 1);
    std::ostringstream said;
    results.report_failures(said);
    CHECK(said.str() == "failed: k = lonely: a line needs two points\n");
    CHECK(results.totals.units == 40);
    CHECK(results.totals.failed == 0);  // no chunk did
  });
}

TEST_CASE("random numbers of a group depend neither on ranks nor on chunks nor on the memory for the table") {
  const Folder folder;
  const auto path = points(folder, 30);
  std::vector<std::vector<double>> all;
  for (const std::uint64_t size : {0, 1, 7}) {
    on_ranks({1, 2, 4}, [&] {
      const auto groups = rk::read_groups(path, {.by = {"k"}, .memory_bytes = size == 7 ? 2000u : 1u << 20});
      CHECK(groups.on_disk() == (size == 7));
      std::vector<double> values;
      for (const auto& outcome : rk::many_models<draw>(groups, quiet(size)).outcomes)
        values.push_back(outcome.value.value());
      all.push_back(values);
    });
  }
  REQUIRE(all.size() == 9);
  for (const auto& values : all) CHECK(values == all.front());
  CHECK(all[0][0] != all[0][1]);
}

TEST_CASE("a large common argument may be stored once") {
  const Folder folder;
  const auto path = points(folder, 5);
  on_ranks({1, 3}, [&] {
    const auto known = rk::put(std::vector<double>{0.5, 1.5, 99});
    const auto results = rk::many_models<count_known>(rk::read_groups(path, {.by = {"k"}}), quiet(1), known);
    CHECK(results.outcomes[0].value == 2u);
    CHECK(results.outcomes[4].value == 1u);
  });
}

TEST_CASE("the result file has keys, rows, failures and a column a field") {
  const Folder folder;
  const auto path = points(folder, 5);
  rk::run_as_threads(2, small_run(), [&] {
    auto options = quiet(2);
    options.results = (folder / "lines.h5").string();
    rk::many_models<fit_line>(rk::read_groups(path, {.by = {"k"}}), options, 1);
    options.chunks.task.key = 2;
    options.results = (folder / "sorted.h5").string();
    rk::many_models<sort_values>(rk::read_groups(path, {.by = {"k"}}), options);
  });
  const rk::files::Hdf5Reader lines(folder / "lines.h5");
  CHECK(lines.texts("key_k") == std::vector<std::string>{"g0", "g1", "g2", "g3", "lonely"});
  CHECK(lines.integers("rows") == std::vector<std::int64_t>{12, 12, 12, 12, 1});
  CHECK(lines.texts("failure")[3].empty());
  CHECK(lines.texts("failure")[4] == "a line needs two points");
  CHECK(lines.doubles("slope")[3] == Approx(6));
  CHECK(std::isnan(lines.doubles("slope")[4]));
  CHECK(lines.integers("points") == std::vector<std::int64_t>{12, 12, 12, 12, 0});
  const rk::files::Hdf5Reader sorted(folder / "sorted.h5");
  CHECK(sorted.texts("first_word") == std::vector<std::string>{"w0", "w1", "", "w3", "w4"});
  CHECK(sorted.integers("values_offsets") == std::vector<std::int64_t>{0, 12, 24, 24, 36, 37});
  CHECK(sorted.doubles("values")[36] == 1.5);
}

struct Stop : std::exception {};

TEST_CASE("a resumed run does not fit again what it has, whatever the number of ranks") {
  const Folder folder;
  const auto path = points(folder, 60);
  rk::RuntimeOptions options = small_run();
  options.run_directory = (folder / "run").string();
  executions = 0;
  const auto fit_all = [&] {
    return rk::many_models<fit_line>(rk::read_groups(path, {.by = {"k"}}), quiet(), 1);
  };
  CHECK_THROWS_AS(rk::run_as_threads(3, options,
                                     [&] {
                                       fit_all();
                                       throw Stop();
                                     }),
                  Stop);
  CHECK(executions == 60);
  rk::run_as_threads(2, options, [&] {
    const auto results = fit_all();
    CHECK(results.totals.resumed == results.totals.chunks);
    CHECK(results.outcomes[5].value->slope == Approx(10));
    CHECK(results.failed() == 1);
  });
  CHECK(executions == 60);
  // Another argument is another computation.
  options.resume = rk::Resume::required;
  rk::run_as_threads(2, options, [&] {
    CHECK(rk::many_models<fit_line>(rk::read_groups(path, {.by = {"k"}}), quiet(), 2).totals.resumed == 0);
  });
  CHECK(executions == 120);
}

TEST_CASE("rows of results that do not agree about their fields are refused") {
  rk::ResultColumns columns;
  columns.begin_row();
  columns("a", 1.0);
  columns("b", 2);
  columns.begin_row();
  CHECK_THROWS_AS(columns("b", 2), rk::Error);
  columns("a", 3.0);
  CHECK_THROWS_AS(columns.begin_row(), rk::Error);
  CHECK_THROWS_AS(columns("b", 1.0), rk::Error);  // another type
  columns("b", 4);
  CHECK_THROWS_AS(columns("c", 4), rk::Error);
  CHECK(columns.columns().size() == 2);
}

}  // namespace groups_test
