// SPDX-License-Identifier: Apache-2.0
// Threads that share loops, and the host as a device, step by step by hand.
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <rankine/nn/device.hpp>
#include <rankine/nn/threads.hpp>

#include "catch.hpp"

namespace nn = rankine::nn;

TEST_CASE("each piece of a loop is done once, whoever is late") {
  for (const std::size_t count : {1, 2, 5}) {
    nn::Threads threads(count);
    CHECK(threads.count() == count);
    for (std::size_t pieces = 0; pieces < 200; ++pieces) {
      std::vector<std::atomic<int>> done(pieces);
      threads.for_each(pieces, [&](std::size_t k) { done[k].fetch_add(1); });
      for (const auto& times : done) REQUIRE(times.load() == 1);
    }
  }
}

TEST_CASE("what a piece throws comes out of the loop, and the threads go on") {
  nn::Threads threads(3);
  const auto fails = [](std::size_t k) {
    if (k == 7) throw std::runtime_error("seven");
  };
  CHECK_THROWS_WITH(threads.for_each(20, fails), "seven");
  std::atomic<int> done{0};
  threads.for_each(20, [&](std::size_t) { ++done; });
  CHECK(done.load() == 20);
}

TEST_CASE("the host steps as AdamW is written") {
  nn::Threads threads(2);
  const auto device = nn::make_host_device(threads);
  constexpr std::size_t count = 70001;  // two pieces and an odd rest
  std::vector<float> master(count, 1), first(count), second(count), gradient(count);
  std::vector<unsigned char> decayed(count);
  for (std::size_t k = 0; k < count; ++k) {
    gradient[k] = 0.001F * static_cast<float>(k % 1000) - 0.5F;
    decayed[k] = k % 3 == 0 ? 1 : 0;
  }
  const nn::AdamW how{.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8, .weight_decay = 0.1};
  std::vector<double> x(count, 1), m(count), v(count);
  for (std::size_t step = 1; step <= 3; ++step) {
    device->adamw(how, 0.01, step, 0.5, master.data(), first.data(), second.data(), gradient.data(),
                  decayed.data(), count, nn::Scalar::f32, master.data());
    for (std::size_t k = 0; k < count; ++k) {
      const double g = 0.5 * static_cast<double>(gradient[k]);
      if (decayed[k] != 0) x[k] *= 1 - 0.01 * 0.1;
      m[k] = 0.9 * m[k] + 0.1 * g;
      v[k] = 0.99 * v[k] + 0.01 * g * g;
      const double mean = m[k] / (1 - std::pow(0.9, step));
      x[k] -= 0.01 * mean / (std::sqrt(v[k] / (1 - std::pow(0.99, step))) + 1e-8);
    }
  }
  double worst = 0;
  for (std::size_t k = 0; k < count; ++k)
    worst = std::max(worst, std::abs(x[k] - static_cast<double>(master[k])));
  CHECK(worst < 2e-6);
  std::vector<double> sums(3);
  device->sums_of_squares(gradient.data(), count, 30000, sums.data());
  double all = 0;
  for (const float g : gradient) all += static_cast<double>(g) * static_cast<double>(g);
  CHECK(sums[0] + sums[1] + sums[2] == Approx(all).epsilon(1e-12));
}

TEST_CASE("the host rounds to bf16 to the nearest even") {
  nn::Threads threads;
  const auto device = nn::make_host_device(threads);
  const std::vector<float> values{1, 1.00390625F, 1.01171875F, -3.1415927F, NAN};
  std::vector<std::uint16_t> rounded(values.size());
  device->convert(rounded.data(), nn::Scalar::bf16, values.data(), values.size());
  CHECK(rounded[0] == 0x3f80);
  CHECK(rounded[1] == 0x3f80);  // halfway, to the even one
  CHECK(rounded[2] == 0x3f82);  // the same, upwards
  CHECK(rounded[3] == 0xc049);
  CHECK((rounded[4] & 0x7fff) > 0x7f80);
}

TEST_CASE("ranks whose processors would give other bits are refused") {
  CHECK_NOTHROW(nn::check_levels(std::vector<std::string>{nn::host_level(), nn::host_level()}));
  CHECK_THROWS_WITH(nn::check_levels(std::vector<std::string>{"v4", "v4", "v3"}),
                    ContainsSubstring("ranks 0 and 2") && ContainsSubstring("v4 and v3"));
}
