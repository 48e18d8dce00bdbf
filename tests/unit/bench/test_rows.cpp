// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <string>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include <rankine/core/error.hpp>

#include "catch.hpp"
#include "rows.hpp"
#include "temporary_folder.hpp"

using namespace rankine::bench;

namespace {

/// What write_json leaves in a file.
nlohmann::json written(const std::vector<Row>& rows) {
  const TemporaryFolder folder;
  write_json((folder / "rows.json").string(), rows);
  std::ifstream file(folder / "rows.json");
  return nlohmann::json::parse(file);
}

}  // namespace

TEST_CASE("the spread of values has their order statistics") {
  std::vector<double> values;
  for (int i = 100; i >= 1; --i) values.push_back(i);
  const Spread spread = spread_of(values);
  CHECK(spread.min == 1);
  CHECK(spread.median == 50.5);
  CHECK(spread.p99 == 99);
  CHECK(spread.max == 100);
  const Spread one = spread_of({7});
  CHECK(one.min == 7);
  CHECK(one.median == 7);
  CHECK(one.p99 == 7);
  CHECK(one.max == 7);
  CHECK(spread_of({3, 1, 2}).median == 2);
}

TEST_CASE("the value of a rate is the best, of a cost the least, of a latency the median") {
  const Row rate = rate_row("1/s", {3, 9, 5});
  CHECK(rate.value == 9);
  CHECK(rate.median == 5);
  CHECK(rate.min == 3);
  CHECK(!rate.p99);
  CHECK(rate.better == Better::higher);
  const Row cost = cost_row("s", {3, 9, 5});
  CHECK(cost.value == 3);
  CHECK(cost.better == Better::lower);
  const Row latency = latency_row("us", {3, 9, 5});
  CHECK(latency.value == 5);
  CHECK(latency.p99 == 9);
  CHECK(latency.better == Better::lower);
}

TEST_CASE("a target is met from the better side") {
  Row row = rate_row("1/s", {10});
  CHECK(!met(row));
  row.target = 10;
  CHECK(met(row) == true);
  row.target = 11;
  CHECK(met(row) == false);
  row.better = Better::lower;
  CHECK(met(row) == true);
  row.target = 9;
  CHECK(met(row) == false);
}

TEST_CASE("a row's JSON has every key, and null where there is nothing to say") {
  Row row = rate_row("1/s", {10, 20});
  row.name = "full";
  row.raw = 40;
  row.raw_is = "messages";
  row.ranks = 2;
  row.target = 15;
  Row bare;
  bare.name = "bare";
  bare.raw = 0;  // was not measured: no ratio
  bare.median = std::numeric_limits<double>::infinity();
  const nlohmann::json json = written({row, bare});
  REQUIRE(json.size() == 2);
  const std::set<std::string> keys{"name",          "value", "median", "min",   "p99",    "unit",
                                   "raw_mpi_value", "ratio", "raw_is", "ranks", "target", "better"};
  for (const auto& item : json) {
    std::set<std::string> found;
    for (const auto& [key, value] : item.items()) found.insert(key);
    CHECK(found == keys);
  }
  CHECK(json[0]["value"] == 20);
  CHECK(json[0]["median"] == 15);
  CHECK(json[0]["min"] == 10);
  CHECK(json[0]["p99"].is_null());
  CHECK(json[0]["ratio"] == 0.5);
  CHECK(json[0]["better"] == "higher");
  CHECK(json[1]["ratio"].is_null());
  CHECK(json[1]["median"].is_null());
  CHECK(json[1]["target"].is_null());
}

TEST_CASE("a file that cannot be written is named") {
  CHECK_THROWS_WITH(write_json("/nowhere/rows.json", {}), ContainsSubstring("/nowhere/rows.json"));
}
