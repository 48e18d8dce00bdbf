// SPDX-License-Identifier: Apache-2.0
#include "forecast/benchmarks/state.hpp"

#include <algorithm>

namespace rankine::forecast {

std::vector<double> BenchmarkState::packed() const {
  std::vector<double> state{static_cast<double>(lines.size()), not_negative ? 1.0 : 0.0,
                            static_cast<double>(adjustment)};
  for (const Line& line : lines) state.insert(state.end(), {line.level, line.trend, line.phi});
  state.insert(state.end(), indices.begin(), indices.end());
  return state;
}

BenchmarkState BenchmarkState::unpacked(std::span<const double> state) {
  BenchmarkState out;
  out.lines.resize(static_cast<std::size_t>(state[0]));
  out.not_negative = state[1] != 0;
  out.adjustment = static_cast<Adjustment>(state[2]);
  state = state.subspan(3);
  for (Line& line : out.lines) {
    line = {state[0], state[1], state[2]};
    state = state.subspan(3);
  }
  out.indices.assign(state.begin(), state.end());
  return out;
}

Prediction BenchmarkState::forecast(int horizon) const {
  Prediction prediction;
  prediction.mean.assign(static_cast<std::size_t>(horizon), 0.0);
  for (const Line& line : lines) {
    double damping = 1;
    double damped_steps = 0;
    for (double& f : prediction.mean) {
      damping *= line.phi;
      damped_steps += damping;
      f += line.level + damped_steps * line.trend;
    }
  }
  const auto count = static_cast<double>(lines.size());
  for (std::size_t k = 0; k < prediction.mean.size(); ++k) {
    double& f = prediction.mean[k];
    f /= count;
    if (not_negative) f = std::max(f, 0.0);
    if (adjustment == Adjustment::kMultiplicative) f *= indices[k % indices.size()];
    if (adjustment == Adjustment::kAdditive) f += indices[k % indices.size()];
  }
  return prediction;
}

}  // namespace rankine::forecast
