// SPDX-License-Identifier: Apache-2.0
// What all batches of environments share: checks of sizes, and the mask where every action is legal.
#include <rankine/rl/vector_environment.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/rl/vectorise.hpp>

namespace rankine::rl {

void VectorEnvironment::legal(std::span<std::uint8_t> mask) const {
  std::ranges::fill(mask, std::uint8_t{1});
}

namespace detail {

namespace {

void expect_size(const char* what, std::size_t is, std::size_t should) {
  if (is == should) return;
  throw InputError(
      fmt::format("a batch of environments: {} has {} numbers, {} are needed", what, is, should));
}

}  // namespace

void check_options(const VectorOptions& options) {
  if (options.count < 1)
    throw InputError(fmt::format("{} environments were asked for; at least 1 is needed", options.count));
  if (options.first_index < 0 || options.first_index + options.count > (std::int64_t{1} << 31))
    throw InputError(fmt::format("the index {} of an environment is not in 0 .. 2^31", options.first_index));
}

void check_observations(const Spaces& spaces, int count, std::span<float> observations) {
  expect_size("observations", observations.size(),
              static_cast<std::size_t>(count) * static_cast<std::size_t>(spaces.observations));
}

void check_sizes(const Spaces& spaces, int count, const Actions& actions, const StepResult& result) {
  const auto rows = static_cast<std::size_t>(count);
  check_observations(spaces, count, result.observations);
  if (!result.final_observations.empty()) check_observations(spaces, count, result.final_observations);
  expect_size("rewards", result.rewards.size(), rows);
  expect_size("terminated", result.terminated.size(), rows);
  expect_size("truncated", result.truncated.size(), rows);
  if (spaces.discrete())
    expect_size("discrete actions", actions.discrete.size(), rows);
  else
    expect_size("continuous actions", actions.continuous.size(),
                rows * static_cast<std::size_t>(spaces.action_size()));
}

void check_step(const Spaces& spaces, int count, const Actions& actions, const StepResult& result) {
  check_sizes(spaces, count, actions, result);
  if (!spaces.discrete()) return;
  // Read as unsigned, a negative action is a large one.
  std::uint32_t largest = 0;
  for (const std::int32_t action : actions.discrete)
    largest = std::max(largest, static_cast<std::uint32_t>(action));
  if (largest >= static_cast<std::uint32_t>(spaces.actions))
    throw InputError(fmt::format("action {} does not exist; there are 0 .. {}",
                                 static_cast<std::int32_t>(largest), spaces.actions - 1));
}

}  // namespace detail

}  // namespace rankine::rl
