// SPDX-License-Identifier: Apache-2.0
// The clock of the end of a run, without a clock.
#include "runtime/drain.hpp"

#include "catch.hpp"

using namespace rankine;
using namespace rankine::runtime;
using Step = Drain::Step;

namespace {

Time at(Nanoseconds ms) {
  return Time{ms * kMillisecond};
}

const DrainPlan kWall{at(1000), at(1600), at(1900)};

}  // namespace

TEST_CASE("without a wall time nothing ever happens by itself") {
  Drain drain({}, "");
  CHECK(drain.alarm() == kNeverEnds);
  CHECK(drain.step(at(1'000'000'000), {false, false, true}) == Step::none);
}

TEST_CASE("draining begins at its time, and is cut at its time if something runs on") {
  Drain drain(kWall, "the wall time");
  CHECK(drain.alarm() == at(1000));
  CHECK(drain.step(at(999), {false, false, true}) == Step::none);
  CHECK(drain.step(at(1000), {true, false, true}) == Step::begin);
  CHECK(drain.draining());
  CHECK(drain.alarm() <= at(1010));
  CHECK(drain.step(at(1500), {true, false, true}) == Step::none);
  CHECK(drain.step(at(1600), {true, false, true}) == Step::save);
  CHECK(drain.step(at(1600), {true, false, true}) == Step::cut);
  CHECK(drain.step(at(1700), {true, false, true}) == Step::none);  // said once
  CHECK(drain.alarm() == kNeverEnds);
}

TEST_CASE("when nothing runs any more it is cut early, but not between two tasks") {
  Drain drain(kWall, "the wall time");
  REQUIRE(drain.step(at(1000), {true, false, true}) == Step::begin);
  CHECK(drain.step(at(1010), {false, false, true}) == Step::none);
  CHECK(drain.step(at(1040), {true, false, true}) == Step::none);  // a waiting task went on
  CHECK(drain.step(at(1050), {false, false, true}) == Step::none);
  CHECK(drain.step(at(1099), {false, false, true}) == Step::none);
  CHECK(drain.step(at(1100), {false, false, true}) == Step::save);
}

TEST_CASE("a signal begins it at once; the earlier end counts; a second one changes no reason") {
  Drain drain(kWall, "the wall time");
  drain.ask({at(100), at(1000), at(1200)}, "SIGUSR1");
  CHECK(drain.step(at(100), {true, false, true}) == Step::begin);
  CHECK(drain.reason() == "SIGUSR1");
  drain.ask({at(200), at(400), at(500)}, "SIGTERM");
  CHECK(drain.reason() == "SIGUSR1");
  CHECK(drain.plan().leave == at(500));
  CHECK(drain.step(at(400), {true, false, true}) == Step::save);
  Drain late(kWall, "the wall time");
  late.ask({at(900), at(5000), at(6000)}, "SIGUSR1");
  CHECK(late.plan().cut == at(1600));
}

TEST_CASE("when all that is left would not end in time, it begins before its time") {
  Drain drain(kWall, "the wall time");
  CHECK(drain.step(at(100), {true, true, true}) == Step::none);
  CHECK(drain.step(at(200), {false, true, true}) == Step::none);
  CHECK(drain.alarm() <= at(210));
  CHECK(drain.step(at(240), {false, false, true}) == Step::none);  // something else came
  CHECK(drain.alarm() == at(1000));
  CHECK(drain.step(at(300), {false, true, true}) == Step::none);
  CHECK(drain.step(at(350), {false, true, true}) == Step::begin);
}

TEST_CASE("what is to be saved has half of the time that is left, then it is cut") {
  for (const bool saved_soon : {true, false}) {
    Drain drain(kWall, "the wall time");
    REQUIRE(drain.step(at(1000), {true, false, false}) == Step::begin);
    REQUIRE(drain.step(at(1600), {true, false, false}) == Step::save);
    CHECK(drain.alarm() <= at(1610));
    CHECK(drain.step(at(1700), {true, false, false}) == Step::none);
    CHECK(drain.step(at(1700), {true, false, saved_soon}) == (saved_soon ? Step::cut : Step::none));
    CHECK(drain.step(at(1750), {true, false, false}) == (saved_soon ? Step::none : Step::cut));
  }
}
