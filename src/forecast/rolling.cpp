// SPDX-License-Identifier: Apache-2.0
#include "forecast/rolling.hpp"

#include <algorithm>

#include "forecast/single.hpp"

namespace rankine::forecast {

RollingOrigins rolling_origins(std::size_t n, int season, std::size_t values_min, std::size_t windows) {
  RollingOrigins origins;
  if (n < values_min + 2 || windows == 0) return origins;
  const std::size_t spare = n - values_min;
  const auto wanted = season > 1 ? std::clamp<std::size_t>(2 * static_cast<std::size_t>(season), 8, 48) : 8;
  origins.steps = std::min({wanted, std::max<std::size_t>(spare / 2, 1), std::max<std::size_t>(n / 3, 1)});
  const std::size_t room = spare - origins.steps;  // by how much the first origin may precede the last
  const std::size_t stride =
      windows > 1 ? std::clamp<std::size_t>(room / (windows - 1), 1, origins.steps) : 1;
  for (std::size_t w = 0; w < windows && w * stride <= room; ++w)
    origins.sizes.push_back(n - origins.steps - w * stride);
  return origins;
}

RollingErrors rolling_errors(const Model& model, const Problem& problem, const RollingOrigins& origins) {
  RollingErrors rolling;
  const auto columns = static_cast<std::size_t>(problem.columns);
  std::vector<Problem> beginnings;
  for (const std::size_t size : origins.sizes) {
    Problem beginning = problem;
    beginning.values = problem.values.first(size);
    beginning.exogenous = problem.exogenous.first(size * columns);
    beginnings.push_back(beginning);
  }
  std::vector<Fit> fits(beginnings.size());
  fit_sound(model, beginnings, fits);
  for (std::size_t w = 0; w < fits.size(); ++w) {
    const std::size_t size = origins.sizes[w];
    Request request;
    request.horizon = static_cast<int>(origins.steps);
    request.exogenous = problem.exogenous.subspan(size * columns, origins.steps * columns);
    Prediction prediction;
    prediction.failure = fits[w].failure;
    if (prediction.failure.empty()) prediction = model.predict(fits[w], request);
    if (!prediction.failure.empty()) {
      rolling.failure = prediction.failure;
      continue;
    }
    auto& errors = rolling.errors.emplace_back(origins.steps);
    for (std::size_t k = 0; k < errors.size(); ++k) errors[k] = problem.values[size + k] - prediction.mean[k];
  }
  if (!rolling.errors.empty()) rolling.failure.clear();
  if (origins.sizes.empty()) rolling.failure = "has too few values to hold some back";
  return rolling;
}

}  // namespace rankine::forecast
