// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <rankine/many_models/progress.hpp>

#include "catch.hpp"

using rankine::progress_text;
using rankine::ProgressLine;

TEST_CASE("the progress line says share, rate and what is left") {
  CHECK(progress_text("models", {.ended = 900, .total = 2000, .seconds = 3}) ==
        " 45 %  900 of 2000 models  300/s  ETA 4 s");
  CHECK(progress_text("models", {.ended = 0, .total = 10, .seconds = 0}) ==
        "  0 %  0 of 10 models  0/s  ETA -");
  CHECK(progress_text("models", {.ended = 10, .total = 10, .seconds = 2, .last = true}) ==
        "100 %  10 of 10 models  5/s  done in 2.00 s");
  CHECK(progress_text("groups", {.ended = 50, .seconds = 5}) == "50 groups  10/s  5 s");
  CHECK(progress_text("groups", {.ended = 50, .total = 100, .seconds = 5, .draining = true}) ==
        " 50 %  50 of 100 groups  10/s  draining: nothing new starts");
}

TEST_CASE("a line is due at once when the run begins to drain") {
  ProgressLine line("models", 10, true);
  CHECK_FALSE(line.due(false));
  CHECK(line.due(true));
  ProgressLine hidden("models", 10, false);
  CHECK_FALSE(hidden.due(true));
}
