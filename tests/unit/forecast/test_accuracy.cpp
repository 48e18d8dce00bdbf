// SPDX-License-Identifier: Apache-2.0
// The library against published scores and against R's forecast package, series by series, on M3 and M4 data.
// The data is not part of the repository; where it is absent the tests say so and pass.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include <rankine/forecast/chunk.hpp>
#include <rankine/forecast/reader.hpp>
#include <rankine/forecast/results.hpp>

#include "catch.hpp"

namespace {

using namespace rankine::forecast;

const std::filesystem::path kData = RANKINE_SHARED_DATA;

struct Errors {
  double smape = 0;
  double mase = 0;
};
using Reference = std::map<std::string, std::map<std::string, Errors>>;  // by method, then series

/// `id,[period,]method,smape,mase`
Reference read_reference(const std::filesystem::path& path) {
  std::ifstream file(path);
  Reference reference;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> fields;
    std::istringstream words(line);
    for (std::string field; std::getline(words, field, ',');) fields.push_back(field);
    const std::size_t n = fields.size();
    reference[fields[n - 3]][fields[0]] = {std::stod(fields[n - 2]), std::stod(fields[n - 1])};
  }
  return reference;
}

struct Run {
  Results results;
  Reference reference;
};

/// All eight models on the dataset, or nothing (and a message) where the data is absent.
std::optional<Run> run(const std::string& data, const std::string& reference) {
  if (!std::filesystem::exists(kData / data)) {
    WARN("skipped: " << (kData / data).string() << " is absent");
    return std::nullopt;
  }
  const Dataset dataset = read_dataset(kData / data);
  ChunkRequest request;
  request.models.assign(all_models().begin(), all_models().end());
  request.series = dataset.series;
  Run run{results_of(dataset, request.models), read_reference(kData / reference)};
  run.results.fits = fit_chunk(request);
  return run;
}

/// Means over the series of a group ("Total": of all), ours and R's.
struct Means {
  Errors ours, reference;
  double largest_difference = 0;  // of a series' sMAPE
};

Means means(const Run& run, ModelId model, const std::string& group) {
  const Results& r = run.results;
  const auto& reference = run.reference.at(std::string(name(model)));
  Means m;
  double n = 0;
  for (std::size_t s = 0; s < r.ids.size(); ++s) {
    if (group != "Total" && r.groups[static_cast<std::size_t>(r.group[s])] != group) continue;
    const std::size_t at = s * r.models.size() + static_cast<std::size_t>(model);
    const Errors& theirs = reference.at(r.ids[s]);
    m.ours.smape += r.fits.smape[at];
    m.ours.mase += r.fits.mase[at];
    m.reference.smape += theirs.smape;
    m.reference.mase += theirs.mase;
    m.largest_difference = std::max(m.largest_difference, std::abs(r.fits.smape[at] - theirs.smape));
    ++n;
  }
  for (double* sum : {&m.ours.smape, &m.ours.mase, &m.reference.smape, &m.reference.mase}) *sum /= n;
  return m;
}

/// The promises of the library for one set.
void compare(const Run& run, const std::string& group) {
  for (const ModelId model : {ModelId::kNaive, ModelId::kSnaive, ModelId::kNaive2}) {
    INFO(group << " " << name(model));
    CHECK(means(run, model, group).largest_difference < 1e-4);
  }
  for (const ModelId model : {ModelId::kSes, ModelId::kTheta}) {
    const Means m = means(run, model, group);
    INFO(group << " " << name(model) << " " << m.ours.smape << " R " << m.reference.smape);
    CHECK(std::abs(m.ours.smape - m.reference.smape) < 0.01);
    CHECK(std::abs(m.ours.mase - m.reference.mase) < 0.01);
  }
  for (const ModelId model : {ModelId::kHolt, ModelId::kDamped, ModelId::kComb}) {
    const Means m = means(run, model, group);
    INFO(group << " " << name(model) << " " << m.ours.smape << " R " << m.reference.smape);
    CHECK(m.ours.smape < m.reference.smape + 0.1);
    CHECK(m.ours.mase < m.reference.mase + 0.05);
  }
}

