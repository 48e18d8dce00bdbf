// SPDX-License-Identifier: Apache-2.0
// The results file read back, its bytes from run to run, its errors; SHA-256 against published vectors.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include <rankine/core/error.hpp>
#include <rankine/forecast/series_source.hpp>

#include "catch.hpp"
#include "chunks.hpp"
#include "files/hdf5.hpp"
#include "files/sha256.hpp"
#include "temporary_folder.hpp"
#include "thrown.hpp"

namespace {

using namespace rankine::forecast;
namespace files = rankine::files;

/// Two good series of unequal horizons and one that only the naive methods can do.
ChunkRequest sample() {
  ChunkRequest request =
      given_chunk({{"first", "A", 1, 2, {1, 2, 3, 5, 8, 13, 21}, {34, 55}, ""},
                   {"second, with a long name", "B", 4, 3, {5, 6, 7, 8, 9, 5, 6, 7, 8}, {1, 2, 3}, ""},
                   {"brief", "B", 1, 1, {1, 2}, {3}, ""}},
                  "Naive,Damped");
  request.options.keep_models = true;
  return request;
}

/// Writes the results of a chunk, whole or in pieces, and returns their digest.
std::string write(const std::filesystem::path& path, const ChunkRequest& request, std::size_t piece = 1000) {
  ResultsFile file(path, frame_of(request));
  for (std::size_t first = 0; first < request.range.count; first += piece) {
    ChunkRequest part = request;
    part.range.count = std::min<std::size_t>(piece, request.range.count - first);
    if (request.range.kind == RangeKind::kGenerated) {
      part.range.first += first;
    } else {
      const auto from = request.range.given.begin() + static_cast<std::ptrdiff_t>(first);
      part.range.given.assign(from, from + static_cast<std::ptrdiff_t>(part.range.count));
    }
    file.append(fit_chunk(part));
  }
  return file.close({{"note", "seven"}});
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST_CASE("A results file holds what was written, with units and descriptions") {
  const TemporaryFolder folder;
  const ChunkResult results = fit_chunk(sample());
  write(folder / "results.h5", sample());
  const files::Hdf5Reader file(folder / "results.h5");
  CHECK(file.texts("ids") == results.ids);
  CHECK(file.texts("models") == std::vector<std::string>{"Naive", "Damped"});
  CHECK(file.texts("groups") == std::vector<std::string>{"A", "B"});
  CHECK(file.integers("group") == std::vector<std::int64_t>{0, 1, 1});
  CHECK(file.integers("horizon") == std::vector<std::int64_t>{2, 3, 1});
  CHECK(file.shape("forecasts") == std::vector<std::size_t>{3, 2, 3});
  CHECK(file.doubles("smape")[0] == results.smape[0]);
  const auto forecasts = file.doubles("forecasts");
  CHECK(forecasts[0] == 21);                    // Naive on the first series
  CHECK(std::isnan(forecasts[2]));              // beyond its horizon of 2
  CHECK(forecasts[3] == results.forecasts[2]);  // Damped follows
  CHECK(std::isnan(forecasts[15]));             // Damped failed on the third
  CHECK(file.texts("failures_reason")[0] == results.failures[0].reason);
  CHECK(file.integers("failures_series")[0] == 2);
  CHECK(file.integers("failures_model")[0] == 1);
  CHECK(file.text_attribute("smape", "units") == "percent (0..200)");
  CHECK(contains(file.text_attribute("forecasts", "description"), "horizon"));
  CHECK(file.text_attribute("/", "dataset") == "sample");
  CHECK(file.text_attribute("/", "note") == "seven");
}

TEST_CASE("Parameters of a fit lie between the ends, under the names of its form") {
  const TemporaryFolder folder;
  write(folder / "results.h5", sample());
  const files::Hdf5Reader file(folder / "results.h5");
  CHECK(file.texts("forms") == std::vector<std::string>{"Naive", "Damped"});
  CHECK(file.texts("form_parameters") == std::vector<std::string>{"", "alpha,beta,phi,level0,trend0"});
  CHECK(file.integers("form") == std::vector<std::int64_t>{0, 1, 0, 1, 0, -1});
  CHECK(file.integers("parameters_end") == std::vector<std::int64_t>{0, 5, 5, 10, 10, 10});
  CHECK(file.doubles("parameters") == fit_chunk(sample()).parameters);
  CHECK(file.doubles("parameters", 5, 5).back() == fit_chunk(sample()).parameters.back());
}

TEST_CASE("Every dataset says its units and what it is") {
  const TemporaryFolder folder;
  ChunkRequest request = generated_chunk(1, 0, 3);
  request.options.levels = {80, 95};
  request.options.choice = Choice::kAicc;
  request.options.keep_models = true;
  write(folder / "results.h5", request);
  const files::Hdf5Reader file(folder / "results.h5");
  for (const char* name : {"ids",
                           "models",
                           "groups",
                           "forms",
                           "form_parameters",
                           "levels",
                           "group",
                           "season",
                           "horizon",
                           "chosen",
                           "forecasts",
                           "lower",
                           "upper",
                           "form",
                           "loglik",
                           "aicc",
                           "sigma2",
                           "evaluations",
                           "parameters",
                           "parameters_end",
                           "state",
                           "state_end",
                           "smape",
                           "mase",
                           "msis",
                           "coverage",
                           "failed",
                           "floor_smape",
                           "floor_mase",
                           "failures_series",
                           "failures_model",
                           "failures_reason"}) {
    INFO(name);
    CHECK_FALSE(file.text_attribute(name, "units").empty());
    CHECK_FALSE(file.text_attribute(name, "description").empty());
  }
}

TEST_CASE("However results were cut into pieces, the file is the same bytes") {
  const TemporaryFolder folder;
  // More than one compressed block of a column.
  ChunkRequest request = generated_chunk(4, 0, 700, "Naive,SES,Damped");
  request.options.levels = {80};
  const std::string digest = write(folder / "whole.h5", request);
  CHECK(digest.size() == 64);
  for (const std::size_t piece : {1u, 7u, 699u}) {
    CHECK(write(folder / "pieces.h5", request, piece) == digest);
    CHECK(bytes_of(folder / "pieces.h5") == bytes_of(folder / "whole.h5"));
  }
  ++request.range.seed;
  CHECK(write(folder / "other.h5", request) != digest);
}

TEST_CASE("Long ids widen their column at any time") {
  const TemporaryFolder folder;
  std::vector<Series> series;
  for (std::size_t k = 0; k < 20'000; ++k) {
    series.push_back({std::string(k == 15'000  ? 300
                                  : k == 9'000 ? 33
                                               : 5,
                                  'a') +
                          std::to_string(k),
                      "All",
                      1,
                      1,
                      {1, 2},
                      {3},
                      ""});
  }
  const ChunkRequest request = given_chunk(series, "Naive");
  write(folder / "results.h5", request, 6000);
  const std::vector<std::string> ids = files::Hdf5Reader(folder / "results.h5").texts("ids");
  REQUIRE(ids.size() == series.size());
  for (std::size_t k = 0; k < ids.size(); ++k) REQUIRE(ids[k] == series[k].id);
}

TEST_CASE("Results without any series or without forecasts can be written") {
  const TemporaryFolder folder;
  write(folder / "empty.h5", given_chunk({}, "Naive"));
  CHECK(files::Hdf5Reader(folder / "empty.h5").texts("ids").empty());
  ChunkRequest bare = sample();
  bare.options.keep_forecasts = false;
  write(folder / "bare.h5", bare);
  CHECK_FALSE(files::Hdf5Reader(folder / "bare.h5").has("forecasts"));
}

TEST_CASE("Saved models forecast the same bits without their series, and further") {
  const TemporaryFolder folder;
  ChunkRequest request = generated_chunk(4, 0, 50);
  request.options.keep_models = true;
  write(folder / "results.h5", request);
  const SeriesSource source = SeriesSource::saved(folder / "results.h5", 0);
  CHECK(source.units() == 50);
  CHECK(source.models() == "Naive,sNaive,Naive2,SES,Holt,Damped,Theta,Comb");
  ChunkRequest again;
  again.options.models = source.models();
  again.range = source.range(20, 30);
  const ChunkResult from_file = fit_chunk(again);
  request.range.first = 20;
  request.range.count = 30;
  const ChunkResult fitted = fit_chunk(request);
  CHECK(from_file.forecasts == fitted.forecasts);
  CHECK(from_file.parameters == fitted.parameters);
  CHECK(from_file.ids == fitted.ids);
  again.range = SeriesSource::saved(folder / "results.h5", 40).range(20, 30);
  const ChunkResult further = fit_chunk(again);
  REQUIRE(further.forecasts.size() == 30 * 8 * 40);
  CHECK(std::equal(further.forecasts.begin(), further.forecasts.begin() + 18, fitted.forecasts.begin()));
}

TEST_CASE("A file without saved models is not forecast from") {
  const TemporaryFolder folder;
  ChunkRequest request = sample();
  request.options.keep_models = false;
  write(folder / "results.h5", request);
  const auto path = folder / "results.h5";
  CHECK(contains(thrown<rankine::InputError>([&] { SeriesSource::saved(path, 3); }), "--save-models"));
}

TEST_CASE("A place that cannot be written is named") {
  const TemporaryFolder folder;
  const auto path = folder / "missing/results.h5";
  const std::string text = thrown<rankine::SystemError>([&] { write(path, sample()); });
  CHECK(contains(text, path.string()));
  CHECK(contains(text, "No such file or directory"));
}

TEST_CASE("A full disk is an error naming the file, and what was there before is kept") {
  if (!std::filesystem::exists("/dev/full")) return;
  const TemporaryFolder folder;
  const auto path = folder.file("results.h5", "the one before");
  std::filesystem::create_symlink("/dev/full", folder / "results.h5.partial");
  const std::string text =
      thrown<rankine::SystemError>([&] { write(path, generated_chunk(4, 0, 3000, "Naive")); });
  CHECK(contains(text, "results.h5"));
  CHECK(contains(text, "No space left on device"));
  CHECK(bytes_of(path) == "the one before");
}

TEST_CASE("Nothing but the file is left behind, and nothing at all without close()") {
  const TemporaryFolder folder;
  const auto files = [&] {
    return std::distance(std::filesystem::directory_iterator(folder.path),
                         std::filesystem::directory_iterator());
  };
  { ResultsFile abandoned(folder / "results.h5", frame_of(sample())); }
  CHECK(files() == 0);
  write(folder / "results.h5", sample());
  CHECK(files() == 1);
}

TEST_CASE("Results of other models, without them or of longer horizons are refused") {
  const TemporaryFolder folder;
  ResultsFile file(folder / "results.h5", frame_of(sample()));
  CHECK_THROWS_AS(file.append(fit_chunk(given_chunk({}, "Naive"))), rankine::InputError);
  const Series longer{"longer", "A", 1, 9, {1, 2, 3, 5, 8, 13, 21}, {}, ""};
  ChunkRequest request = given_chunk({longer}, "Naive,Damped");
  CHECK(
      contains(thrown<rankine::InputError>([&] { file.append(fit_chunk(request)); }), "without the models"));
  request.options.keep_models = true;
  CHECK(contains(thrown<rankine::InputError>([&] { file.append(fit_chunk(request)); }), "a horizon of 9"));
}

std::string sha256(std::string_view text) {
  files::Sha256 sha;
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
  files::Sha256 cut;
  for (std::size_t at = 0; at < million.size();) {
    const std::size_t part = std::min<std::size_t>(1 + at % 131, million.size() - at);
    cut.update(std::as_bytes(std::span(million).subspan(at, part)));
    at += part;
  }
  CHECK(cut.finish() == sha256(million));
}

}  // namespace
