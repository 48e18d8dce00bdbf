// SPDX-License-Identifier: Apache-2.0
// Gradients of perceptrons and convolutional networks against differences; threads change no bits.
#include <rankine/core/error.hpp>

#include "catch.hpp"
#include "image_batch.hpp"
#include "model_run.hpp"
#include "slopes.hpp"

namespace nn = rankine::nn;
using nn::test::Batch;
using nn::test::random_images;
using nn::test::small_cnn;

TEST_CASE("a perceptron's gradient is that of differences") {
  nn::Model plain = nn::make_mlp({.inputs = 11, .hidden = {21, 8}, .classes = 5});
  nn::test::check_slopes(plain, random_images(70, 11, 5), 1e-3, 8e-3);
  nn::Model dropping = nn::make_mlp({.inputs = 11, .hidden = {21, 8}, .classes = 5, .dropout = 0.3});
  nn::test::check_slopes(dropping, random_images(70, 11, 5), 1e-3, 8e-3);
}

TEST_CASE("a convolutional network's gradient is that of differences") {
  nn::Model model = nn::make_cnn(small_cnn());
  nn::test::check_slopes(model, random_images(40, nn::test::kSmallImage, 4), 1e-3, 8e-3);
}

TEST_CASE("the number of threads changes no bits of a classifier") {
  nn::Model model = nn::make_cnn(small_cnn(0.3));
  const nn::test::Buffers parameters = nn::test::lively(model);
  const Batch batch = random_images(101, nn::test::kSmallImage, 4);
  nn::Threads one;
  nn::Threads three(3);
  const auto a = nn::test::run(model, parameters, batch, one);
  const auto b = nn::test::run(model, parameters, batch, three);
  CHECK(a.loss.loss == b.loss.loss);
  CHECK(a.loss.count == 100);
  CHECK(a.gradients == b.gradients);
}

TEST_CASE("classifiers say what is wrong with their sizes and targets") {
  nn::CnnConfig deep = small_cnn();
  deep.convolutions = {4, 4, 4};
  CHECK_THROWS_AS(nn::make_cnn(deep), rankine::InputError);
  CHECK_THROWS_AS(nn::make_mlp({.inputs = 0}), rankine::InputError);
  nn::Model model = nn::make_mlp({.inputs = 3, .hidden = {}, .classes = 2});
  Batch batch = random_images(4, 3, 2);
  batch.targets[0] = 2;
  CHECK_THROWS_AS(nn::test::loss_of(model, nn::test::lively(model), batch, 0), rankine::InputError);
}
