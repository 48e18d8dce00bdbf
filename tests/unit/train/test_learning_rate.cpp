// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <rankine/core/error.hpp>
#include <rankine/train/learning_rate.hpp>

#include "catch.hpp"

using namespace rankine::train;

TEST_CASE("nanoGPT's schedule") {
  // learning_rate 1e-3, min_lr 1e-4, warmup_iters 100, lr_decay_iters 2000
  const Schedule schedule{Schedule::Kind::cosine, 1e-3, 1e-4, 100, 2000};
  schedule.check();
  CHECK(schedule.at(0) == Approx(1e-3 / 101));
  CHECK(schedule.at(99) == Approx(1e-3 * 100 / 101));
  CHECK(schedule.at(100) == Approx(1e-3));
  CHECK(schedule.at(1050) == Approx(5.5e-4));
  CHECK(schedule.at(1999) == Approx(1e-4).epsilon(1e-3));
  CHECK(schedule.at(2000) == 1e-4);
  CHECK(schedule.at(5000) == 1e-4);
}

TEST_CASE("constant and linear rates") {
  const Schedule constant{Schedule::Kind::constant, 0.1, 0, 4, 0};
  constant.check();
  CHECK(constant.at(1) == Approx(0.1 * 2 / 5));
  CHECK(constant.at(1'000'000) == 0.1);
  const Schedule linear{Schedule::Kind::linear, 0.1, 0.02, 0, 8};
  CHECK(linear.at(0) == 0.1);
  CHECK(linear.at(4) == Approx(0.06));
  CHECK(linear.at(8) == 0.02);
}

TEST_CASE("rates that cannot be") {
  CHECK_THROWS_WITH((Schedule{Schedule::Kind::cosine, 0, 0, 0, 10}.check()), ContainsSubstring("above 0"));
  CHECK_THROWS_WITH((Schedule{Schedule::Kind::cosine, 0.1, 0.2, 0, 10}.check()),
                    ContainsSubstring("smallest"));
  CHECK_THROWS_WITH((Schedule{Schedule::Kind::linear, 0.1, 0.01, 20, 10}.check()),
                    ContainsSubstring("warm-up takes 20"));
  CHECK_THROWS_WITH(schedule_named("cosin"), ContainsSubstring("constant, linear, cosine"));
  CHECK(schedule_named("linear") == Schedule::Kind::linear);
}

TEST_CASE("training ends when the loss no longer falls") {
  EarlyStop stop(2, 0.01);
  CHECK_FALSE(stop.tell(2.0));
  CHECK_FALSE(stop.tell(1.995));  // not by more than the margin
  CHECK_FALSE(stop.tell(1.9));
  CHECK_FALSE(stop.tell(std::nan("")));
  CHECK(stop.tell(1.9));
  EarlyStop never(0);
  for (int k = 0; k < 100; ++k) CHECK_FALSE(never.tell(1.0));
}
