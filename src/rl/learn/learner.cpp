// SPDX-License-Identifier: Apache-2.0
#include "rl/learn/learner.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/rl/bytes.hpp>

#include "rl/learn/masks.hpp"

namespace rankine::rl::learn {

namespace {

constexpr std::uint32_t kShuffle = 0x73687500;
constexpr std::size_t kWindow = 100;  // episodes
constexpr int kTail = kLanes;         // numbers behind a gradient: sums of losses
enum Sum { kPolicy, kEntropy, kKl, kClipped, kValue };

/// 0 .. count-1 shuffled (Fisher and Yates) by the numbers of (seed, update, epoch, shard).
std::vector<std::uint32_t> permutation(std::size_t count, std::uint64_t seed, std::int64_t update, int epoch,
                                       int shard) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  PhiloxBlock block{};
  for (std::size_t i = count; i > 1; --i) {
    const std::size_t drawn = count - i;
    if (drawn % 4 == 0) {
      block = philox4x32({static_cast<std::uint32_t>(drawn / 4), static_cast<std::uint32_t>(update),
                          static_cast<std::uint32_t>(epoch), kShuffle ^ static_cast<std::uint32_t>(shard)},
                         {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    }
    const std::size_t j = std::uint64_t{block[drawn % 4]} * i >> 32;
    std::swap(order[i - 1], order[j]);
  }
  return order;
}

/// The share that is left of an annealed quantity after `steps` environment steps.
double annealed(Annealing annealing, std::int64_t steps, const PpoConfig& config) {
  if (annealing == Annealing::kNone) return 1;
  const std::int64_t each = config.steps_per_update();
  const double left = annealing == Annealing::kFromStart
                          ? 1 - static_cast<double>(steps) / static_cast<double>(config.updates() * each)
                          : 1 - static_cast<double>(steps + each) / static_cast<double>(config.steps_total);
  return std::max(0.0, left);
}

}  // namespace

struct Learner::Part {
  const Trajectory* trajectory = nullptr;
  Estimates estimates;
  std::vector<std::vector<std::uint32_t>> orders;  // of each epoch
  std::vector<float> newer_logp, newer_values;     // by the learner's policy, where an older one sampled
};

struct Learner::Totals {
  double count = 0, sum = 0, squares = 0;  // of advantages
  double mean = 0, inverse_deviation = 1;
};

struct Learner::Known {
  std::int64_t samples = 0;
  std::int64_t minibatches = 0;  // an epoch
  std::vector<Totals> totals;    // [epochs][minibatches]
};

Learner::Learner(const Spaces& spaces, const PpoConfig& config)
    : spaces_(spaces),
      config_(config),
      layout_((config.check(), spaces), config),
      kernels_(usable_kernels()),
      pass_(layout_, kernels_,
            std::min(config.minibatch / config.shards, config.steps * config.environments / config.shards)),
      parameters_(initial_parameters(layout_, config)),
      first_(parameters_.size()),
      second_(parameters_.size()) {
  const auto rows = static_cast<std::size_t>(pass_.stride());
  observations_.resize(rows * static_cast<std::size_t>(layout_.observations));
  action_.resize(layout_.discrete ? rows : rows * static_cast<std::size_t>(layout_.outputs));
  if (spaces.masked) mask_.resize(rows * static_cast<std::size_t>(layout_.outputs));
  for (Floats* floats : {&logp_, &advantage_, &value_, &target_, &weight_}) floats->resize(rows);
  normalisers_ = {Moments(layout_.observations, 1e-4), Moments(1, 1e-4)};
}

Policy Learner::policy() const {
  Policy policy(spaces_, config_);
  policy.set_parameters(parameters_);
  if (config_.normalise_observations) policy.set_moments(normalisers_.observations.numbers());
  return policy;
}

// ---- Before the first minibatch

/// log pi and values of the present policy for all of a trajectory, and V-trace by them.
void Learner::look_again(Part& part) {
  const Trajectory& trajectory = *part.trajectory;
  const auto samples = static_cast<std::size_t>(trajectory.steps) * trajectory.environments;
  const auto width = static_cast<std::size_t>(layout_.observations);
  const auto outputs = static_cast<std::size_t>(layout_.outputs);
  const auto stride = static_cast<std::size_t>(pass_.stride());
  std::vector<float> logp(samples);
  std::vector<float> values(samples);
  std::vector<float> last(static_cast<std::size_t>(trajectory.environments));
  const auto look = [&](std::span<const float> observations, std::size_t first, std::size_t rows) {
    pass_.forward(parameters_.data(), observations.data() + first * width, static_cast<int>(rows));
  };
  for (std::size_t first = 0; first < samples; first += stride) {
    const std::size_t rows = std::min(stride, samples - first);
    look(trajectory.observations, first, rows);
    std::copy_n(pass_.value(), rows, values.begin() + static_cast<std::ptrdiff_t>(first));
    Floats found(stride);
    if (layout_.discrete) {
      if (!trajectory.mask.empty())
        forbid(std::span(trajectory.mask).subspan(first * outputs), static_cast<int>(rows), layout_.outputs,
               pass_.stride(), pass_.output());
      Floats action(stride);
      std::copy_n(trajectory.actions.begin() + static_cast<std::ptrdiff_t>(first), rows, action.begin());
      kernels_.categorical_logp({static_cast<int>(rows), layout_.outputs, pass_.stride(), pass_.output(),
                                 nullptr, action.data(), found.data()});
    } else {
      Floats action(stride * outputs);
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t o = 0; o < outputs; ++o)
          action[o * stride + r] = trajectory.actions[(first + r) * outputs + o];
      }
      kernels_.gaussian_logp({static_cast<int>(rows), layout_.outputs, pass_.stride(), pass_.output(),
                              pass_.variance(), action.data(), found.data()});
    }
    std::copy_n(found.begin(), rows, logp.begin() + static_cast<std::ptrdiff_t>(first));
  }
  for (std::size_t first = 0; first < last.size(); first += stride) {
    const std::size_t rows = std::min(stride, last.size() - first);
    look(trajectory.last_observations, first, rows);
    std::copy_n(pass_.value(), rows, last.begin() + static_cast<std::ptrdiff_t>(first));
  }
  part.estimates = v_trace(trajectory, logp, values, last, config_.gamma, config_.lambda);
  part.newer_logp = std::move(logp);
  part.newer_values = std::move(values);
}

