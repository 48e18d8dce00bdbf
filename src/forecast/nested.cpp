// SPDX-License-Identifier: Apache-2.0
#include "forecast/nested.hpp"

namespace rankine::forecast {

namespace {

void save(std::span<const double> values, std::vector<double>& state) {
  state.push_back(static_cast<double>(values.size()));
  state.insert(state.end(), values.begin(), values.end());
}

std::vector<double> load(std::span<const double>& state) {
  const auto values = state.subspan(1, static_cast<std::size_t>(state[0]));
  state = state.subspan(1 + values.size());
  return {values.begin(), values.end()};
}

}  // namespace

void save_fit(const Fit& fit, std::vector<double>& state) {
  const std::vector<double> form(fit.form.begin(), fit.form.end());  // a letter a number
  save(form, state);
  save(fit.parameters, state);
  save(fit.state, state);
  save(std::vector{fit.loglik, fit.aicc, fit.sigma2, static_cast<double>(fit.evaluations)}, state);
}

Fit load_fit(std::span<const double>& state) {
  Fit fit;
  for (const double letter : load(state)) fit.form.push_back(static_cast<char>(letter));
  fit.parameters = load(state);
  fit.state = load(state);
  const std::vector<double> numbers = load(state);
  fit.loglik = numbers[0];
  fit.aicc = numbers[1];
  fit.sigma2 = numbers[2];
  fit.evaluations = static_cast<std::int64_t>(numbers[3]);
  return fit;
}

}  // namespace rankine::forecast
