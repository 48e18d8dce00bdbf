// SPDX-License-Identifier: Apache-2.0
// Networks: gradients of whole losses against finite differences of the same losses written again in double,
// initial weights, padding.
#include <algorithm>
#include <cmath>
#include <vector>

#include <rankine/core/philox.hpp>

#include "catch.hpp"
#include "rl/learn/network.hpp"
#include "sanitized.hpp"

using namespace rankine::rl;
using namespace rankine::rl::learn;

namespace {

struct Case {
  const char* name;
  bool discrete, state_noise, shared;
  Activation activation;
};

Spaces spaces_of(const Case& c) {
  Spaces spaces;
  spaces.observations = 5;
  if (c.discrete)
    spaces.actions = 3;
  else
    spaces.action_low = spaces.action_high = {0, 0};
  return spaces;
}

PpoConfig config_of(const Case& c) {
  PpoConfig config;
  config.hidden = {20, 17};
  config.shared = c.shared;
  config.activation = c.activation;
  config.noise = c.state_noise ? Noise::kStateDependent : Noise::kIndependent;
  config.log_std = -0.3;
  return config;
}

/// One batch of rows and the loss of clipped PPO over it, in double, straight from the formulas.
struct Problem {
  static constexpr int kRows = 21;
  const Layout& layout;
  Floats observations, action, old_logp, advantage, weight, old_value, target;
  double clip = 0.2, entropy = 0.03, value = 0.7;

  explicit Problem(const Layout& its) : layout(its) {
    rankine::Philox random(5, 6);
    const auto fill = [&](Floats& to, int count) {
      to.resize(static_cast<std::size_t>(padded(count)));
      for (int i = 0; i < count; ++i) to[static_cast<std::size_t>(i)] = static_cast<float>(random.normal());
    };
    fill(observations, kRows * layout.observations);
    for (Floats* row : {&old_logp, &advantage, &old_value, &target}) fill(*row, kRows);
    for (float& x : old_logp) x = -1.2f + 0.3f * x;
    fill(action, 32 * layout.outputs);
    if (layout.discrete) {
      for (float& x : action) x = static_cast<float>(random.below(3));
    }
    weight.assign(32, 0.0f);
    std::fill_n(weight.begin(), kRows, 1.0f);
    for (Floats* row : {&old_logp, &advantage, &old_value, &target}) row->resize(32);
  }

  /// The last layer of a trunk, then a head.
  std::vector<double> trunk(const std::vector<double>& p, int which, int row) const {
    std::vector<double> x(static_cast<std::size_t>(layout.observations));
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = observations[static_cast<std::size_t>(row) * x.size() + i];
    for (const Layer& layer : layout.trunks[layout.shared ? 0 : which]) {
      std::vector<double> y(static_cast<std::size_t>(layer.out));
      for (int o = 0; o < layer.out; ++o) {
        double z = p[static_cast<std::size_t>(layer.biases + o)];
        for (int i = 0; i < layer.in; ++i)
          z += x[static_cast<std::size_t>(i)] *
               p[static_cast<std::size_t>(layer.weights + static_cast<long>(i) * layer.width + o)];
        y[static_cast<std::size_t>(o)] =
            layout.activation == Activation::kTanh ? std::tanh(z) : std::max(0.0, z);
      }
      x = y;
    }
    return x;
  }
  double head(const std::vector<double>& p, int which, const std::vector<double>& x, int o) const {
    const Layer& layer = layout.heads[which];
    double y = p[static_cast<std::size_t>(layer.biases + o)];
    for (int i = 0; i < layer.in; ++i)
      y += x[static_cast<std::size_t>(i)] *
           p[static_cast<std::size_t>(layer.weights + static_cast<long>(o) * layer.width + i)];
    return y;
  }

  /// `frozen`: the parameters that gSDE's features are made with, which have no gradient of their own.
  double loss(const std::vector<double>& p, const std::vector<double>& frozen) const {
    double total = 0;
    for (int r = 0; r < kRows; ++r) {
      const auto x = trunk(p, 0, r);
      double logp = 0, h = 0;
      if (layout.discrete) {
        double sum = 0;
        for (int o = 0; o < layout.outputs; ++o) sum += std::exp(head(p, 0, x, o));
        for (int o = 0; o < layout.outputs; ++o) {
          const double here = head(p, 0, x, o) - std::log(sum);
          h -= std::exp(here) * here;
          if (static_cast<int>(action[static_cast<std::size_t>(r)]) == o) logp = here;
        }
      } else {
        const auto features = trunk(frozen, 0, r);
        for (int o = 0; o < layout.outputs; ++o) {
          double variance = 0;
          if (layout.state_noise) {
            variance = 1e-6;
            for (std::size_t i = 0; i < features.size(); ++i)
              variance += features[i] * features[i] *
                          std::exp(2 * p[static_cast<std::size_t>(layout.log_std) +
                                         static_cast<std::size_t>(o * layout.features()) + i]);
          } else {
            variance = std::exp(2 * p[static_cast<std::size_t>(layout.log_std + o)]);
          }
          const double d = action[static_cast<std::size_t>(o * 32 + r)] - head(p, 0, x, o);
          logp += -0.5 * d * d / variance - 0.5 * std::log(variance) - 0.5 * std::log(2 * M_PI);
          h += 0.5 + 0.5 * std::log(2 * M_PI * variance);
        }
      }
      const auto row = static_cast<std::size_t>(r);
      const double ratio = std::exp(logp - old_logp[row]);
      const double a = advantage[row];
      total -= std::min(a * ratio, a * std::clamp(ratio, 1 - clip, 1 + clip));
      total -= entropy * h;
      const double v = head(p, 1, trunk(p, 1, r), 0);
      const double moved = old_value[row] + std::clamp(v - old_value[row], -clip, clip);
      total += value * 0.5 * std::max(std::pow(v - target[row], 2), std::pow(moved - target[row], 2));
    }
    return total / kRows;
  }

