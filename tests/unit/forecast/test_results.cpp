// SPDX-License-Identifier: Apache-2.0
// The results file read back, its bytes from run to run, its errors; SHA-256 against published vectors.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include <rankine/forecast/results.hpp>

#include "catch.hpp"
#include "forecast/hdf5.hpp"
#include "forecast/sha256.hpp"
#include "helpers.hpp"

namespace {

using namespace rankine::forecast;

/// Two good series of unequal horizons and one that only the naive methods can do.
Results sample() {
  Dataset dataset;
  dataset.name = "sample";
  dataset.groups = {"A", "B"};
  dataset.series = {{"first", "A", 1, 2, {1, 2, 3, 5, 8, 13, 21}, {34, 55}, ""},
                    {"second", "B", 4, 3, {5, 6, 7, 8, 9, 5, 6, 7, 8}, {1, 2, 3}, ""},
                    {"brief", "B", 1, 1, {1, 2}, {3}, ""}};
  ChunkRequest request;
  request.models = {ModelId::kNaive, ModelId::kDamped};
  request.series = dataset.series;
  Results results = results_of(dataset, request.models);
  results.fits = fit_chunk(request);
  return results;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST_CASE("A results file holds what was written, with units and descriptions") {
  const TemporaryFolder folder;
  const Results results = sample();
  write_results(folder / "results.h5", results, {{"seed", "7"}});
  const Hdf5Reader file(folder / "results.h5");
  CHECK(file.texts("ids") == results.ids);
  CHECK(file.texts("models") == std::vector<std::string>{"Naive", "Damped"});
  CHECK(file.texts("groups") == results.groups);
  CHECK(file.integers("group") == std::vector<std::int64_t>{0, 1, 1});
  CHECK(file.integers("horizon") == std::vector<std::int64_t>{2, 3, 1});
  CHECK(file.shape("forecasts") == std::vector<std::size_t>{3, 2, 3});
  CHECK(file.shape("parameters") == std::vector<std::size_t>{3, 2, 6});
  CHECK(file.doubles("smape")[0] == results.fits.smape[0]);
  const auto forecasts = file.doubles("forecasts");
  CHECK(forecasts[0] == 21);                         // Naive on the first series
  CHECK(std::isnan(forecasts[2]));                   // beyond its horizon of 2
  CHECK(forecasts[3] == results.fits.forecasts[2]);  // Damped follows
  CHECK(std::isnan(forecasts[15]));                  // Damped failed on the third
  CHECK(file.texts("failures_reason")[0] == results.fits.failures[0].reason);
  CHECK(file.integers("failures_series")[0] == 2);
  CHECK(file.integers("failures_model")[0] == 1);
  CHECK(file.text_attribute("smape", "units") == "percent (0..200)");
  CHECK(contains(file.text_attribute("forecasts", "description"), "horizon"));
  CHECK(file.text_attribute("/", "dataset") == "sample");
  CHECK(file.text_attribute("/", "seed") == "7");
}

TEST_CASE("Every dataset says its units and what it is") {
  const TemporaryFolder folder;
  write_results(folder / "results.h5", sample());
  const Hdf5Reader file(folder / "results.h5");
  for (const char* name :
       {"ids", "models", "groups", "parameter_names", "group", "season", "horizon", "adjustment",
        "parameters", "smape", "mase", "failed", "forecasts", "failures_series"}) {
    INFO(name);
    CHECK_FALSE(file.text_attribute(name, "units").empty());
    CHECK_FALSE(file.text_attribute(name, "description").empty());
  }
}

TEST_CASE("Equal results give equal files and digests, other results others") {
  const TemporaryFolder folder;
  Results results = sample();
  write_results(folder / "a.h5", results);
  write_results(folder / "b.h5", sample());
  CHECK(bytes_of(folder / "a.h5") == bytes_of(folder / "b.h5"));
  CHECK(bytes_of(folder / "a.h5").size() > 1000);
  const std::string before = digest(results);
  CHECK(before.size() == 64);
  CHECK(before == digest(sample()));
  results.fits.forecasts[0] = std::nextafter(results.fits.forecasts[0], 1e9);
  CHECK(digest(results) != before);
}

TEST_CASE("Results without any series or without forecasts can be written") {
  const TemporaryFolder folder;
  write_results(folder / "empty.h5", Results{});
  CHECK(Hdf5Reader(folder / "empty.h5").texts("ids").empty());
  Results bare = sample();
  bare.fits.forecasts.clear();
  write_results(folder / "bare.h5", bare);
  CHECK_FALSE(Hdf5Reader(folder / "bare.h5").has("forecasts"));
}

TEST_CASE("A place that cannot be written is named") {
  const TemporaryFolder folder;
  const auto path = folder / "missing/results.h5";
  const std::string text = thrown<rankine::SystemError>([&] { write_results(path, sample()); });
  CHECK(contains(text, path.string()));
  CHECK(contains(text, "No such file or directory"));
}

TEST_CASE("A full disk is an error naming the file, and what was there before is kept") {
  if (!std::filesystem::exists("/dev/full")) return;
  const TemporaryFolder folder;
  const auto path = folder.file("results.h5", "the one before");
  std::filesystem::create_symlink("/dev/full", folder / "results.h5.partial");
  const std::string text = thrown<rankine::SystemError>([&] { write_results(path, sample()); });
  CHECK(contains(text, "results.h5"));
  CHECK(contains(text, "No space left on device"));
  CHECK(bytes_of(path) == "the one before");
}

TEST_CASE("Nothing but the file is left behind") {
  const TemporaryFolder folder;
  write_results(folder / "results.h5", sample());
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++files;
  CHECK(files == 1);
}

TEST_CASE("Results with a missing chunk are neither scored nor written") {
  const TemporaryFolder folder;
  Results results = sample();
  results.ids.emplace_back("fourth");
  CHECK(contains(thrown<rankine::InputError>([&] { score(results); }), "a chunk is missing"));
  CHECK_THROWS_AS(write_results(folder / "x.h5", results), rankine::InputError);
  CHECK_THROWS_AS(digest(results), rankine::InputError);
}

std::string sha256(std::string_view text) {
  Sha256 sha;
  sha.update(std::as_bytes(std::span(text)));
  return sha.finish();
}

TEST_CASE("SHA-256 gives the digests of FIPS 180-4, however its input is cut") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  const std::string million(1'000'000, 'a');
  CHECK(sha256(million) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  Sha256 cut;
  for (std::size_t at = 0; at < million.size();) {
    const std::size_t part = std::min<std::size_t>(1 + at % 131, million.size() - at);
    cut.update(std::as_bytes(std::span(million).subspan(at, part)));
    at += part;
  }
  CHECK(cut.finish() == sha256(million));
}

}  // namespace
