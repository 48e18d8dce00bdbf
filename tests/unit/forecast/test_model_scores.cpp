// SPDX-License-Identifier: Apache-2.0
// What the models promise on M3 and M4 Hourly, held to by the real data where it is at hand; elsewhere the
// tests say so and pass.
#include <cmath>
#include <filesystem>

#include <rankine/forecast/metrics.hpp>
#include <rankine/forecast/model.hpp>
#include <rankine/forecast/reader.hpp>

#include "catch.hpp"

namespace {

using namespace rankine::forecast;

struct Means {
  double smape = 0, mase = 0;
};

/// Nothing where the data is absent.
bool scored(const char* file, const char* name, Means& means) {
  const std::filesystem::path path = std::filesystem::path(RANKINE_SHARED_DATA) / file;
  if (!std::filesystem::exists(path)) {
    WARN("skipped: " << path.string() << " is not there");
    return false;
  }
  const Dataset dataset = read_dataset(path);
  const ModelPointer model = make_model(name);
  const auto count = static_cast<double>(dataset.series.size());
  for (const Series& series : dataset.series) {
    INFO(series.id);
    const Fit fit = fit_one(*model, {.values = series.train, .season = series.season});
    REQUIRE(fit.failure == "");
    const auto forecast = model->predict(fit, {.horizon = series.horizon}).mean;
    means.smape += smape(series.test, forecast) / count;
    means.mase += mase(series.test, forecast, mase_scale(series.train, series.season)) / count;
  }
  return true;
}

TEST_CASE("DynamicOptimisedTheta on M3 is at least as good as the published ensemble") {
  Means means;
  if (!scored("m3/M3.csv", "DynamicOptimisedTheta", means)) return;
  CHECK(means.smape < 12.63);
  CHECK(means.mase < 1.37);
}

TEST_CASE("LogMSTL on M4 Hourly has an OWA of 0.57 or less") {
  Means means;
  if (!scored("m4/Hourly-train.csv", "LogMSTL(24,168,DynamicOptimisedTheta)", means)) return;
  CHECK((means.smape / 18.383 + means.mase / 2.395) / 2 <= 0.57);  // Naive2, as published
}

}  // namespace
