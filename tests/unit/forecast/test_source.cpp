// SPDX-License-Identifier: Apache-2.0
// Parts of large files: however a file is cut, every series comes once and whole. What won where.
#include <algorithm>
#include <sstream>
#include <string>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/forecast/id_set.hpp>
#include <rankine/forecast/reader.hpp>
#include <rankine/forecast/series_source.hpp>
#include <rankine/forecast/winners.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;

/// Series of unequal lengths, ids and values of unequal widths, a blank line now and then.
std::string long_csv(int series) {
  rankine::Philox random(5, 0);
  std::ostringstream text;
  text << "\"id\", time ,value\r\n";
  for (int s = 0; s < series; ++s) {
    const std::string id = std::string(1 + random.below(20), 'x') + std::to_string(s);
    const int rows = 5 + static_cast<int>(random.below(30));
    for (int t = 1; t <= rows; ++t) {
      text << id << ',' << t << ',' << random.below(100'000) << '\n';
      if (random.below(40) == 0) text << "  \n";
    }
  }
  return text.str();
}

/// All series of a source, part after part.
std::vector<Series> in_parts(const SeriesSource& source, std::uint64_t units) {
  std::vector<Series> all;
  for (std::uint64_t first = 0; first < source.units(); first += units) {
    for (Series& series : load(source.range(first, units)).series) all.push_back(std::move(series));
  }
  return all;
}

bool equal(const std::vector<Series>& a, const std::vector<Series>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Series& x, const Series& y) {
    return x.id == y.id && x.train == y.train && x.test == y.test && x.season == y.season &&
           x.group == y.group;
  });
}

TEST_CASE("However a long CSV is cut into bytes, every series comes once and whole") {
  const TemporaryFolder folder;
  ReadOptions options;
  options.season = 1;
  options.horizon = 3;
  for (const bool last_newline : {true, false}) {
    std::string text = long_csv(40);
    if (!last_newline) {
      while (text.back() == '\n' || text.back() == ' ') text.pop_back();
    }
    const auto path = folder.file("long.csv", text);
    const std::vector<Series> whole = read_dataset(path, options).series;
    REQUIRE(whole.size() == 40);
    const SeriesSource source = SeriesSource::of_file(path, options, 0);
    REQUIRE(source.counts_bytes());
    for (std::uint64_t bytes : {1u, 13u, 17u, 100u, 1000u, 5000u, 1u << 20}) {
      if (bytes == 1 && !last_newline) continue;  // slow, and once is enough
      INFO(bytes);
      CHECK(equal(in_parts(source, bytes), whole));
    }
    CHECK(equal(in_parts(SeriesSource::of_file(path, options, 1 << 20), 7), whole));  // in memory
  }
}

TEST_CASE("A series longer than what is read at once comes whole") {
  const TemporaryFolder folder;
  std::ostringstream text;
  text << "id,time,value\n";
  for (int s = 0; s < 3; ++s) {
    for (int t = 1; t <= 30'000; ++t) text << 's' << s << ',' << t << ",1.5\n";
  }
  const auto path = folder.file("long.csv", text.str());
  ReadOptions options;
  options.season = 1;
  options.horizon = 3;
  const std::vector<Series> all = in_parts(SeriesSource::of_file(path, options, 0), 100'000);
  REQUIRE(all.size() == 3);
  for (const Series& series : all) CHECK(series.train.size() == 29'997);
}

TEST_CASE("Rows that stand apart, damage and a wrong header are named") {
  const TemporaryFolder folder;
  ReadOptions options;
  options.season = 1;
  options.horizon = 1;
  const auto apart = folder.file("apart.csv", "id,time,value\na,1,1\na,2,1\nb,1,1\nb,2,1\na,3,1\n");
  CHECK(
      contains(thrown<rankine::InputError>([&] { in_parts(SeriesSource::of_file(apart, options, 0), 1000); }),
               "the rows of series a do not stand together"));
  const auto damaged = folder.file("damaged.csv", "id,time,value\na,1,1\na,2\n");
  CHECK(contains(
      thrown<rankine::InputError>([&] { in_parts(SeriesSource::of_file(damaged, options, 0), 1000); }),
      "damaged.csv, byte 20: 2 fields, the header has 3"));
  const auto words = folder.file("words.csv", "some words\n");
  CHECK(contains(thrown<rankine::InputError>([&] { SeriesSource::of_file(words, options, 0); }),
                 "words.csv, line 1: no column \"id\""));
  options.season = 0;
  CHECK(contains(thrown<rankine::InputError>([&] { SeriesSource::of_file(apart, options, 0); }),
                 "says neither season nor horizon"));
}

TEST_CASE("Parts of an HDF5 file are its series in order") {
  const TemporaryFolder folder;
  const auto csv = folder.file("long.csv", long_csv(40));
  ReadOptions options;
  options.season = 4;
  options.horizon = 3;
  const Dataset dataset = read_dataset(csv, options);
  write_dataset_hdf5(folder / "series.h5", dataset);
  const SeriesSource source = SeriesSource::of_file(folder / "series.h5", {}, 0);
  CHECK(source.units() == 40);
  CHECK(source.horizon_max() == 3);
  for (const std::uint64_t count : {1u, 7u, 40u}) CHECK(equal(in_parts(source, count), dataset.series));
}

TEST_CASE("An id that was seen is known again") {
  IdSet ids;
  for (int k = 0; k < 5000; ++k) REQUIRE(ids.add("series " + std::to_string(k)));
  for (int k = 0; k < 5000; ++k) REQUIRE_FALSE(ids.add("series " + std::to_string(k)));
}

TEST_CASE("Winners are counted by model, form and group, the most frequent first") {
  Winners winners;
  CHECK(winners.empty());
  for (int k = 0; k < 3; ++k) winners.add("A", "AutoETS", "ETS(A,N,N)");
  winners.add("B", "AutoETS", "ETS(M,N,N)");
  winners.add("B", "Naive", "Naive");
  const auto rows = winners.rows();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].form == "ETS(A,N,N)");
  CHECK(rows[0].series == 3);
  CHECK(rows[0].by_group.at("A") == 3);
  const std::string text = render(winners, "Chosen form", {"A", "B"}, 2);
  CHECK(text.starts_with("Chosen form "));
  CHECK(contains(text, "AutoETS ETS(A,N,N)          3          0          3\n"));
  CHECK(contains(text, "and 1 other forms\n"));
}

}  // namespace
