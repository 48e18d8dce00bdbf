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
#include <rankine/forecast/report.hpp>

#include "catch.hpp"
#include "chunks.hpp"

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
  ResultsFrame frame;
  ChunkResult results;
  ScoreTable table;
  Reference reference;
};

/// All eight models on the dataset, or nothing (and a message) where the data is absent.
std::optional<Run> run(const std::string& data, const std::string& reference) {
  if (!std::filesystem::exists(kData / data)) {
    WARN("skipped: " << (kData / data).string() << " is absent");
    return std::nullopt;
  }
  const ChunkRequest request = given_chunk(read_dataset(kData / data).series);
  Run run{frame_of(request), fit_chunk(request), {}, read_reference(kData / reference)};
  Report report(run.frame);
  report.add(run.results);
  run.table = report.scores();
  return run;
}

/// Means over the series of a group ("Total": of all), ours and R's.
struct Means {
  Errors ours, reference;
  double largest_difference = 0;  // of a series' sMAPE
};

std::size_t place(const Run& run, const std::string& model) {
  const auto& models = run.frame.models;
  return static_cast<std::size_t>(std::find(models.begin(), models.end(), model) - models.begin());
}

Means means(const Run& run, const std::string& model, const std::string& group) {
  const ChunkResult& r = run.results;
  const auto& reference = run.reference.at(model);
  Means m;
  double n = 0;
  for (std::size_t s = 0; s < r.ids.size(); ++s) {
    if (group != "Total" && r.group_names.texts[static_cast<std::size_t>(r.group[s])] != group) continue;
    const std::size_t at = s * run.frame.models.size() + place(run, model);
    const Errors& theirs = reference.at(r.ids[s]);
    m.ours.smape += r.smape[at];
    m.ours.mase += r.mase[at];
    m.reference.smape += theirs.smape;
    m.reference.mase += theirs.mase;
    m.largest_difference = std::max(m.largest_difference, std::abs(r.smape[at] - theirs.smape));
    ++n;
  }
  for (double* sum : {&m.ours.smape, &m.ours.mase, &m.reference.smape, &m.reference.mase}) *sum /= n;
  return m;
}

/// The promises of the library for one set.
void compare(const Run& run, const std::string& group) {
  for (const char* model : {"Naive", "sNaive", "Naive2"}) {
    INFO(group << " " << model);
    CHECK(means(run, model, group).largest_difference < 1e-4);
  }
  for (const char* model : {"SES", "Theta"}) {
    const Means m = means(run, model, group);
    INFO(group << " " << model << " " << m.ours.smape << " R " << m.reference.smape);
    CHECK(std::abs(m.ours.smape - m.reference.smape) < 0.01);
    CHECK(std::abs(m.ours.mase - m.reference.mase) < 0.01);
  }
  for (const char* model : {"Holt", "Damped", "Comb"}) {
    const Means m = means(run, model, group);
    INFO(group << " " << model << " " << m.ours.smape << " R " << m.reference.smape);
    CHECK(m.ours.smape < m.reference.smape + 0.1);
    CHECK(m.ours.mase < m.reference.mase + 0.05);
  }
}

struct Published {
  std::string model;
  double smape, mase;
};

void check_published(const Run& run, const ScoreRow& row, const std::vector<Published>& scores) {
  for (const Published& published : scores) {
    const Score& score = row.methods[place(run, published.model)];
    INFO(row.group << " " << published.model);
    CHECK(score.smape == Approx(published.smape).margin(0.001));
    CHECK(score.mase == Approx(published.mase).margin(0.001));
  }
}

TEST_CASE("M3: naive methods equal R, SES and Theta match it, Holt, Damped and Comb are no worse",
          "[accuracy]") {
  const auto m3 = run("m3/M3.csv", "m3/reference_R_forecast_M3.csv");
  if (!m3) return;
  REQUIRE(m3->results.ids.size() == 3003);
  REQUIRE(m3->results.failures.empty());
  for (const char* group : {"Yearly", "Quarterly", "Monthly", "Other", "Total"}) compare(*m3, group);
  const ScoreTable& table = m3->table;
  REQUIRE(table.rows.size() == 5);
  check_published(*m3, table.total(), {{"Naive2", 14.702, 1.669}, {"Theta", 12.822, 1.420}});
  check_published(*m3, table.rows[0], {{"Naive2", 17.880, 3.172}});
  check_published(*m3, table.rows[1], {{"Naive2", 10.029, 1.252}});
  check_published(*m3, table.rows[2], {{"Naive2", 16.764, 1.038}});
  check_published(*m3, table.rows[3], {{"Naive2", 6.302, 3.089}});
}

TEST_CASE("M4 Weekly: published naive scores, R's smoothers", "[accuracy]") {
  const auto weekly = run("m4/Weekly-train.csv", "m4/reference_R_forecast_Weekly.csv");
  if (!weekly) return;
  REQUIRE(weekly->results.ids.size() == 359);
  compare(*weekly, "Weekly");
  check_published(
      *weekly, weekly->table.total(),
      {{"Naive", 9.161, 2.777}, {"sNaive", 9.161, 2.777}, {"Naive2", 9.161, 2.777}, {"SES", 9.012, 2.685}});
}

TEST_CASE("M4 Hourly: published naive scores, R's smoothers, the seasonality test", "[accuracy]") {
  const auto hourly = run("m4/Hourly-train.csv", "m4/reference_R_forecast_Hourly.csv");
  if (!hourly) return;
  REQUIRE(hourly->results.ids.size() == 414);
  compare(*hourly, "Hourly");
  const ScoreTable& table = hourly->table;
  check_published(*hourly, table.total(),
                  {{"Naive", 43.003, 11.608},
                   {"sNaive", 13.912, 1.193},
                   {"Naive2", 18.383, 2.395},
                   {"SES", 18.094, 2.385},
                   {"Theta", 18.138, 2.455}});
  // OWA of sNaive as recomputed from the published means.
  CHECK(table.total().methods[place(*hourly, "sNaive")].owa == Approx(0.6275).margin(0.001));
  const ChunkResult& r = hourly->results;
  std::size_t seasonal = 0;
  for (std::size_t s = 0; s < r.ids.size(); ++s) {
    const auto form = r.form[s * hourly->frame.models.size() + place(*hourly, "SES")];
    seasonal += r.form_names.texts.at(static_cast<std::size_t>(form)) == "SES*season";
  }
  CHECK(seasonal == 413);
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
