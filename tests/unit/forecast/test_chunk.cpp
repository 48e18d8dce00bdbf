// SPDX-License-Identifier: Apache-2.0
// Chunks: cutting the series anywhere gives the same results, failures keep their place, requests and results
// travel, the best model is chosen.
#include <algorithm>
#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <cmath>
#include <sstream>

#include <rankine/core/error.hpp>

#include "catch.hpp"
#include "chunks.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;

TEST_CASE("Generated series give the same results as the same series handed over") {
  const ChunkRequest generated = generated_chunk(11, 3, 10);
  const ChunkResult a = fit_chunk(given_chunk(load(generated.range).series));
  const ChunkResult b = fit_chunk(generated);
  CHECK(a.forecasts == b.forecasts);
  CHECK(a.smape == b.smape);
  CHECK(a.ids == b.ids);
  CHECK(a.floor_smape.empty());
  CHECK(b.floor_smape.size() == 10);
}

TEST_CASE("A failed model leaves NaN in its places and its reason in the list") {
  const Series good{"good", "All", 1, 2, {1, 2, 3, 5, 8, 13}, {21, 34}, ""};
  const Series brief{"brief", "All", 1, 3, {1, 2}, {3, 4, 5}, ""};
  const ChunkResult result = fit_chunk(given_chunk({good, brief}, "Naive,Holt"));
  REQUIRE(result.failures.size() == 1);
  CHECK(result.failures[0].series == 1);
  CHECK(result.failures[0].model == 1);
  CHECK(contains(result.failures[0].reason, "has 2 training values"));
  CHECK(result.failed == std::vector<std::uint8_t>{0, 0, 0, 1});
  REQUIRE(result.forecasts.size() == 2 * 2 + 2 * 3);
  CHECK(std::isnan(result.forecasts.back()));
  CHECK(std::isnan(result.smape[3]));
  CHECK_FALSE(std::isnan(result.smape[2]));
  CHECK(result.form[3] == -1);
  CHECK(result.parameter_counts == std::vector<std::int32_t>{0, 4, 0, 0});
}

TEST_CASE("A constant series has forecasts and an sMAPE but no MASE") {
  const ChunkResult result = fit_chunk(given_chunk({{"c", "All", 1, 1, {4, 4, 4, 4, 4, 4}, {5}, ""}}, "SES"));
  CHECK(result.failures.empty());
  CHECK(result.smape[0] == Approx(200.0 / 9));
  CHECK(std::isnan(result.mase[0]));
}

TEST_CASE("Without hold-out there are forecasts and no errors") {
  const ChunkResult result = fit_chunk(given_chunk({{"x", "All", 1, 4, {4, 5, 4, 6, 4, 7}, {}, ""}}, "SES"));
  CHECK(result.failures.empty());
  CHECK(result.forecasts.size() == 4);
  CHECK(std::isnan(result.smape[0]));
}

TEST_CASE("The scale of MASE keeps the data's own season when models are told another one") {
  Series series{"x", "All", 1, 1, {4, 5, 4, 6, 4, 7, 9, 8, 3}, {5}, ""};
  const double own = fit_chunk(given_chunk({series}, "Naive")).mase[0];
  series.season = 4;
  CHECK(fit_chunk(given_chunk({series}, "Naive")).mase[0] != own);
  series.own_season = 1;
  CHECK(fit_chunk(given_chunk({series}, "Naive")).mase[0] == own);
}

TEST_CASE("keep_forecasts = false leaves out the forecasts only") {
  ChunkRequest request = generated_chunk(11, 0, 5);
  const ChunkResult with = fit_chunk(request);
  request.options.keep_forecasts = false;
  const ChunkResult without = fit_chunk(request);
  CHECK(without.forecasts.empty());
  CHECK(without.smape == with.smape);
}

TEST_CASE("Requests and results go through a Boost archive unchanged") {
  ChunkRequest request = generated_chunk(11, 3, 4);
  request.options.levels = {80};
  request.options.keep_models = true;
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
  CHECK(request_back.range.first == 3);
  CHECK(request_back.units() == 4);
  const ChunkResult again = fit_chunk(request_back);
  CHECK(again.forecasts == result_back.forecasts);
  CHECK(again.states == result_back.states);
  CHECK(again.smape == result_back.smape);
  CHECK(result_back.series() == 4);
}

TEST_CASE("A chunk that was lost has its shape, NaN everywhere and one reason") {
  for (const ChunkRequest& request :
       {generated_chunk(11, 0, 3), given_chunk({{"x", "All", 1, 2, {1, 2, 3, 4, 5, 6, 7}, {8, 9}, ""}})}) {
    const ChunkResult there = fit_chunk(request);
    const ChunkResult lost = failed_chunk(request, "its rank died");
    CHECK(lost.ids == there.ids);
    CHECK(lost.forecasts.size() == there.forecasts.size());
    CHECK(lost.floor_smape.size() == there.floor_smape.size());
    CHECK(lost.failures.size() == static_cast<std::size_t>(there.series() * there.models));
    CHECK(lost.failures.back().reason == "its rank died");
    CHECK(std::all_of(lost.smape.begin(), lost.smape.end(), [](double e) { return std::isnan(e); }));
  }
}

TEST_CASE("Without likelihoods nothing is chosen") {
  ChunkRequest request = generated_chunk(11, 0, 3);
  request.options.choice = Choice::kAicc;
  CHECK(fit_chunk(request).chosen == std::vector<std::int32_t>{-1, -1, -1});
}

TEST_CASE("Bad requests are refused") {
  CHECK_THROWS_AS(fit_chunk(generated_chunk(1, 0, 1, "nonsense")), rankine::InputError);
  ChunkRequest request = generated_chunk(1, 0, 1);
  request.range.generator.season = 0;
  CHECK_THROWS_AS(fit_chunk(request), rankine::InputError);
}

TEST_CASE("Chunks are smaller for slow models and for many workers, and never empty") {
  CHECK(chunk_size(100'000, 4, 1e-4, 2) > chunk_size(100'000, 4, 1e-2, 2));
  CHECK(chunk_size(3003, 4, 1e-4, 2) >= chunk_size(3003, 4, 1e-4, 64));
  CHECK(chunk_size(10, 4, 1.0, 64) == 1);
  CHECK(chunk_size(0, 0, 0, 4) == 1);
}

}  // namespace