  Floats gradient(Pass& pass, const Floats& p, float* sums) const {
    const Kernels& kernels = usable_kernels();
    pass.forward(p.data(), observations.data(), kRows);
    PolicyLoss policy;
    policy.rows = kRows;
    policy.outputs = layout.outputs;
    policy.stride = pass.stride();
    policy.output = pass.output();
    policy.variance = pass.variance();
    policy.action = action.data();
    policy.old_logp = old_logp.data();
    policy.advantage = advantage.data();
    policy.weight = weight.data();
    policy.clip = static_cast<float>(clip);
    policy.entropy = static_cast<float>(entropy);
    policy.scale = 1.0f / kRows;
    policy.d_output = pass.d_output();
    policy.d_variance = pass.d_variance();
    policy.sums = sums;
    layout.discrete ? kernels.categorical_loss(policy) : kernels.gaussian_loss(policy);
    ValueLoss values{kRows,
                     pass.value(),
                     old_value.data(),
                     target.data(),
                     weight.data(),
                     static_cast<float>(clip),
                     static_cast<float>(value / kRows),
                     pass.d_value(),
                     sums + 4};
    kernels.value_loss(values);
    Floats gradient(p.size());
    pass.backward(p.data(), observations.data(), kRows, gradient.data());
    return gradient;
  }
};

}  // namespace

TEST_CASE("gradients are those of finite differences") {
  const Case cases[] = {{"categorical", true, false, false, Activation::kTanh},
                        {"categorical, shared", true, false, true, Activation::kTanh},
                        {"categorical, ReLU", true, false, false, Activation::kRelu},
                        {"Gaussian", false, false, false, Activation::kTanh},
                        {"gSDE", false, true, false, Activation::kTanh},
                        {"gSDE, shared", false, true, true, Activation::kTanh}};
  for (const Case& c : cases) {
    INFO(c.name);
    const PpoConfig config = config_of(c);
    const Layout layout(spaces_of(c), config);
    Floats p = initial_parameters(layout, config);
    // Heads away from zero, so that all gradients are.
    for (long i = 0; i < layout.heads[0].in; ++i)
      p[static_cast<std::size_t>(layout.heads[0].weights + i)] += 0.2f;
    Problem problem(layout);
    Pass pass(layout, usable_kernels(), Problem::kRows);
    Floats sums(16);
    const Floats gradient = problem.gradient(pass, p, sums.data());
    const std::vector<double> at(p.begin(), p.end());
    double worst = 0, largest = 0;
    int padding_touched = 0;
    for (std::size_t i = 0; i < at.size(); i += kSanitized ? 7 : 3) {
      std::vector<double> up = at, down = at;
      up[i] += 1e-6;
      down[i] -= 1e-6;
      const double slope = (problem.loss(up, at) - problem.loss(down, at)) / 2e-6;
      worst = std::max(worst, std::abs(slope - gradient[i]));
      largest = std::max(largest, std::abs(slope));
      if (slope == 0 && gradient[i] != 0) ++padding_touched;
    }
    CHECK(largest > 0.01);
    CHECK(worst < 2e-5);
    CHECK(padding_touched == 0);
  }
}

TEST_CASE("initial weights are orthogonal and depend on the seed alone") {
  const Case c{"", true, false, false, Activation::kTanh};
  PpoConfig config = config_of(c);
  config.hidden = {64, 64};
  const Layout layout(spaces_of(c), config);
  const Floats p = initial_parameters(layout, config);
  CHECK(p == initial_parameters(layout, config));
  const Layer& layer = layout.trunks[1][1];
  double worst = 0;
  for (int a = 0; a < 64; ++a) {
    for (int b = 0; b <= a; ++b) {
      double dot = 0;
      for (int i = 0; i < 64; ++i)
        dot += static_cast<double>(p[static_cast<std::size_t>(layer.weights + i * 64 + a)]) *
               p[static_cast<std::size_t>(layer.weights + i * 64 + b)];
      worst = std::max(worst, std::abs(dot - (a == b ? 2 : 0)));
    }
  }
  CHECK(worst < 1e-5);
  config.seed = 2;
  CHECK(p != initial_parameters(layout, config));
}