Learner::Part Learner::prepare(const Trajectory& trajectory, bool off_policy) {
  Part part;
  part.trajectory = &trajectory;
  // V-trace's advantages have the ratio of the two policies in them: the loss' own ratio begins at 1.
  if (off_policy)
    look_again(part);
  else
    part.estimates = generalised_advantages(trajectory, config_.gamma, config_.lambda);
  const std::size_t samples = part.estimates.advantages.size();
  for (int epoch = 0; epoch < config_.epochs; ++epoch)
    part.orders.push_back(permutation(samples, config_.seed, updates_, epoch, trajectory.shard));
  return part;
}

/// Tells all ranks what a shard adds to the whole, and hears it of all shards.
Learner::Known Learner::tell(const std::vector<Part>& parts, Exchange& exchange, bool stop) {
  const auto rows = static_cast<std::size_t>(config_.minibatch / config_.shards);
  std::vector<std::byte> own;
  append_bytes(own, stop);
  append_bytes(own, static_cast<std::uint32_t>(parts.size()));
  for (const Part& part : parts) {
    const Trajectory& trajectory = *part.trajectory;
    const std::size_t samples = part.estimates.advantages.size();
    append_all(own, std::span<const double>(trajectory.observation_moments));
    append_all(own, std::span<const double>(trajectory.reward_moments));
    append_all(own, std::span<const Episode>(trajectory.episodes));
    append_bytes(own, static_cast<std::uint64_t>(samples));
    for (const auto& order : part.orders) {
      for (std::size_t first = 0; first < samples; first += rows) {
        std::array<double, 3> sums{static_cast<double>(std::min(rows, samples - first)), 0, 0};
        for (std::size_t k = first; k < std::min(first + rows, samples); ++k) {
          const double advantage = part.estimates.advantages[order[k]];
          sums[1] += advantage;
          sums[2] += advantage * advantage;
        }
        append_bytes(own, sums);
      }
    }
  }
  const auto all = exchange.gather(std::move(own));
  Known known;
  std::vector<Episode> episodes;
  stopping_ = false;
  for (const auto& bytes : all) take_in(bytes, known, episodes);
  std::ranges::stable_sort(episodes, {}, [](const Episode& e) { return e.step; });
  for (const Episode& episode : episodes) {
    window_.push_back(episode.reward);
    if (window_.size() > kWindow) window_.pop_front();
  }
  episodes_ += static_cast<std::int64_t>(episodes.size());
  for (Totals& totals : known.totals) {
    if (!config_.normalise_advantages || totals.count < 2) continue;
    totals.mean = totals.sum / totals.count;
    const double variance = std::max(0.0, totals.squares - totals.sum * totals.mean) / (totals.count - 1);
    totals.inverse_deviation = 1 / (std::sqrt(variance) + 1e-8);
  }
  return known;
}

