// SPDX-License-Identifier: Apache-2.0
// The loops of learning: functions against the library's, and all paths of this processor bit for bit.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <rankine/core/philox.hpp>

#include "catch.hpp"
#include "rl/learn/kernels.hpp"
#include "rl/learn/memory.hpp"

using namespace rankine::rl::learn;

namespace {

Floats drawn(std::size_t count, std::uint64_t key, double scale = 1) {
  rankine::Philox random(7, key);
  Floats numbers(count);
  for (float& x : numbers) x = static_cast<float>(scale * random.normal());
  return numbers;
}

bool same_bits(const Floats& a, const Floats& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// Those that this processor runs; the baseline first.
std::vector<const Kernels*> paths() {
  std::vector<const Kernels*> found{&kKernelsBaseline};
  const Kernels& widest = usable_kernels();
#if defined(__x86_64__)
  if (std::string(widest.name) != "baseline") found.push_back(&kKernelsV3);
  if (std::string(widest.name) == "v4") found.push_back(&kKernelsV4);
#else
  static_cast<void>(widest);
#endif
  return found;
}

Floats product(const Kernels& kernels, int rows, Epilogue epilogue, bool add) {
  const int steps = 37;
  const int columns = 80;
  const Floats x = drawn(static_cast<std::size_t>(rows * steps), 1);
  const Floats w = drawn(static_cast<std::size_t>(steps * columns), 2, 0.2);
  const Floats bias = drawn(static_cast<std::size_t>(columns), 3);
  const Floats h = drawn(static_cast<std::size_t>(rows * columns), 4, 0.3);
  Floats y = drawn(static_cast<std::size_t>(rows * columns), 5);
  kernels.product({x.data(), steps, 1, w.data(), columns, y.data(), columns, rows, steps, columns,
                   add ? nullptr : bias.data(), add, epilogue, h.data()});
  return y;
}

}  // namespace

TEST_CASE("tanh, exp and a product are what they should be") {
  for (const Kernels* kernels : paths()) {
    INFO(kernels->name);
    Floats x(4096), y(4096);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = (static_cast<float>(i) - 2048) / 200;
    kernels->hyperbolic_tangent(x.data(), y.data(), 4096);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      worst = std::max(worst, std::abs(y[i] - std::tanh(static_cast<double>(x[i]))));
    CHECK(worst < 4e-7);
    kernels->exponential(x.data(), 2.0f, y.data(), 4096);
    worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
      worst = std::max(worst, std::abs(y[i] / std::exp(2.0 * static_cast<double>(x[i])) - 1));
    CHECK(worst < 4e-7);
    const Floats z = product(*kernels, 7, Epilogue::kNone, false);
    const Floats a = drawn(7 * 37, 1), w = drawn(37 * 80, 2, 0.2), b = drawn(80, 3);
    worst = 0;
    for (int r = 0; r < 7; ++r) {
      for (int c = 0; c < 80; ++c) {
        double sum = b[c];
        for (int k = 0; k < 37; ++k) sum += static_cast<double>(a[r * 37 + k]) * w[k * 80 + c];
        worst = std::max(worst, std::abs(sum - z[r * 80 + c]));
      }
    }
    CHECK(worst < 1e-5);
  }
}

TEST_CASE("all paths give the same bits, and a row the same ones in any batch") {
  const auto all = paths();
  for (const Epilogue epilogue :
       {Epilogue::kNone, Epilogue::kTanh, Epilogue::kRelu, Epilogue::kTanhSlope, Epilogue::kReluSlope}) {
    for (const bool add : {false, true}) {
      const Floats first = product(*all[0], 13, epilogue, add);
      for (const Kernels* kernels : all) CHECK(same_bits(first, product(*kernels, 13, epilogue, add)));
    }
  }
  for (const Kernels* kernels : all) {
    const Floats many = product(*kernels, 13, Epilogue::kTanh, false);
    Floats few = product(*kernels, 3, Epilogue::kTanh, false);
    CHECK(std::equal(few.begin(), few.end(), many.begin()));
  }
  Floats x = drawn(1600, 9);
  Floats before = drawn(1600, 10);
  for (const Kernels* kernels : all) {
    CHECK(kernels->squares(x.data(), 1600) == all[0]->squares(x.data(), 1600));
    Floats parameters[2] = {before, before}, first[2], second[2];
    for (int k = 0; k < 2; ++k) {
      first[k] = drawn(1600, 11, 0.1);
      second[k].assign(1600, 0.01f);
      Adam adam;
      adam.parameter = parameters[k].data();
      adam.gradient = x.data();
      adam.first = first[k].data();
      adam.second = second[k].data();
      adam.count = 1600;
      adam.step_size = 0.1f;
      (k == 0 ? all[0] : kernels)->adam(adam);
    }
    CHECK(same_bits(parameters[0], parameters[1]));
    CHECK(same_bits(second[0], second[1]));
  }
}

TEST_CASE("losses have the same bits on all paths") {
  const auto all = paths();
  const Floats output = drawn(3 * 32, 20), advantage = drawn(32, 21);
  Floats action(3 * 32), old_logp(32, -1.0f), weight(32, 1.0f), variance(3 * 32, 0.7f);
  for (std::size_t r = 0; r < 32; ++r) action[r] = static_cast<float>(r % 3);
  for (const bool discrete : {true, false}) {
    Floats first;
    for (const Kernels* kernels : all) {
      Floats slopes(2 * 3 * 32), sums(16);
      PolicyLoss loss;
      loss.rows = 30;
      loss.outputs = 3;
      loss.stride = 32;
      loss.output = output.data();
      loss.variance = variance.data();
      loss.action = action.data();
      loss.old_logp = old_logp.data();
      loss.advantage = advantage.data();
      loss.weight = weight.data();
      loss.entropy = 0.01f;
      loss.d_output = slopes.data();
      loss.d_variance = slopes.data() + 3 * 32;
      loss.sums = sums.data();
      discrete ? kernels->categorical_loss(loss) : kernels->gaussian_loss(loss);
      slopes.insert(slopes.end(), sums.begin(), sums.end());
      CHECK(std::ranges::all_of(slopes, [](float x) { return std::isfinite(x); }));
      if (first.empty()) first = slopes;
      CHECK(same_bits(first, slopes));
    }
  }
}

TEST_CASE("sampling follows the probabilities and never takes what is forbidden") {
  const int draws = 16'000;
  for (const Kernels* kernels : paths()) {
    Floats logits(4 * 16), uniform(16), action(16), logp(16);
    const float p[4] = {0.5f, 0.2f, 0.3f, 0};
    for (int o = 0; o < 4; ++o) {
      for (int r = 0; r < 16; ++r) logits[o * 16 + r] = o == 3 ? -1e8f : std::log(p[o]);
    }
    int counts[4] = {};
    for (int i = 0; i < draws; i += 16) {
      for (int r = 0; r < 16; ++r)
        uniform[r] = (static_cast<float>(i + r) + 0.5f) / static_cast<float>(draws);
      kernels->categorical_act({16, 4, 16, logits.data(), uniform.data(), action.data(), logp.data()});
      for (int r = 0; r < 16; ++r) {
        ++counts[static_cast<int>(action[r])];
        CHECK(std::abs(logp[r] - std::log(p[static_cast<int>(action[r])])) < 1e-5);
      }
    }
    for (int o = 0; o < 3; ++o) CHECK(std::abs(counts[o] - p[o] * draws) <= 2);
    CHECK(counts[3] == 0);
  }
}
