// SPDX-License-Identifier: Apache-2.0
// Chunks: cutting the series anywhere gives the same bytes, failures keep their place, requests and results
// travel.
#include <algorithm>
#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <cmath>
#include <limits>
#include <sstream>

#include <rankine/forecast/chunk.hpp>
#include <rankine/forecast/results.hpp>

#include "catch.hpp"
#include "helpers.hpp"

namespace {

using namespace rankine::forecast;

ChunkRequest generated(std::uint64_t first, std::uint64_t count) {
  ChunkRequest request;
  request.models.assign(all_models().begin(), all_models().end());
  request.seed = 11;
  request.first = first;
  request.count = count;
  return request;
}

Results with_fits(ChunkResult fits) {
  const ChunkRequest all = generated(0, 50);
  Results results = results_of_generated(0, 50, all.generator, all.models);
  results.fits = std::move(fits);
  return results;
}

TEST_CASE("However the series are cut into chunks, the results are the same bytes") {
  const std::string whole = digest(with_fits(fit_chunk(generated(0, 50))));
  for (const std::uint64_t size : {1u, 7u, 49u}) {
    ChunkResult joined;
    for (std::uint64_t first = 0; first < 50; first += size) {
      joined.append(fit_chunk(generated(first, std::min<std::uint64_t>(size, 50 - first))));
    }
    CHECK(digest(with_fits(std::move(joined))) == whole);
  }
}

TEST_CASE("Generated series give the same results as the same series handed over") {
  ChunkRequest given = generated(0, 0);
  for (std::uint64_t k = 0; k < 10; ++k)
    given.series.push_back(generate_series(11, k, given.generator).series);
  const ChunkResult a = fit_chunk(given);
  const ChunkResult b = fit_chunk(generated(0, 10));
  CHECK(a.forecasts == b.forecasts);
  CHECK(a.smape == b.smape);
  CHECK(a.floor_smape.empty());
  CHECK(b.floor_smape.size() == 10);
}

TEST_CASE("A failed model leaves NaN in its places and its reason in the list") {
  ChunkRequest request;
  request.models = {ModelId::kNaive, ModelId::kHolt};
  Series good{"good", "All", 1, 2, {1, 2, 3, 5, 8, 13}, {21, 34}, ""};
  Series brief{"brief", "All", 1, 3, {1, 2}, {3, 4, 5}, ""};
  request.series = {good, brief};
  ChunkResult result = fit_chunk(request);
  REQUIRE(result.failures.size() == 1);
  CHECK(result.failures[0].series == 1);
  CHECK(result.failures[0].model == ModelId::kHolt);
  CHECK(contains(result.failures[0].reason, "has 2 training values"));
  CHECK(result.failed == std::vector<std::uint8_t>{0, 0, 0, 1});
  REQUIRE(result.forecasts.size() == 2 * 2 + 2 * 3);
  CHECK(std::isnan(result.forecasts.back()));
  CHECK(std::isnan(result.smape[3]));
  CHECK_FALSE(std::isnan(result.smape[2]));
  ChunkResult first = fit_chunk(request);
  first.append(std::move(result));
  CHECK(first.failures[1].series == 3);  // positions count on
}

TEST_CASE("A constant series has forecasts and an sMAPE but no MASE") {
  ChunkRequest request;
  request.models = {ModelId::kSes};
  request.series = {{"c", "All", 1, 1, {4, 4, 4, 4, 4, 4}, {5}, ""}};
  const ChunkResult result = fit_chunk(request);
  CHECK(result.failures.empty());
  CHECK(result.smape[0] == Approx(200.0 / 9));
  CHECK(std::isnan(result.mase[0]));
}

TEST_CASE("Without hold-out there are forecasts and no errors") {
  ChunkRequest request;
  request.models = {ModelId::kSes};
  request.series = {{"x", "All", 1, 4, {4, 5, 4, 6, 4, 7}, {}, ""}};
  const ChunkResult result = fit_chunk(request);
  CHECK(result.failures.empty());
  CHECK(result.forecasts.size() == 4);
  CHECK(std::isnan(result.smape[0]));
}

TEST_CASE("keep_forecasts = false leaves out the forecasts only") {
  ChunkRequest request = generated(0, 5);
  const ChunkResult with = fit_chunk(request);
  request.keep_forecasts = false;
  const ChunkResult without = fit_chunk(request);
  CHECK(without.forecasts.empty());
  CHECK(without.smape == with.smape);
}

TEST_CASE("Requests and results go through a Boost archive unchanged") {
  ChunkRequest request = generated(3, 4);
  std::stringstream bytes;
  {
    boost::archive::binary_oarchive out(bytes);
    out << request;
    out << fit_chunk(request);
  }
  ChunkRequest request_back;
  ChunkResult result_back;
  boost::archive::binary_iarchive in(bytes);
  in >> request_back >> result_back;
  CHECK(request_back.models == request.models);
  CHECK(request_back.first == 3);
  const ChunkResult again = fit_chunk(request_back);
  CHECK(again.forecasts == result_back.forecasts);
  CHECK(again.smape == result_back.smape);
  CHECK(result_back.series == 4);
}

TEST_CASE("A chunk that was lost has its shape, NaN everywhere and one reason") {
  for (ChunkRequest request : {generated(0, 3), generated(0, 0)}) {
    if (request.count == 0) request.series = {{"x", "All", 1, 2, {1, 2, 3, 4, 5, 6, 7}, {8, 9}, ""}};
    const ChunkResult there = fit_chunk(request);
    const ChunkResult lost = failed_chunk(request, "its rank died");
    CHECK(lost.series == there.series);
    CHECK(lost.forecasts.size() == there.forecasts.size());
    CHECK(lost.floor_smape.size() == there.floor_smape.size());
    CHECK(lost.failures.size() == static_cast<std::size_t>(there.series * there.models));
    CHECK(lost.failures.back().reason == "its rank died");
    CHECK(std::all_of(lost.smape.begin(), lost.smape.end(), [](double e) { return std::isnan(e); }));
  }
}

TEST_CASE("Bad requests are refused") {
  ChunkRequest both = generated(0, 1);
  both.series.emplace_back();
  CHECK_THROWS_AS(fit_chunk(both), rankine::InputError);
  ChunkResult eight = fit_chunk(generated(0, 1));
  ChunkRequest one = generated(0, 1);
  one.models = {ModelId::kSes};
  CHECK_THROWS_AS(eight.append(fit_chunk(one)), rankine::InputError);
}

TEST_CASE("Chunks are smaller for long series and for many workers, and never empty") {
  CHECK(chunk_size(100'000, 100'000 * 100, 8, 2) > chunk_size(100'000, 100'000 * 1000, 8, 2));
  CHECK(chunk_size(3003, 3003 * 70, 8, 2) >= chunk_size(3003, 3003 * 70, 8, 64));
  CHECK(chunk_size(10, 10, 1, 64) == 1);
  CHECK(chunk_size(0, 0, 8, 4) == 1);
}

}  // namespace
