// SPDX-License-Identifier: Apache-2.0
// Recorded runs made by hand, simulated: the times are those that can be worked out on paper.
#include <rankine/core/error.hpp>

#include "simulate/simulation.hpp"

#include <catch.hpp>

namespace rankine::simulate {
namespace {

using trace::Recording;

constexpr Nanoseconds kTask = 10 * kMillisecond;

/// A run on one worker: each submission's tasks end one after another.
class Made {
 public:
  Made() {
    recording_.begin.piece_max = 256;
    recording_.begin.ranks = 2;
    trace::Class one;
    one.options.name = "f";
    one.options.request.cpus = Amount(1);
    recording_.classes.push_back(one);
    scheduler::Resources has;
    has.cpus = Amount(1);
    recording_.workers.push_back({Rank{1}, NodeId{0}, has});
  }
  /// Returns the id.
  std::uint64_t submit(std::vector<std::uint64_t> dependencies = {}, std::uint32_t count = 1,
                       TaskId parent = kDriver) {
    trace::Submission submission;
    submission.at = at_;
    submission.first = ObjectId{next_};
    submission.count = count;
    submission.range = count > 1;
    submission.parent = parent;
    if (parent != kDriver) {
      submission.submitter = Rank{1};
    } else {
      driver_at_ = at_;
    }
    for (const std::uint64_t id : dependencies) submission.dependencies.push_back(ObjectId{id});
    recording_.submissions.push_back(submission);
    next_ += count;
    return number(submission.first);
  }
  void end(std::uint64_t id, Nanoseconds busy = kTask, std::uint32_t count = 1) {
    at_ += busy * count;
    recording_.pieces.push_back({.at = at_,
                                 .busy = busy * count,
                                 .first = ObjectId{id},
                                 .count = count,
                                 .worker = Rank{1},
                                 .bytes = 8});
  }
  /// From its last step until now.
  void waited(std::uint64_t id, std::uint32_t count = 1) {
    recording_.waits.push_back({{at_, at_ - driver_at_, ObjectId{id}, count},
                                recording_.pieces.size(),
                                recording_.submissions.size()});
    driver_at_ = at_;
  }
  void think(Nanoseconds length) { at_ += length; }
  Recording& done() {
    recording_.end = trace::End{at_, at_, 0};
    return recording_;
  }
  Recording recording_;

 private:
  Nanoseconds at_ = 0;
  Nanoseconds driver_at_ = 0;
  std::uint64_t next_ = 1;
};

Outcome on(const Recording& recording, std::uint32_t ranks, std::uint32_t scale = 1,
           const Costs& costs = {}) {
  const Program program = make_program(recording);
  const Outcome outcome = simulate(program, {ranks, 1, program.worker}, costs, {scale, 7, {}});
  CHECK(outcome.ended == outcome.tasks);
  CHECK(outcome.failed == 0);
  return outcome;
}

Recording independent(int tasks) {
  Made made;
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < tasks; ++i) ids.push_back(made.submit());
  for (const std::uint64_t id : ids) {
    made.end(id);
    made.waited(id);
  }
  return made.done();
}

TEST_CASE("independent tasks divide by the workers") {
  const Recording run = independent(60);
  CHECK(on(run, 2).makespan == Approx(0.6).epsilon(0.01));
  CHECK(on(run, 4).makespan == Approx(0.2).epsilon(0.01));
  CHECK(on(run, 13).makespan == Approx(0.05).epsilon(0.01));
  CHECK(on(run, 201).makespan == Approx(0.01).epsilon(0.02));
  CHECK(on(run, 4).efficiency == Approx(1.0).epsilon(0.01));
  CHECK(on(run, 4).task_seconds == Approx(0.6).epsilon(0.001));
}

TEST_CASE("copies of all tasks take so many times longer") {
  const Recording run = independent(60);
  const Outcome outcome = on(run, 4, 10);
  CHECK(outcome.tasks == 600);
  CHECK(outcome.makespan == Approx(2.0).epsilon(0.01));
}

TEST_CASE("a chain of dependencies does not get shorter") {
  Made made;
  std::vector<std::uint64_t> ids{made.submit()};
  for (int i = 1; i < 8; ++i) ids.push_back(made.submit({ids.back()}));
  for (const std::uint64_t id : ids) made.end(id);
  made.waited(ids.back());
  const Recording run = made.done();
  CHECK(on(run, 2).makespan == Approx(0.08).epsilon(0.01));
  CHECK(on(run, 9).makespan == Approx(0.08).epsilon(0.01));
}

TEST_CASE("a driver that waits for each task gets one done after the other") {
  Made made;
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t id = made.submit();
    made.end(id);
    made.waited(id);
  }
  CHECK(on(made.done(), 9).makespan == Approx(0.1).epsilon(0.01));
}

TEST_CASE("a driver that waits for some of many goes on when so many have ended") {
  Made made;
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(made.submit());
  for (const std::uint64_t id : ids) made.end(id);
  made.waited(0);  // for twelve
  const std::uint64_t last = made.submit();
  made.end(last);
  made.waited(last);
  CHECK(on(made.done(), 5).makespan == Approx(0.04).epsilon(0.01));
}

