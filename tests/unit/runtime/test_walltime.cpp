// SPDX-License-Identifier: Apache-2.0
// How times are read, whose word counts, and when a run begins to stop.
#include <string>

#include <unistd.h>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>
#include <rankine/draining.hpp>

#include "runtime/launch_walltime.hpp"
#include "runtime/walltime.hpp"

#include "catch.hpp"

using namespace rankine;
using namespace rankine::runtime;

namespace {

double seconds_in(const char* text) {
  const auto read = read_duration(text);
  return read ? static_cast<double>(*read) * 1e-9 : -1;
}

WallTimeFacts at_start() {
  WallTimeFacts facts;
  facts.start = Time{1000 * kSecond};
  facts.now = Time{1001 * kSecond};
  facts.unix_now = 1'700'000'000.5;
  return facts;
}

template <class Error>
std::string text_of(const WallTimeFacts& facts) {
  try {
    decide_wall_time(facts);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("durations are read as people and Slurm write them") {
  CHECK(seconds_in("90") == 90);
  CHECK(seconds_in("90s") == 90);
  CHECK(seconds_in("0.5") == 0.5);
  CHECK(seconds_in("30m") == 1800);
  CHECK(seconds_in("1.5h") == 5400);
  CHECK(seconds_in("2d") == 172800);
  CHECK(seconds_in("1h30m") == 5400);
  CHECK(seconds_in("1d2h3m4.5s") == 93784.5);
  CHECK(seconds_in("30:00") == 1800);
  CHECK(seconds_in("1:30:00") == 5400);
  CHECK(seconds_in("2-12") == 216000);
  CHECK(seconds_in("2-12:30") == 217800);
  CHECK(seconds_in("2-12:30:15") == 217815);
  for (const char* wrong :
       {"",        "0",     "-5", "+5",     "0s",          "m",        "5x",  "5 m", " 5",        "5s3",
        "1:2:3:4", "1-2-3", "1:", ":1",     "1e99",        "1e3",      "nan", "inf", "UNLIMITED", "NOT_SET",
        "INVALID", "1-",    "-1", "1.5:00", "99999999999", "99999-00", "h",   "."}) {
    INFO(wrong);
    CHECK_FALSE(read_duration(wrong).has_value());
  }
  CHECK(parse_walltime("2m").count() == 120 * kSecond);
  CHECK_THROWS_AS(parse_walltime("soon"), InputError);
}

TEST_CASE("the end is what the option says, else the variable, else Slurm's variable, else squeue") {
  WallTimeFacts facts = at_start();
  CHECK(decide_wall_time(facts).end == kNeverEnds);
  CHECK(plan_for(decide_wall_time(facts)).begin == kNeverEnds);
  int asked = 0;
  facts.ask_slurm = [&asked] {
    ++asked;
    return std::string("10:00");
  };
  CHECK(decide_wall_time(facts).end == Time{1601 * kSecond});
  CHECK(decide_wall_time(facts).source == "squeue");
  facts.job_end = "1700000100";
  asked = 0;
  CHECK(decide_wall_time(facts).end == Time{1001 * kSecond + 99'500 * kMillisecond});
  facts.variable = "5m";
  CHECK(decide_wall_time(facts).end == Time{1300 * kSecond});
  facts.option = 7 * kSecond;
  CHECK(decide_wall_time(facts).end == Time{1007 * kSecond});
  CHECK(asked == 0);
}

TEST_CASE("what Slurm says of unlimited jobs is no limit, and nonsense of the user's is an error by name") {
  WallTimeFacts facts = at_start();
  for (const char* none : {"UNLIMITED", "NOT_SET", "INVALID", ""}) {
    facts.ask_slurm = [none] { return std::string(none); };
    CHECK(decide_wall_time(facts).end == kNeverEnds);
  }
  facts.job_end = "4294967294000";
  CHECK(decide_wall_time(facts).end == kNeverEnds);
  facts.job_end = "tomorrow";
  CHECK(decide_wall_time(facts).end == kNeverEnds);
  facts.variable = "soon";
  CHECK(text_of<InputError>(facts).find("RANKINE_WALLTIME is \"soon\"") != std::string::npos);
  facts.variable = "100";
  facts.margin_variable = "-1";
  CHECK(text_of<InputError>(facts).find("RANKINE_WALLTIME_MARGIN is \"-1\"") != std::string::npos);
}

TEST_CASE("the margin is 5 %, at least 10 s, at most 2 minutes, at most a quarter; or what was asked for") {
  CHECK(default_margin(3600 * kSecond) == 120 * kSecond);
  CHECK(default_margin(1000 * kSecond) == 50 * kSecond);
  CHECK(default_margin(86400 * kSecond) == 120 * kSecond);
  CHECK(default_margin(60 * kSecond) == 10 * kSecond);
  CHECK(default_margin(3 * kSecond) == 750 * kMillisecond);
  CHECK(default_margin(-5) == 0);
  WallTimeFacts facts = at_start();
  facts.option = 100 * kSecond;
  CHECK(decide_wall_time(facts).margin == 10 * kSecond);
  facts.margin_variable = "20s";
  CHECK(decide_wall_time(facts).margin == 20 * kSecond);
  facts.option_margin = kSecond;
  CHECK(decide_wall_time(facts).margin == kSecond);
}

TEST_CASE("a plan begins the margin before the end and leaves before it") {
  const DrainPlan plan = plan_for({Time{100 * kSecond}, 8 * kSecond, "a test"});
  CHECK(plan.begin == Time{92 * kSecond});
  CHECK(plan.begin < plan.cut);
  CHECK(plan.cut < plan.leave);
  CHECK(plan.leave < Time{100 * kSecond});
  const DrainPlan late = plan_from(Time{99 * kSecond}, 30 * kSecond, Time{100 * kSecond});
  CHECK(late.begin == Time{99 * kSecond});
  CHECK(late.leave < Time{100 * kSecond});
  const DrainPlan over = plan_from(Time{101 * kSecond}, 30 * kSecond, Time{100 * kSecond});
  CHECK(over.leave == Time{101 * kSecond});
  const DrainPlan endless = plan_from(Time{0}, 8 * kSecond, kNeverEnds);
  CHECK(endless.leave == Time{7 * kSecond});
}

TEST_CASE("a program that is asked answers in time or not at all") {
  CHECK(ask_program({"echo", "1:00"}, 10 * kSecond).text == "1:00");
  CHECK_FALSE(ask_program({"sh", "-c", "echo 5; exit 1"}, 10 * kSecond).good);
  CHECK_FALSE(ask_program({"rankine-no-such-program"}, 10 * kSecond).good);
  const Time start = now();
  CHECK_FALSE(ask_program({"sleep", "100"}, 50 * kMillisecond).good);
  CHECK(now() - start < 10 * kSecond);
}
