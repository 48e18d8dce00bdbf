// SPDX-License-Identifier: Apache-2.0
#include "rl/learn/sampler.hpp"

#include <algorithm>
#include <cmath>

#include <rankine/core/philox.hpp>
#include <rankine/rl/bytes.hpp>

#include "rl/learn/masks.hpp"

namespace rankine::rl::learn {

namespace {

enum Purpose : std::uint32_t { kAction = 0x61637400, kMatrix = 0x6d617400 };

/// Random bits of one environment at one of its steps.
PhiloxBlock bits(std::uint64_t seed, std::int64_t step, std::int64_t environment, std::uint32_t purpose) {
  return philox4x32({static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32),
                     static_cast<std::uint32_t>(environment), purpose},
                    {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
}

Philox stream(std::uint64_t seed, std::int64_t step, std::int64_t environment, std::uint32_t purpose) {
  const PhiloxBlock name = bits(seed, step, environment, purpose);
  return Philox(std::uint64_t{name[0]} << 32 | name[1], std::uint64_t{name[2]} << 32 | name[3]);
}

Spaces spaces_of(const EnvironmentFactory& factory, const PpoConfig& config) {
  return factory({.count = 1, .first_index = 0, .seed = config.seed})->spaces();
}

}  // namespace

Sampler::Sampler(const PpoConfig& config, const EnvironmentFactory& factory, int first_shard, int shards)
    : config_(config),
      first_shard_(first_shard),
      each_(static_cast<std::size_t>(config.environments / config.shards)),
      layout_(spaces_of(factory, config), config),
      kernels_(usable_kernels()),
      pass_(layout_, kernels_, static_cast<int>(each_) * shards),
      final_pass_(layout_, kernels_, static_cast<int>(each_)) {
  const std::size_t rows = each_ * static_cast<std::size_t>(shards);
  const auto width = static_cast<std::size_t>(layout_.observations);
  const auto stride = static_cast<std::size_t>(pass_.stride());
  const auto outputs = static_cast<std::size_t>(layout_.outputs);
  for (int s = 0; s < shards; ++s) {
    Shard& shard = shards_.emplace_back();
    shard.environment = factory({.count = static_cast<int>(each_),
                                 .first_index = (first_shard + s) * static_cast<std::int64_t>(each_),
                                 .seed = config.seed});
    shard.returns.resize(each_);
    shard.lengths.resize(each_);
    shard.discounted.resize(each_);
  }
  for (Floats* floats : {&raw_, &observations_}) floats->resize(rows * width);
  for (Floats* floats : {&final_raw_, &final_}) floats->resize(each_ * width);
  rewards_.resize(each_);
  terminated_.resize(each_);
  truncated_.resize(each_);
  uniform_.resize(stride);
  logp_.resize(stride);
  action_.resize(layout_.discrete ? stride : outputs * stride);
  if (spaces().masked) mask_.resize(rows * outputs);
  if (layout_.discrete) {
    discrete_.resize(each_);
  } else {
    by_row_.resize(rows * outputs);
    cut_.resize(rows * outputs);
  }
  if (layout_.state_noise) noise_.resize(rows * outputs * static_cast<std::size_t>(layout_.features()));
}

void Sampler::begin(std::size_t index, const Normalisers& normalisers) {
  Shard& shard = shards_[index];
  const int width = layout_.observations;
  shard.now = normalisers;
  shard.seen = {Moments(width, 0), Moments(1, 0)};
  const std::span<float> raw = rows(raw_, index, static_cast<std::size_t>(width));
  if (!shard.begun) {
    shard.environment->reset(config_.seed, raw);
    shard.begun = true;
    if (config_.normalise_observations) {
      shard.now.observations.add(raw);
      shard.seen.observations.add(raw);
    }
  }
  const std::span<float> seen = rows(observations_, index, static_cast<std::size_t>(width));
  if (config_.normalise_observations)
    shard.now.observations.normalise(raw, seen);
  else
    std::ranges::copy(raw, seen.begin());
}

void Sampler::take_mask(std::size_t index) {
  if (mask_.empty()) return;
  const std::size_t size = each_ * static_cast<std::size_t>(layout_.outputs);
  shards_[index].environment->legal(std::span(mask_).subspan(index * size, size));
}

/// One matrix an environment: normal with the standard deviations exp(log_std).
void Sampler::draw_noise(const float* parameters) {
  const auto numbers = static_cast<std::size_t>(layout_.outputs * layout_.features());
  Floats deviation(numbers);
  kernels_.exponential(parameters + layout_.log_std, 1.0f, deviation.data(), layout_.log_std_count);
  for (std::size_t row = 0; row < each_ * shards_.size(); ++row) {
    const Shard& shard = shards_[row / each_];
    Philox random =
        stream(config_.seed, shard.steps,
               first_shard_ * static_cast<std::int64_t>(each_) + static_cast<std::int64_t>(row), kMatrix);
    for (std::size_t k = 0; k < numbers; ++k)
      noise_[row * numbers + k] = deviation[k] * static_cast<float>(random.normal());
  }
}

void Sampler::act(const float* parameters) {
  const int rows = static_cast<int>(each_ * shards_.size());
  pass_.forward(parameters, observations_.data(), rows);
  if (!layout_.discrete) return act_continuously();
  if (!mask_.empty()) forbid(mask_, rows, layout_.outputs, pass_.stride(), pass_.output());
  for (int row = 0; row < rows; ++row) {
    const std::int64_t environment = first_shard_ * static_cast<std::int64_t>(each_) + row;
    const Shard& shard = shards_[static_cast<std::size_t>(row) / each_];
    uniform_[static_cast<std::size_t>(row)] =
        static_cast<float>(bits(config_.seed, shard.steps, environment, kAction)[0] >> 8) * 0x1.0p-24f;
  }
  CategoricalAct categorical;
  categorical.rows = rows;
  categorical.outputs = layout_.outputs;
  categorical.stride = pass_.stride();
  categorical.logits = pass_.output();
  categorical.uniform = uniform_.data();
  categorical.action = action_.data();
  categorical.logp = logp_.data();
  kernels_.categorical_act(categorical);
}

void Sampler::act_continuously() {
  const int rows = static_cast<int>(each_ * shards_.size());
  const int outputs = layout_.outputs;
  const int stride = pass_.stride();
  const int features = layout_.features();
  for (int row = 0; row < rows; ++row) {
    const Shard& shard = shards_[static_cast<std::size_t>(row) / each_];
    Philox random =
        stream(config_.seed, shard.steps, first_shard_ * static_cast<std::int64_t>(each_) + row, kAction);
    for (int o = 0; o < outputs; ++o) {
      const std::size_t at = static_cast<std::size_t>(o) * stride + row;
      float noise = 0;
      if (layout_.state_noise) {
        const float* const h = pass_.features() + static_cast<long>(row) * features;
        const float* const matrix = noise_.data() + (static_cast<long>(row) * outputs + o) * features;
        for (int j = 0; j < features; ++j) noise += h[j] * matrix[j];
      } else {
        noise = std::sqrt(pass_.variance()[at]) * static_cast<float>(random.normal());
      }
      action_[at] = pass_.output()[at] + noise;
      const std::size_t place = static_cast<std::size_t>(row) * outputs + o;
      by_row_[place] = action_[at];
      cut_[place] = std::clamp(action_[at], spaces().action_low[o], spaces().action_high[o]);
    }
  }
  GaussianLogp density;
  density.rows = rows;
  density.outputs = outputs;
  density.stride = stride;
  density.mean = pass_.output();
  density.variance = pass_.variance();
  density.action = action_.data();
  density.logp = logp_.data();
  kernels_.gaussian_logp(density);
}

/// What is known before the step.
void Sampler::record(std::size_t index, Trajectory& into) {
  const std::size_t first = index * each_;
  const auto append = [](std::vector<float>& to, std::span<const float> from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(into.observations, rows(observations_, index, static_cast<std::size_t>(layout_.observations)));
  append(into.logp, std::span(logp_).subspan(first, each_));
  append(into.values, {pass_.value() + first, each_});
  const auto outputs = static_cast<std::size_t>(layout_.outputs);
  if (layout_.discrete)
    append(into.actions, std::span(action_).subspan(first, each_));
  else
    append(into.actions, std::span(by_row_).subspan(first * outputs, each_ * outputs));
  if (!mask_.empty()) {
    for (const std::uint8_t legal : std::span(mask_).subspan(first * outputs, each_ * outputs))
      into.mask.push_back(legal);
  }
}

void Sampler::step(std::size_t index, Trajectory& into) {
  Shard& shard = shards_[index];
  record(index, into);
  const auto width = static_cast<std::size_t>(layout_.observations);
  const auto outputs = static_cast<std::size_t>(layout_.outputs);
  Actions actions;
  if (layout_.discrete) {
    for (std::size_t i = 0; i < each_; ++i)
      discrete_[i] = static_cast<std::int32_t>(action_[index * each_ + i]);
    actions.discrete = discrete_;
  } else {
    actions.continuous = std::span(cut_).subspan(index * each_ * outputs, each_ * outputs);
  }
  const std::span<float> raw = rows(raw_, index, width);
  shard.environment->step(actions, {raw, rewards_, terminated_, truncated_, final_raw_});
  ++shard.steps;
  const std::span<float> seen = rows(observations_, index, width);
  if (config_.normalise_observations) {
    shard.now.observations.add(raw);
    shard.seen.observations.add(raw);
    shard.now.observations.normalise(raw, seen);
  } else {
    std::ranges::copy(raw, seen.begin());
  }
  take_mask(index);
  tally(index, into, rewards_);
}

/// Episodes that ended, and the reward as the learner sees it.
void Sampler::tally(std::size_t index, Trajectory& into, std::span<const float> rewards) {
  Shard& shard = shards_[index];
  const auto old = into.rewards.size();
  into.rewards.insert(into.rewards.end(), rewards.begin(), rewards.end());
  const std::span<float> learnt = std::span(into.rewards).subspan(old);
  if (config_.normalise_rewards) {
    for (std::size_t i = 0; i < each_; ++i)
      shard.discounted[i] = static_cast<float>(shard.discounted[i] * config_.gamma + rewards[i]);
    shard.now.returns.add(shard.discounted);
    shard.seen.returns.add(shard.discounted);
    for (float& reward : learnt) reward = shard.now.returns.scaled(reward);
  }
  if (config_.bootstrap_truncated) bootstrap(index, into, learnt);
  for (std::size_t i = 0; i < each_; ++i) {
    shard.returns[i] += rewards[i];
    ++shard.lengths[i];
    const bool ended = terminated_[i] != 0 || truncated_[i] != 0;
    into.ends.push_back(ended);
    if (!ended) continue;
    const auto environment =
        static_cast<std::int32_t>((static_cast<std::size_t>(first_shard_) + index) * each_ + i);
    into.episodes.push_back({shard.returns[i], shard.lengths[i], environment, shard.steps});
    shard.returns[i] = 0;
    shard.lengths[i] = 0;
    shard.discounted[i] = 0;
  }
}

/// Where the time limit cut an episode, the value of what would have come is part of the reward.
void Sampler::bootstrap(std::size_t index, Trajectory&, std::span<float> rewards) {
  if (std::ranges::find(truncated_, std::uint8_t{1}) == truncated_.end()) return;
  const auto width = static_cast<std::size_t>(layout_.observations);
  for (std::size_t i = 0; i < each_; ++i) {
    if (truncated_[i] == 0) continue;
    const auto from = std::span<const float>(final_raw_).subspan(i * width, width);
    const auto to = std::span(final_).subspan(i * width, width);
    if (config_.normalise_observations)
      shards_[index].now.observations.normalise(from, to);
    else
      std::ranges::copy(from, to.begin());
  }
  final_pass_.forward(parameters_, final_.data(), static_cast<int>(each_));
  for (std::size_t i = 0; i < each_; ++i) {
    if (truncated_[i] != 0) rewards[i] += static_cast<float>(config_.gamma) * final_pass_.value()[i];
  }
}

std::vector<Trajectory> Sampler::sample(std::span<const float> parameters, const Normalisers& normalisers,
                                        std::int64_t update, const Stop& stop) {
  Floats aligned(parameters.begin(), parameters.end());
  parameters_ = aligned.data();
  std::vector<Trajectory> all(shards_.size());
  const std::size_t samples = each_ * static_cast<std::size_t>(config_.steps);
  for (std::size_t s = 0; s < all.size(); ++s) {
    begin(s, normalisers);
    take_mask(s);
    Trajectory& into = all[s];
    into.shard = first_shard_ + static_cast<std::int32_t>(s);
    into.environments = static_cast<std::int32_t>(each_);
    into.update = update;
    into.observations.reserve(samples * static_cast<std::size_t>(layout_.observations));
    for (auto* numbers : {&into.logp, &into.values, &into.rewards}) numbers->reserve(samples);
    into.actions.reserve(samples * static_cast<std::size_t>(layout_.discrete ? 1 : layout_.outputs));
    into.ends.reserve(samples);
  }
  int t = 0;
  while (t < config_.steps) {
    if (layout_.state_noise && (t == 0 || (config_.noise_every > 0 && t % config_.noise_every == 0)))
      draw_noise(parameters_);
    act(parameters_);
    for (std::size_t s = 0; s < all.size(); ++s) step(s, all[s]);
    ++t;
    if (stop && t < config_.steps && stop(t)) break;
  }
  pass_.forward(parameters_, observations_.data(), static_cast<int>(each_ * shards_.size()));
  for (std::size_t s = 0; s < all.size(); ++s) {
    Trajectory& into = all[s];
    into.steps = t;
    const auto last = rows(observations_, s, static_cast<std::size_t>(layout_.observations));
    into.last_observations.assign(last.begin(), last.end());
    into.last_values.assign(pass_.value() + s * each_, pass_.value() + (s + 1) * each_);
    if (config_.normalise_observations) into.observation_moments = shards_[s].seen.observations.numbers();
    if (config_.normalise_rewards) into.reward_moments = shards_[s].seen.returns.numbers();
  }
  return all;
}

void Sampler::save(int index, std::vector<std::byte>& to) const {
  const Shard& shard = shards_[static_cast<std::size_t>(index)];
  const auto width = static_cast<std::size_t>(layout_.observations);
  append_bytes(to, shard.begun);
  append_bytes(to, shard.steps);
  append_all(to, std::span<const double>(shard.returns));
  append_all(to, std::span<const std::int32_t>(shard.lengths));
  append_all(to, std::span<const float>(shard.discounted));
  append_all(to, std::span<const float>(raw_).subspan(static_cast<std::size_t>(index) * each_ * width,
                                                      each_ * width));
  if (shard.begun) shard.environment->save(to);
}

void Sampler::load(int index, std::span<const std::byte>& from) {
  Shard& shard = shards_[static_cast<std::size_t>(index)];
  shard.begun = take_bytes<bool>(from);
  shard.steps = take_bytes<std::int64_t>(from);
  shard.returns = take_all<double>(from);
  shard.lengths = take_all<std::int32_t>(from);
  shard.discounted = take_all<float>(from);
  const std::vector<float> raw = take_all<float>(from);
  const std::span<float> into =
      rows(raw_, static_cast<std::size_t>(index), static_cast<std::size_t>(layout_.observations));
  if (shard.returns.size() != each_ || shard.lengths.size() != each_ || shard.discounted.size() != each_ ||
      raw.size() != into.size())
    throw InputError("a saved rollout does not fit: it was made with other environments or shards");
  std::ranges::copy(raw, into.begin());
  if (shard.begun) shard.environment->load(from);
}

}  // namespace rankine::rl::learn