TEST_CASE("what the driver computes is added, and mail waits for its tick") {
  Made made;
  const std::uint64_t first = made.submit();
  made.end(first);
  made.waited(first);
  made.think(50 * kMillisecond);
  const std::uint64_t second = made.submit();
  made.end(second);
  made.waited(second);
  CHECK(on(made.done(), 3).makespan == Approx(0.07).epsilon(0.02));
}

TEST_CASE("a map is cut into pieces by the scheduler") {
  Made made;
  const std::uint64_t map = made.submit({}, 1000);
  made.end(map, 100 * kMicrosecond, 1000);
  made.waited(map, 1000);
  const Recording run = made.done();
  CHECK(on(run, 2).makespan == Approx(0.1).epsilon(0.02));
  CHECK(on(run, 5).makespan == Approx(0.025).epsilon(0.05));
  CHECK(on(run, 5).pieces < 1000);
  const Outcome longer = on(run, 5, 10);  // one map of ten times the length
  CHECK(longer.tasks == 10000);
  CHECK(longer.makespan == Approx(0.25).epsilon(0.02));
  CHECK(longer.pieces < 8000);
}

TEST_CASE("with many workers the pieces of a map get longer, so that rank 0 can serve all") {
  Made made;
  const std::uint64_t map = made.submit({}, 1000);
  made.end(map, kMillisecond, 1000);
  made.waited(map, 1000);
  const Outcome outcome = on(made.done(), 2001, 200);
  CHECK(outcome.pieces < 100000);  // of 200,000 elements
  CHECK(outcome.head_use < 0.8);
  CHECK(outcome.efficiency > 0.8);
}

TEST_CASE("a task waits for its children without its cpu") {
  Made made;
  const std::uint64_t parent = made.submit();
  const TaskId id{parent};
  made.think(5 * kMillisecond);  // the parent runs
  const std::uint64_t a = made.submit({}, 1, id);
  const std::uint64_t b = made.submit({}, 1, id);
  const Nanoseconds blocked_at = made.recording_.submissions.back().at;
  made.end(a);
  made.end(b);
  made.recording_.pauses.push_back({id, blocked_at, blocked_at + 2 * kTask, 2, 3});
  made.end(parent, 5 * kMillisecond);
  made.recording_.pieces.back().busy = 10 * kMillisecond;  // 5 before the children and 5 after
  made.waited(parent);
  const Recording run = made.done();
  CHECK(on(run, 2).makespan == Approx(0.030).epsilon(0.02));
  CHECK(on(run, 3).makespan == Approx(0.020).epsilon(0.02));
}

TEST_CASE("a request that a worker holds twice runs twice, and one too large fails") {
  Made made;
  made.recording_.classes[0].options.request.cpus = Amount(2);
  made.recording_.workers[0].resources.cpus = Amount(4);
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(made.submit());
  for (const std::uint64_t id : ids) made.end(id);
  made.waited(ids.back());
  Recording run = made.done();
  CHECK(on(run, 2).makespan == Approx(0.04).epsilon(0.01));
  run.classes[0].options.request.cpus = Amount(5);
  const Program program = make_program(run);
  const Outcome outcome = simulate(program, {3, 1, program.worker}, {}, {});
  CHECK(outcome.failed == 8);
}

TEST_CASE("rank 0 is the limit where its time a task exceeds the workers'") {
  Made made;
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 2000; ++i) ids.push_back(made.submit());
  for (const std::uint64_t id : ids) made.end(id, 100 * kMicrosecond);
  made.waited(ids.back());
  const Recording run = made.done();
  Costs costs;
  costs.event = 5 * kMicrosecond;
  const Outcome few = on(run, 5, 1, costs);
  const Outcome many = on(run, 101, 1, costs);
  CHECK(few.head_use < 0.7);
  CHECK(many.head_use > 0.95);
  CHECK(many.limit_ranks > 5);
  CHECK(many.limit_ranks < 20);
  CHECK(many.makespan > 2000 * 10e-6);  // two events a task at least
}

TEST_CASE("equal arguments give equal answers; the seed draws other durations for copies") {
  Made made;
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(made.submit());
  for (std::size_t i = 0; i < ids.size(); ++i) made.end(ids[i], static_cast<Nanoseconds>(i + 1) * 100000);
  made.waited(ids.back());
  const Program program = make_program(made.done());
  const auto seconds = [&](std::uint64_t seed) {
    return simulate(program, {4, 1, program.worker}, {}, {20, seed, {}}).makespan;
  };
  CHECK(seconds(1) == seconds(1));
  CHECK(seconds(1) != seconds(2));
  CHECK(seconds(1) == Approx(seconds(2)).epsilon(0.1));
}

TEST_CASE("a cluster without workers and a trace without tasks are refused") {
  const Program program = make_program(independent(3));
  CHECK_THROWS_AS(simulate(program, {1, 1, program.worker}, {}, {}), InputError);
  CHECK_THROWS_AS(make_program(Recording{}), InputError);
}

}  // namespace
}  // namespace rankine::simulate
