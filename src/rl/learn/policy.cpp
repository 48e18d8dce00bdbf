// SPDX-License-Identifier: Apache-2.0
#include <rankine/rl/policy.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "rl/learn/masks.hpp"
#include "rl/learn/moments.hpp"
#include "rl/learn/network.hpp"

namespace rankine::rl {

namespace {

constexpr int kRows = 64;  // observations at once

void expect_size(const char* what, std::size_t is, std::size_t should) {
  if (is != should)
    throw InputError(fmt::format("a policy: {} has {} numbers, {} are needed", what, is, should));
}

}  // namespace

struct Policy::State {
  State(const Spaces& its, const PpoConfig& its_config)
      : spaces(its),
        config(its_config),
        layout(spaces, config),
        kernels(learn::usable_kernels()),
        parameters(learn::initial_parameters(layout, config)) {}
  State(const State& other)
      : spaces(other.spaces),
        config(other.config),
        layout(other.layout),
        kernels(other.kernels),
        parameters(other.parameters),
        moments(other.moments) {}

  /// Forward passes over blocks of rows; `use(pass, first, rows)` after each.
  template <class Use>
  void blocks(std::span<const float> observations, std::size_t rows, Use use) const {
    const auto width = static_cast<std::size_t>(layout.observations);
    expect_size("observations", observations.size(), rows * width);
    learn::Pass pass(layout, kernels, kRows);
    learn::Floats seen(kRows * width);
    for (std::size_t first = 0; first < rows; first += kRows) {
      const std::size_t here = std::min<std::size_t>(kRows, rows - first);
      const auto from = observations.subspan(first * width, here * width);
      if (moments.width() > 0)
        moments.normalise(from, std::span(seen).first(here * width));
      else
        std::ranges::copy(from, seen.begin());
      pass.forward(parameters.data(), seen.data(), static_cast<int>(here));
      use(pass, first, here);
    }
  }

