// SPDX-License-Identifier: Apache-2.0
// The network's gradient against differences, optimisers by hand, data sets.
#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/nn/dataset.hpp>
#include <rankine/nn/mlp.hpp>
#include <rankine/nn/optimiser.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

namespace nn = rankine::nn;

namespace {

struct Batch {
  std::vector<float> features;
  std::vector<std::uint8_t> labels;
};

Batch batch_of(std::size_t rows, std::size_t width, std::size_t classes) {
  rankine::Philox random(3, 1);
  Batch batch;
  for (std::size_t k = 0; k < rows * width; ++k)
    batch.features.push_back(static_cast<float>(random.normal()));
  for (std::size_t k = 0; k < rows; ++k)
    batch.labels.push_back(static_cast<std::uint8_t>(random.below(classes)));
  return batch;
}

}  // namespace

TEST_CASE("the gradient is that of differences") {
  nn::Mlp network({5, 7, 6, 3}, 1);
  const Batch batch = batch_of(11, 5, 3);
  std::vector<float> gradient(network.parameters().size());
  std::vector<float> unused(gradient.size());
  network.loss_and_gradient(batch.features, batch.labels, 0.01, gradient);
  for (std::size_t k = 0; k < gradient.size(); k += 3) {
    float& parameter = network.parameters()[k];
    const float was = parameter;
    constexpr float width = 4e-3F;
    parameter = was + width;
    const double above = network.loss_and_gradient(batch.features, batch.labels, 0.01, unused);
    parameter = was - width;
    const double below = network.loss_and_gradient(batch.features, batch.labels, 0.01, unused);
    parameter = was;
    INFO("parameter " << k);
    CHECK(gradient[k] == Approx((above - below) / (2 * width)).margin(2e-3));
  }
}

TEST_CASE("a network without any weight says that all classes are as likely") {
  nn::Mlp network({4, 3}, 1);
  for (float& parameter : network.parameters()) parameter = 0;
  const Batch batch = batch_of(30, 4, 3);
  CHECK(network.score(batch.features, batch.labels).loss == Approx(std::log(3.0)));
  std::vector<float> gradient(network.parameters().size());
  CHECK(network.loss_and_gradient(batch.features, batch.labels, 0, gradient) == Approx(std::log(3.0)));
}

TEST_CASE("optimisers move as their papers say") {
  std::vector<float> place{1, -2};
  nn::Optimiser sgd;
  sgd.kind = nn::Optimiser::Kind::sgd;
  sgd.rate = 0.1;
  sgd.momentum = 0.5;
  sgd.step(place, std::vector<float>{1, 2});
  CHECK(place[0] == Approx(0.9));
  CHECK(place[1] == Approx(-2.2));
  sgd.step(place, std::vector<float>{1, 2});
  CHECK(place[0] == Approx(0.9 - 0.15));
  nn::Optimiser adam;
  adam.rate = 0.1;
  place = {1, -2};
  adam.step(place, std::vector<float>{1e-3F, -5});  // the first step is the rate, whatever the gradient
  CHECK(place[0] == Approx(0.9).epsilon(1e-4));
  CHECK(place[1] == Approx(-1.9).epsilon(1e-4));
  // By hand: m = 0.9 m + 0.1 g, v = 0.999 v + 0.001 g^2 with both corrected.
  adam.step(place, std::vector<float>{1e-3F, 5});
  const double m = (0.9 * 0.1 * -5 + 0.1 * 5) / (1 - 0.81);
  const double v = (0.999 * 0.001 * 25 + 0.001 * 25) / (1 - 0.999 * 0.999);
  CHECK(place[1] == Approx(-1.9 - 0.1 * m / std::sqrt(v)).epsilon(1e-4));
}

TEST_CASE("a network learns clouds that no line parts") {
  const nn::Dataset data = nn::generate_dataset(1000, 10, 3, 1);
  std::vector<float> features(data.size() * data.width);
  for (std::size_t row = 0; row < data.size(); ++row)
    data.example(row, std::span(features).subspan(row * data.width, data.width));
  nn::Mlp network({10, 32, 3}, 2);
  nn::Optimiser adam;
  adam.rate = 0.02;
  std::vector<float> gradient(network.parameters().size());
  const double before = network.score(features, data.labels.span()).error;
  for (int step = 0; step < 100; ++step) {
    network.loss_and_gradient(features, data.labels.span(), 1e-4, gradient);
    adam.step(network.parameters(), gradient);
  }
  CHECK(before > 0.4);
  CHECK(network.score(features, data.labels.span()).error < 0.15);
}

TEST_CASE("data sets are read, or refused in words") {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "d.csv";
  std::ofstream(path) << "0,16,1\n8,4,0\n";
  const nn::Dataset data = nn::read_dataset(path);
  CHECK(data.size() == 2);
  CHECK(data.classes == 2);
  std::vector<float> row(2);
  data.example(1, row);
  CHECK(row == std::vector<float>{0.5F, 0.25F});
  std::ofstream(path) << "0,16,1\n8,4\n";
  CHECK_THROWS_WITH(nn::read_dataset(path), ContainsSubstring("line 2: 2 fields, the first line has 3"));
  std::ofstream(path) << "0,-1,1\n";
  CHECK_THROWS_WITH(nn::read_dataset(path), ContainsSubstring("\"-1\" is no whole number from 0 to 255"));
  CHECK_THROWS_WITH(nn::read_dataset(folder.path), ContainsSubstring("cannot open"));
}