void Learner::take_in(std::span<const std::byte> told, Known& known, std::vector<Episode>& episodes) {
  const auto rows = static_cast<std::uint64_t>(config_.minibatch / config_.shards);
  stopping_ = take_bytes<bool>(told) || stopping_;
  const auto parts = take_bytes<std::uint32_t>(told);
  for (std::uint32_t p = 0; p < parts; ++p) {
    const auto observations = take_all<double>(told);
    const auto returns = take_all<double>(told);
    if (!observations.empty()) normalisers_.observations.merge(Moments::of_numbers(observations));
    if (!returns.empty()) normalisers_.returns.merge(Moments::of_numbers(returns));
    const auto ended = take_all<Episode>(told);
    episodes.insert(episodes.end(), ended.begin(), ended.end());
    const auto samples = take_bytes<std::uint64_t>(told);
    known.samples += static_cast<std::int64_t>(samples);
    const auto here = static_cast<std::int64_t>((samples + rows - 1) / rows);
    if (here > known.minibatches) {
      // Shards that were pre-empted have fewer minibatches than others.
      std::vector<Totals> wider(static_cast<std::size_t>(here * config_.epochs));
      for (std::int64_t e = 0; e < config_.epochs && known.minibatches > 0; ++e)
        std::copy_n(known.totals.begin() + e * known.minibatches, known.minibatches,
                    wider.begin() + e * here);
      known.totals = std::move(wider);
      known.minibatches = here;
    }
    for (std::int64_t epoch = 0; epoch < config_.epochs; ++epoch) {
      for (std::int64_t m = 0; m < here; ++m) {
        const auto sums = take_bytes<std::array<double, 3>>(told);
        Totals& totals = known.totals[static_cast<std::size_t>(epoch * known.minibatches + m)];
        totals.count += sums[0];
        totals.sum += sums[1];
        totals.squares += sums[2];
      }
    }
  }
}

// ---- Minibatches

/// Rows `order` of a trajectory, with padding of weight 0.
void Learner::gather_rows(const Part& part, std::span<const std::uint32_t> order, const Totals& totals) {
  const Trajectory& from = *part.trajectory;
  const std::vector<float>& logp = part.newer_logp.empty() ? from.logp : part.newer_logp;
  const std::vector<float>& values = part.newer_values.empty() ? from.values : part.newer_values;
  const auto width = static_cast<std::size_t>(layout_.observations);
  const auto outputs = static_cast<std::size_t>(layout_.outputs);
  const auto stride = static_cast<std::size_t>(pass_.stride());
  const auto mean = static_cast<float>(totals.mean);
  const auto inverse = static_cast<float>(totals.inverse_deviation);
  for (std::size_t r = 0; r < order.size(); ++r) {
    const std::size_t i = order[r];
    std::copy_n(from.observations.data() + i * width, width, observations_.data() + r * width);
    if (layout_.discrete) {
      action_[r] = from.actions[i];
    } else {
      for (std::size_t o = 0; o < outputs; ++o) action_[o * stride + r] = from.actions[i * outputs + o];
    }
    if (!from.mask.empty()) std::copy_n(from.mask.data() + i * outputs, outputs, mask_.data() + r * outputs);
    logp_[r] = logp[i];
    value_[r] = values[i];
    advantage_[r] = (part.estimates.advantages[i] - mean) * inverse;
    target_[r] = part.estimates.targets[i];
    weight_[r] = 1;
  }
  std::fill(weight_.begin() + static_cast<std::ptrdiff_t>(order.size()), weight_.end(), 0.0f);
}

