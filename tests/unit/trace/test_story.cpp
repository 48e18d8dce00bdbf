// SPDX-License-Identifier: Apache-2.0
// What a recording tells of single tasks.
#include "trace/story.hpp"

#include <catch.hpp>

namespace rankine::trace {
namespace {

constexpr std::int64_t kMs = 1'000'000;

Class class_of(std::uint32_t number, const std::string& name) {
  Class one;
  one.number = number;
  one.options.name = name;
  one.options.request.cpus = Amount(1);
  one.options.retry_exceptions = true;
  one.options.max_retries = 1;
  return one;
}

/// On one worker of one CPU: 1 from 0 to 10 ms; a map 2, 3, 4 that needs it, 2 and 3 together until 30 ms, 4
/// until 31 ms, where it throws; 5 needs 4; 6 was submitted by 2; 7 is cancelled.
Recording some_tasks() {
  Recording recording;
  recording.begin.ranks = 3;
  recording.classes = {class_of(0, "first"), class_of(1, "map")};
  recording.workers = {{Rank{0}, NodeId{0}, {}}, {Rank{1}, NodeId{0}, class_of(0, "").options.request}};
  const auto submit = [&](std::int64_t at, std::uint64_t id, std::uint32_t task_class, std::uint32_t count) {
    Submission submission;
    submission.at = at;
    submission.first = ObjectId{id};
    submission.task_class = task_class;
    submission.count = count;
    submission.range = count > 1;
    recording.submissions.push_back(submission);
    return &recording.submissions.back();
  };
  recording.submissions.reserve(8);
  submit(0, 1, 0, 1);
  submit(kMs, 2, 1, 3)->dependencies = {ObjectId{1}, ObjectId{99}};
  submit(kMs, 5, 0, 1)->dependencies = {ObjectId{4}};
  submit(12 * kMs, 6, 0, 1)->parent = TaskId{2};
  submit(13 * kMs, 7, 0, 1);
  recording.cancelled = {{14 * kMs, TaskId{7}, 1}};
  recording.lost = {{15 * kMs, Rank{2}}};
  recording.pieces = {{10 * kMs, 10 * kMs, TaskId{1}, 1, Rank{1}, 1, 0, 8},
                      {30 * kMs, 10 * kMs, TaskId{2}, 2, Rank{1}, 2, 0, 16},
                      {31 * kMs, kMs, TaskId{4}, 1, Rank{1}, 1, 1, 0}};
  recording.end = End{31 * kMs, 32 * kMs, 0};
  return recording;
}

}  // namespace

TEST_CASE("a task that ran: what it waited for, how long, and where") {
  const Recording recording = some_tasks();
  const Storyteller teller(recording);
  const Story third = teller.tell(TaskId{3});
  REQUIRE(third.submission != nullptr);
  CHECK(third.ended);
  CHECK(third.ready == 10 * kMs);
  REQUIRE(third.depends_on.size() == 2);
  CHECK(third.depends_on[0].second == 10 * kMs);
  CHECK(third.depends_on[1].second == 0);  // it was put
  REQUIRE(third.attempts.size() == 1);
  CHECK(third.attempts[0]->from == 20 * kMs);
  CHECK(third.attempts[0]->piece->attempt == 2);
  REQUIRE(third.losses.size() == 1);
  CHECK(third.losses[0].rank == Rank{2});
  CHECK(third.cpus_used == Approx(0).margin(1e-9));  // nobody ran anything from 10 to 20 ms
  CHECK(teller.tell(TaskId{2}).children == 1);
  const Story first = teller.tell(TaskId{1});
  REQUIRE(first.needed_by.size() == 1);
  CHECK(first.needed_by[0]->first == ObjectId{2});
}

TEST_CASE("tasks that have not ended, and such as nobody submitted") {
  const Recording recording = some_tasks();
  const Storyteller teller(recording);
  const Story fourth = teller.tell(TaskId{4});
  CHECK_FALSE(fourth.ended);  // it threw and has an attempt left
  REQUIRE(fourth.attempts.size() == 1);
  const Story fifth = teller.tell(TaskId{5});
  CHECK(fifth.ready == 31 * kMs);
  CHECK(fifth.attempts.empty());
  const Story sixth = teller.tell(TaskId{6});
  CHECK(sixth.ready == 12 * kMs);
  CHECK(sixth.began_before == 3);
  CHECK(sixth.cpus_used == Approx(11.0 / 20));
  CHECK(teller.tell(TaskId{7}).cancelled);
  CHECK(teller.tell(TaskId{8}).submission == nullptr);
}

}  // namespace rankine::trace
