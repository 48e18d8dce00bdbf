// SPDX-License-Identifier: Apache-2.0
#include <catch.hpp>

#include "farm/batch_size.hpp"

using rankine::farm::BatchSize;

TEST_CASE("short commands go out together, long and few ones alone") {
  BatchSize batch;
  for (int k = 0; k < 15; ++k) batch.ended(0.001);
  CHECK(batch.size(1'000'000, 1) == 1);  // not enough is known
  batch.ended(0.001);
  CHECK(batch.size(1'000'000, 2) == BatchSize::kMost);
  CHECK(batch.size(160, 2) == 10);
  CHECK(batch.size(15, 2) == 1);
  CHECK(batch.size(0, 0) == 1);
  batch.ended(10);  // one long one, and all are careful
  CHECK(batch.size(1'000'000, 2) == 1);
  for (int k = 0; k < 200; ++k) batch.ended(0.005);
  CHECK(batch.size(1'000'000, 2) >= 7);
  CHECK(batch.size(1'000'000, 2) <= 8);
}