void Learner::losses(int rows, const Totals& totals, float* sums) {
  PolicyLoss policy;
  policy.rows = rows;
  policy.outputs = layout_.outputs;
  policy.stride = pass_.stride();
  policy.output = pass_.output();
  policy.variance = pass_.variance();
  policy.action = action_.data();
  policy.old_logp = logp_.data();
  policy.advantage = advantage_.data();
  policy.weight = weight_.data();
  policy.clip = static_cast<float>(clip_);
  policy.entropy = static_cast<float>(config_.entropy);
  policy.scale = static_cast<float>(1 / totals.count);
  policy.d_output = pass_.d_output();
  policy.d_variance = pass_.d_variance();
  policy.sums = sums;
  layout_.discrete ? kernels_.categorical_loss(policy) : kernels_.gaussian_loss(policy);
  ValueLoss value;
  value.rows = rows;
  value.value = pass_.value();
  value.old_value = value_.data();
  value.target = target_.data();
  value.weight = weight_.data();
  value.clip = config_.clip_values ? static_cast<float>(config_.clip) : 0.0f;
  value.scale = static_cast<float>(config_.value / totals.count);
  value.d_value = pass_.d_value();
  value.sum = sums + kValue;
  kernels_.value_loss(value);
}

/// The gradient of one shard's rows of a minibatch, with the sums of the losses behind it.
void Learner::shard_gradient(const Part& part, int epoch, std::int64_t minibatch, const Totals& totals,
                             float* gradient) {
  const auto rows_max = static_cast<std::size_t>(config_.minibatch / config_.shards);
  const auto& order = part.orders[static_cast<std::size_t>(epoch)];
  const std::size_t first = std::min(order.size(), static_cast<std::size_t>(minibatch) * rows_max);
  const std::size_t rows = std::min(rows_max, order.size() - first);
  std::fill_n(gradient + layout_.count, kTail, 0.0f);
  if (rows == 0) {
    std::fill_n(gradient, layout_.count, 0.0f);
    return;
  }
  gather_rows(part, std::span(order).subspan(first, rows), totals);
  const int count = static_cast<int>(rows);
  pass_.forward(parameters_.data(), observations_.data(), count);
  if (!part.trajectory->mask.empty()) forbid(mask_, count, layout_.outputs, pass_.stride(), pass_.output());
  losses(count, totals, gradient + layout_.count);
  pass_.backward(parameters_.data(), observations_.data(), count, gradient);
}

/// One step of Adam; false if the policy went too far, and the rest of the update is left out.
bool Learner::step(const Totals& totals, std::span<const float> gradient, UpdateReport& report) {
  const float* const sums = gradient.data() + layout_.count;
  report.policy_loss += sums[kPolicy] / totals.count;
  report.value_loss += sums[kValue] / totals.count;
  report.entropy += sums[kEntropy] / totals.count;
  report.clipped += sums[kClipped] / totals.count;
  report.kl = sums[kKl] / totals.count;
  if (config_.target_kl > 0 && report.kl > 1.5 * config_.target_kl) return false;
  const double norm = std::sqrt(static_cast<double>(kernels_.squares(gradient.data(), layout_.count)));
  report.gradient_norm = norm;
  ++adam_steps_;
  const double t = static_cast<double>(adam_steps_);
  Adam adam;
  adam.parameter = parameters_.data();
  adam.gradient = gradient.data();
  adam.first = first_.data();
  adam.second = second_.data();
  adam.count = layout_.count;
  adam.gradient_scale = static_cast<float>(std::min(1.0, config_.gradient_norm / (norm + 1e-6)));
  adam.step_size = static_cast<float>(rate_ / (1 - std::pow(0.9, t)));
  adam.second_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, t)));
  kernels_.adam(adam);
  pass_.parameters_changed();
  return true;
}