  Spaces spaces;
  PpoConfig config;
  learn::Layout layout;
  const learn::Kernels& kernels;
  learn::Floats parameters;
  learn::Moments moments;
};

Policy::Policy(const Spaces& spaces, const PpoConfig& config)
    : state_(std::make_unique<State>(spaces, config)) {}
Policy::Policy(const Policy& other) : state_(std::make_unique<State>(*other.state_)) {}
Policy::Policy(Policy&&) noexcept = default;
Policy& Policy::operator=(const Policy& other) {
  if (this != &other) state_ = std::make_unique<State>(*other.state_);
  return *this;
}
Policy& Policy::operator=(Policy&&) noexcept = default;
Policy::~Policy() = default;

const Spaces& Policy::spaces() const {
  return state_->spaces;
}
std::span<const float> Policy::parameters() const {
  return state_->parameters;
}
void Policy::set_parameters(std::span<const float> parameters) {
  expect_size("parameters", parameters.size(), state_->parameters.size());
  std::ranges::copy(parameters, state_->parameters.begin());
}
std::vector<double> Policy::moments() const {
  return state_->moments.width() == 0 ? std::vector<double>{} : state_->moments.numbers();
}
void Policy::set_moments(std::span<const double> moments) {
  if (!moments.empty())
    expect_size("moments", moments.size(), 1 + 2 * static_cast<std::size_t>(state_->layout.observations));
  state_->moments = moments.empty() ? learn::Moments() : learn::Moments::of_numbers(moments);
}

void Policy::act(std::span<const float> observations, std::span<const std::uint8_t> mask,
                 std::span<const float> uniform, std::span<std::int32_t> actions,
                 std::span<float> values) const {
  const State& state = *state_;
  if (!state.spaces.discrete())
    throw InputError("a policy of continuous actions was asked for discrete ones");
  const auto outputs = static_cast<std::size_t>(state.layout.outputs);
  if (!mask.empty()) expect_size("mask", mask.size(), actions.size() * outputs);
  if (!uniform.empty()) expect_size("uniform", uniform.size(), actions.size());
  if (!values.empty()) expect_size("values", values.size(), actions.size());
  learn::Floats drawn(kRows), chosen(kRows), logp(kRows);
  state.blocks(observations, actions.size(), [&](learn::Pass& pass, std::size_t first, std::size_t rows) {
    const int count = static_cast<int>(rows);
    if (!mask.empty())
      learn::forbid(mask.subspan(first * outputs), count, state.layout.outputs, pass.stride(), pass.output());
    if (!uniform.empty()) std::ranges::copy(uniform.subspan(first, rows), drawn.begin());
    state.kernels.categorical_act({count, state.layout.outputs, pass.stride(), pass.output(),
                                   uniform.empty() ? nullptr : drawn.data(), chosen.data(), logp.data()});
    for (std::size_t r = 0; r < rows; ++r) {
      actions[first + r] = static_cast<std::int32_t>(chosen[r]);
      if (!values.empty()) values[first + r] = pass.value()[r];
    }
  });
}

void Policy::act(std::span<const float> observations, std::span<float> actions) const {
  const State& state = *state_;
  if (state.spaces.discrete()) throw InputError("a policy of discrete actions was asked for continuous ones");
  const auto outputs = static_cast<std::size_t>(state.layout.outputs);
  state.blocks(observations, actions.size() / outputs,
               [&](learn::Pass& pass, std::size_t first, std::size_t rows) {
                 for (std::size_t r = 0; r < rows; ++r) {
                   for (std::size_t o = 0; o < outputs; ++o) {
                     const float mean = pass.output()[o * static_cast<std::size_t>(pass.stride()) + r];
                     actions[(first + r) * outputs + o] =
                         std::clamp(mean, state.spaces.action_low[o], state.spaces.action_high[o]);
                   }
                 }
               });
}

namespace {

void summarise(Evaluation& found) {
  const auto count = static_cast<double>(found.returns.size());
  found.mean = std::accumulate(found.returns.begin(), found.returns.end(), 0.0) / count;
  double squares = 0;
  for (const double value : found.returns) squares += (value - found.mean) * (value - found.mean);
  found.deviation = std::sqrt(squares / count);
  std::vector<double> sorted = found.returns;
  std::ranges::sort(sorted);
  const std::size_t middle = sorted.size() / 2;
  found.median = sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

}  // namespace

Evaluation evaluate(const Policy& policy, const EnvironmentFactory& factory, int episodes,
                    std::uint64_t seed) {
  if (episodes < 1) throw InputError("an evaluation needs at least 1 episode");
  const int count = std::min(episodes, 50);
  const int each = (episodes + count - 1) / count;
  const auto n = static_cast<std::size_t>(count);
  const auto environment = factory({.count = count, .first_index = 0, .seed = seed});
  const Spaces& spaces = environment->spaces();
  std::vector<float> observations(n * static_cast<std::size_t>(spaces.observations));
  std::vector<float> rewards(n), continuous(n * static_cast<std::size_t>(spaces.action_size()));
  std::vector<std::uint8_t> terminated(n), truncated(n), mask;
  if (spaces.masked) mask.resize(n * static_cast<std::size_t>(spaces.actions));
  std::vector<std::int32_t> discrete(spaces.discrete() ? n : 0);
  std::vector<double> sums(n);
  std::vector<std::int32_t> lengths(n), played(n);
  Evaluation found;
  environment->reset(seed, observations);
  for (std::size_t left = n; left > 0;) {
    if (spaces.masked) environment->legal(mask);
    if (spaces.discrete())
      policy.act(observations, mask, {}, discrete);
    else
      policy.act(observations, continuous);
    environment->step({discrete, continuous}, {observations, rewards, terminated, truncated, {}});
    for (std::size_t i = 0; i < n; ++i) {
      sums[i] += rewards[i];
      ++lengths[i];
      if (terminated[i] == 0 && truncated[i] == 0) continue;
      if (played[i] < each) {
        found.returns.push_back(sums[i]);
        found.lengths.push_back(lengths[i]);
        if (++played[i] == each) --left;
      }
      sums[i] = 0;
      lengths[i] = 0;
    }
  }
  summarise(found);
  return found;
}

}  // namespace rankine::rl
