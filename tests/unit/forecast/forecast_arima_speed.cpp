// SPDX-License-Identifier: Apache-2.0
// Not a test: how many ray-ets series a second a model fits and forecasts in a second of processor time,
// beside tools/reference/arima_speed.{R,py}.
//   forecast_arima_speed MODEL SERIES
// Series i: length uniform in 50..500, y = 10 + day of week + uniform(0, 0.5), no season told (m = 1).
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include <rankine/core/philox.hpp>
#include <rankine/forecast/model.hpp>

namespace {

std::vector<double> ray_ets(std::uint64_t index) {
  rankine::Philox random(1, index);
  std::vector<double> y(50 + random.below(451));
  for (std::size_t t = 0; t < y.size(); ++t) y[t] = 10 + static_cast<double>(t % 7) + 0.5 * random.uniform();
  return y;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: forecast_arima_speed MODEL SERIES\n");
    return 2;
  }
  const rankine::forecast::ModelPointer model = rankine::forecast::make_model(argv[1]);
  const int count = std::atoi(argv[2]);
  const std::clock_t begin = std::clock();
  std::int64_t evaluations = 0;
  int failures = 0;
  for (int i = 0; i < count; ++i) {
    const std::vector<double> y = ray_ets(static_cast<std::uint64_t>(i));
    rankine::forecast::Problem problem;
    problem.values = y;
    const rankine::forecast::Fit fit = rankine::forecast::fit_one(*model, problem);
    rankine::forecast::Request request;
    request.horizon = 7;
    failures += !fit.failure.empty() || !model->predict(fit, request).failure.empty() ? 1 : 0;
    evaluations += fit.evaluations;
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%s: %d series, %d failed, %.1f series/s, %.0f evaluations a series\n", argv[1], count,
              failures, count / seconds, static_cast<double>(evaluations) / count);
}
