// SPDX-License-Identifier: Apache-2.0
#include <rankine/rl/wrappers.hpp>

#include <cmath>
#include <utility>

#include <rankine/core/error.hpp>
#include <rankine/rl/bytes.hpp>

namespace rankine::rl {

namespace {

constexpr double kEpsilon = 1e-8;

void save_moments(std::vector<std::byte>& to, const RunningMoments& moments) {
  append_bytes(to, moments.count);
  append_all(to, std::span<const double>(moments.mean));
  append_all(to, std::span<const double>(moments.variance));
}

void load_moments(std::span<const std::byte>& from, RunningMoments& moments) {
  take_into(from, moments.count);
  const std::size_t width = moments.mean.size();
  moments.mean = take_all<double>(from);
  moments.variance = take_all<double>(from);
  if (moments.mean.size() != width || moments.variance.size() != width)
    throw InputError("the saved moments are those of other observations");
}

}  // namespace

void RunningMoments::update(std::span<const float> batch) {
  const std::size_t width = mean.size();
  const auto rows = static_cast<double>(batch.size() / width);
  for (std::size_t k = 0; k < width; ++k) {
    double sum = 0, squares = 0;
    for (std::size_t at = k; at < batch.size(); at += width) sum += batch[at];
    const double batch_mean = sum / rows;
    for (std::size_t at = k; at < batch.size(); at += width)
      squares += (batch[at] - batch_mean) * (batch[at] - batch_mean);
    const double delta = batch_mean - mean[k], total = count + rows;
    variance[k] = (variance[k] * count + squares + delta * delta * count * rows / total) / total;
    mean[k] += delta * rows / total;
  }
  count += rows;
}

NormalisedObservations::NormalisedObservations(std::unique_ptr<VectorEnvironment> inner)
    : Wrapper(std::move(inner)), moments(static_cast<std::size_t>(spaces().observations)) {}

void NormalisedObservations::normalise(std::span<float> rows) const {
  const std::size_t width = moments.mean.size();
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const std::size_t k = at % width;
    rows[at] = static_cast<float>((rows[at] - moments.mean[k]) / std::sqrt(moments.variance[k] + kEpsilon));
  }
}

void NormalisedObservations::reset(std::uint64_t seed, std::span<float> observations) {
  Wrapper::reset(seed, observations);
  if (!frozen) moments.update(observations);
  normalise(observations);
}

void NormalisedObservations::step(const Actions& actions, const StepResult& result) {
  Wrapper::step(actions, result);
  if (!frozen) moments.update(result.observations);
  normalise(result.observations);
  const std::size_t width = moments.mean.size();
  for (std::size_t i = 0; i < result.rewards.size() && !result.final_observations.empty(); ++i) {
    if (result.terminated[i] + result.truncated[i] > 0)
      normalise(result.final_observations.subspan(i * width, width));
  }
}

void NormalisedObservations::save(std::vector<std::byte>& to) const {
  save_moments(to, moments);
  Wrapper::save(to);
}

void NormalisedObservations::load(std::span<const std::byte>& from) {
  load_moments(from, moments);
  Wrapper::load(from);
}

NormalisedRewards::NormalisedRewards(std::unique_ptr<VectorEnvironment> inner, double gamma)
    : Wrapper(std::move(inner)), gamma_(gamma), returns_(static_cast<std::size_t>(count())) {
  if (!(gamma >= 0 && gamma <= 1)) throw InputError("normalised rewards: gamma must be in 0 .. 1");
}

void NormalisedRewards::reset(std::uint64_t seed, std::span<float> observations) {
  std::ranges::fill(returns_, 0.0F);
  Wrapper::reset(seed, observations);
}

void NormalisedRewards::step(const Actions& actions, const StepResult& result) {
  Wrapper::step(actions, result);
  for (std::size_t i = 0; i < returns_.size(); ++i) {
    const double before = result.terminated[i] != 0 ? 0 : returns_[i];
    returns_[i] = static_cast<float>(before * gamma_ + result.rewards[i]);
  }
  if (!frozen) moments.update(returns_);
  for (float& reward : result.rewards)
    reward = static_cast<float>(reward / std::sqrt(moments.variance[0] + kEpsilon));
}

void NormalisedRewards::save(std::vector<std::byte>& to) const {
  save_moments(to, moments);
  append_all(to, std::span<const float>(returns_));
  Wrapper::save(to);
}

void NormalisedRewards::load(std::span<const std::byte>& from) {
  load_moments(from, moments);
  returns_ = take_all<float>(from);
  if (returns_.size() != static_cast<std::size_t>(count()))
    throw InputError("the saved state of environments is that of another number of them");
  Wrapper::load(from);
}

EpisodeRecorder::EpisodeRecorder(std::unique_ptr<VectorEnvironment> inner)
    : Wrapper(std::move(inner)), going_(static_cast<std::size_t>(count())) {
  for (std::size_t i = 0; i < going_.size(); ++i) going_[i].environment = static_cast<int>(i);
}

void EpisodeRecorder::reset(std::uint64_t seed, std::span<float> observations) {
  for (Ended& episode : going_) episode = {episode.environment, 0, 0};
  ended_.clear();
  Wrapper::reset(seed, observations);
}

void EpisodeRecorder::step(const Actions& actions, const StepResult& result) {
  Wrapper::step(actions, result);
  for (std::size_t i = 0; i < going_.size(); ++i) {
    Ended& episode = going_[i];
    episode.reward += result.rewards[i];
    ++episode.length;
    if (result.terminated[i] + result.truncated[i] == 0) continue;
    ended_.push_back(episode);
    episode = {episode.environment, 0, 0};
  }
}

void EpisodeRecorder::save(std::vector<std::byte>& to) const {
  append_all(to, std::span<const Ended>(going_));
  Wrapper::save(to);
}

void EpisodeRecorder::load(std::span<const std::byte>& from) {
  std::vector<Ended> going = take_all<Ended>(from);
  if (going.size() != going_.size())
    throw InputError("the saved state of environments is that of another number of them");
  going_ = std::move(going);
  ended_.clear();
  Wrapper::load(from);
}

std::vector<EpisodeRecorder::Ended> EpisodeRecorder::take() {
  return std::exchange(ended_, {});
}

}  // namespace rankine::rl