UpdateReport Learner::learn(const std::vector<Trajectory>& own, Exchange& exchange, bool off_policy,
                            bool stop) {
  std::vector<Part> parts;
  for (const Trajectory& trajectory : own) parts.push_back(prepare(trajectory, off_policy));
  const Known known = tell(parts, exchange, stop);
  rate_ = config_.learning_rate * annealed(config_.anneal_rate, steps_, config_);
  clip_ = config_.clip * annealed(config_.anneal_clip, steps_, config_);
  clip_ = std::max(clip_, 1e-6);
  const std::size_t numbers = static_cast<std::size_t>(layout_.count + kTail);
  while (gradients_.size() + 1 < parts.size()) gradients_.emplace_back(numbers);
  std::vector<float*> gradients(1);
  for (Floats& gradient : gradients_) gradients.push_back(gradient.data());
  UpdateReport report;
  std::int64_t taken = 0;
  bool going_on = true;
  for (int epoch = 0; epoch < config_.epochs && going_on; ++epoch) {
    for (std::int64_t m = 0; m < known.minibatches && going_on; ++m, ++taken) {
      const Totals& totals = known.totals[static_cast<std::size_t>(epoch * known.minibatches + m)];
      gradients[0] = exchange.place(numbers).data();
      for (std::size_t p = 0; p < parts.size(); ++p) shard_gradient(parts[p], epoch, m, totals, gradients[p]);
      for (std::size_t width = 1; width < parts.size(); width *= 2) {
        for (std::size_t p = 0; p + width < parts.size(); p += 2 * width)
          kernels_.add(gradients[p], gradients[p + width], gradients[p], static_cast<long>(numbers));
      }
      going_on = step(totals, exchange.sum(), report);
    }
  }
  steps_ += known.samples;
  return finish(report, taken);
}

UpdateReport Learner::finish(UpdateReport report, std::int64_t minibatches) {
  ++updates_;
  const double count = static_cast<double>(std::max<std::int64_t>(minibatches, 1));
  for (double* mean : {&report.policy_loss, &report.value_loss, &report.entropy, &report.clipped})
    *mean /= count;
  report.update = updates_;
  report.steps = steps_;
  report.episodes = episodes_;
  report.learning_rate = rate_;
  report.mean_return = window_.empty() ? std::numeric_limits<double>::quiet_NaN()
                                       : std::accumulate(window_.begin(), window_.end(), 0.0) /
                                             static_cast<double>(window_.size());
  curve_.push_back(report);
  return report;
}

void Learner::save(std::vector<std::byte>& to) const {
  for (const Floats* floats : {&parameters_, &first_, &second_})
    append_all(to, std::span<const float>(*floats));
  for (const std::int64_t number : {adam_steps_, updates_, steps_, episodes_}) append_bytes(to, number);
  append_all(to, std::span<const double>(std::vector<double>(window_.begin(), window_.end())));
  append_all(to, std::span<const double>(normalisers_.observations.numbers()));
  append_all(to, std::span<const double>(normalisers_.returns.numbers()));
  append_all(to, std::span<const UpdateReport>(curve_));
}

void Learner::load(std::span<const std::byte>& from) {
  for (Floats* floats : {&parameters_, &first_, &second_}) {
    const auto numbers = take_all<float>(from);
    if (numbers.size() != floats->size())
      throw InputError("a saved learner does not fit: it has other networks");
    std::ranges::copy(numbers, floats->begin());
  }
  pass_.parameters_changed();
  for (std::int64_t* number : {&adam_steps_, &updates_, &steps_, &episodes_}) take_into(from, *number);
  const auto window = take_all<double>(from);
  window_.assign(window.begin(), window.end());
  normalisers_.observations = Moments::of_numbers(take_all<double>(from));
  normalisers_.returns = Moments::of_numbers(take_all<double>(from));
  curve_ = take_all<UpdateReport>(from);
}

}  // namespace rankine::rl::learn