struct Published {
  ModelId model;
  double smape, mase;
};

void check_published(const ScoreRow& row, const std::vector<Published>& scores) {
  for (const Published& published : scores) {
    const Score& score = row.methods[static_cast<std::size_t>(published.model)];
    INFO(row.group << " " << name(published.model));
    CHECK(score.smape == Approx(published.smape).margin(0.001));
    CHECK(score.mase == Approx(published.mase).margin(0.001));
  }
}

TEST_CASE("M3: naive methods equal R, SES and Theta match it, Holt, Damped and Comb are no worse",
          "[accuracy]") {
  const auto m3 = run("m3/M3.csv", "m3/reference_R_forecast_M3.csv");
  if (!m3) return;
  REQUIRE(m3->results.ids.size() == 3003);
  REQUIRE(m3->results.fits.failures.empty());
  for (const char* group : {"Yearly", "Quarterly", "Monthly", "Other", "Total"}) compare(*m3, group);
  const ScoreTable table = score(m3->results);
  REQUIRE(table.rows.size() == 5);
  check_published(table.total(), {{ModelId::kNaive2, 14.702, 1.669}, {ModelId::kTheta, 12.822, 1.420}});
  check_published(table.rows[0], {{ModelId::kNaive2, 17.880, 3.172}});
  check_published(table.rows[1], {{ModelId::kNaive2, 10.029, 1.252}});
  check_published(table.rows[2], {{ModelId::kNaive2, 16.764, 1.038}});
  check_published(table.rows[3], {{ModelId::kNaive2, 6.302, 3.089}});
}

TEST_CASE("M4 Weekly: published naive scores, R's smoothers", "[accuracy]") {
  const auto weekly = run("m4/Weekly-train.csv", "m4/reference_R_forecast_Weekly.csv");
  if (!weekly) return;
  REQUIRE(weekly->results.ids.size() == 359);
  compare(*weekly, "Weekly");
  check_published(score(weekly->results).total(), {{ModelId::kNaive, 9.161, 2.777},
                                                   {ModelId::kSnaive, 9.161, 2.777},
                                                   {ModelId::kNaive2, 9.161, 2.777},
                                                   {ModelId::kSes, 9.012, 2.685}});
}

TEST_CASE("M4 Hourly: published naive scores, R's smoothers, the seasonality test", "[accuracy]") {
  const auto hourly = run("m4/Hourly-train.csv", "m4/reference_R_forecast_Hourly.csv");
  if (!hourly) return;
  REQUIRE(hourly->results.ids.size() == 414);
  compare(*hourly, "Hourly");
  const ScoreTable table = score(hourly->results);
  check_published(table.total(), {{ModelId::kNaive, 43.003, 11.608},
                                  {ModelId::kSnaive, 13.912, 1.193},
                                  {ModelId::kNaive2, 18.383, 2.395},
                                  {ModelId::kSes, 18.094, 2.385},
                                  {ModelId::kTheta, 18.138, 2.455}});
  // OWA of sNaive as recomputed from the published means.
  CHECK(table.total().methods[static_cast<std::size_t>(ModelId::kSnaive)].owa ==
        Approx(0.6275).margin(0.001));
  const auto& adjustment = hourly->results.fits.adjustment;
  CHECK(std::count(adjustment.begin(), adjustment.end(),
                   static_cast<std::uint8_t>(Adjustment::kMultiplicative)) == 413);
}

TEST_CASE("An M4 folder holds its pairs in the order of the tables", "[accuracy]") {
  if (!std::filesystem::exists(kData / "m4")) {
    WARN("skipped: " << (kData / "m4").string() << " is absent");
    return;
  }
  const Dataset all = read_dataset(kData / "m4");
  CHECK(all.series.size() == 359 + 414);
  CHECK(all.groups == std::vector<std::string>{"Weekly", "Hourly"});
}

}  // namespace
