// SPDX-License-Identifier: Apache-2.0
// A trace gives back what was recorded, ends where it was torn or damaged, and stays within its size.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <rankine/core/error.hpp>

#include "trace/chrome.hpp"
#include "trace/recorder.hpp"
#include "trace/recording.hpp"
#include "trace/slices.hpp"

#include <catch.hpp>

#include "temporary_folder.hpp"

namespace rankine::trace {
namespace {

class Folder {
 public:
  std::string file() const { return (folder_.path / "trace").string(); }
  std::string name() const { return folder_.path.string(); }

 private:
  TemporaryFolder folder_;
};

Class class_named(const std::string& name) {
  Class one;
  one.options.name = name;
  one.options.request.cpus = Amount(2);
  one.options.request.custom = {{"licence", Amount(1)}};
  one.options.alternatives.resize(1);
  one.options.alternatives[0].cpus = Amount(16);
  one.options.priority = -3;
  one.options.rank = Rank{5};
  one.options.strategy = scheduler::Strategy::spread;
  return one;
}

Begin begin_of(std::uint32_t ranks) {
  return {.program = "test", .ranks = ranks, .nodes = 2, .piece_max = 256, .unix_ns = 5};
}

/// `tasks` singles that took a millisecond each, with a worker and a class.
void record_tasks(Recorder& recorder, std::uint64_t tasks) {
  recorder.put(Worker{Rank{1}, NodeId{0}, class_named("f").options.request});
  recorder.put(class_named("f"));
  for (std::uint64_t i = 1; i <= tasks; ++i) {
    Submission submission;
    submission.at = static_cast<Nanoseconds>(i * 500);
    submission.first = ObjectId{i};
    submission.argument_bytes = 40;
    recorder.put(submission);
    recorder.put(Piece{.at = submission.at + 200,
                       .busy = 1000000,
                       .first = submission.first,
                       .worker = Rank{1},
                       .bytes = 8});
  }
}

void truncate_to(const std::string& path, std::uint64_t bytes) {
  std::filesystem::resize_file(path, bytes);
}

Submission submission_of_many() {
  Submission submission;
  submission.at = 70;
  submission.first = ObjectId{kDerivedBit | 77};
  submission.count = 1000;
  submission.range = true;
  submission.submitter = Rank{3};
  submission.parent = ObjectId{4};
  submission.argument_bytes = 12345;
  submission.key = 17;
  submission.dependencies = {ObjectId{1}, ObjectId{kDerivedBit | 5}};
  return submission;
}

/// One record of each kind.
Recording record_and_read(const Folder& folder) {
  {
    Recorder recorder({.path = folder.file()}, begin_of(4), Time{1000});
    CHECK(recorder.is_new(ClassId{0}));
    CHECK_FALSE(recorder.is_new(ClassId{0}));
    CHECK(recorder.since_begin(Time{1500}) == 500);
    recorder.put(Worker{Rank{1}, NodeId{1}, class_named("").options.request});
    recorder.put(class_named("f(int)"));
    recorder.put(submission_of_many());
    recorder.put(Piece{90, 55, ObjectId{kDerivedBit | 80}, 10, Rank{2}, 3, 1, 99});
    recorder.put(Blocked{95, ObjectId{4}});
    recorder.put(Unblocked{96, ObjectId{4}});
    recorder.put(Waited{98, 20, ObjectId{1}, 7});
    recorder.put(WorkerLost{99, Rank{1}});
    recorder.put(Cancelled{99, ObjectId{3}, 2});
    recorder.put(Memory{99, 1, 2, 3, 4, 5, 6});
    recorder.put(Failed{99, ObjectId{3}, "why"});
    recorder.end(100, 120);
  }  // the writer is done
  return read_recording(folder.name());
}

TEST_CASE("a trace gives back what was recorded of the run") {
  const Folder folder;
  const Recording read = record_and_read(folder);
  CHECK(read.trouble == "");
  CHECK(read.begin.program == "test");
  CHECK(read.begin.ranks == 4);
  CHECK(read.begin.piece_max == 256);
  REQUIRE(read.classes.size() == 1);
  CHECK(read.classes[0].options == class_named("f(int)").options);
  REQUIRE(read.workers.size() == 1);
  CHECK(read.workers[0].resources == class_named("").options.request);
  CHECK(read.lost.size() == 1);
  REQUIRE(read.memory.size() == 1);
  CHECK(read.memory[0].at == 99);
  CHECK(read.memory[0].used_bytes == 2);
  CHECK(read.memory[0].pulled_bytes == 6);
  REQUIRE(read.end);
  CHECK(read.end->driver_left == 100);
  CHECK(read.length() == 120);
}

TEST_CASE("a trace gives back what was recorded of tasks") {
  const Folder folder;
  const Recording read = record_and_read(folder);
  const Submission submission = submission_of_many();
  REQUIRE(read.submissions.size() == 1);
  const Submission& s = read.submissions[0];
  CHECK(s.at == 70);
  CHECK(s.first == submission.first);
  CHECK(s.count == 1000);
  CHECK(s.key == 17);
  CHECK(s.range);
  CHECK(s.submitter == Rank{3});
  CHECK(s.parent == ObjectId{4});
  CHECK(s.dependencies == submission.dependencies);
  REQUIRE(read.pieces.size() == 1);
  const Piece& p = read.pieces[0];
  CHECK(p.at == 90);
  CHECK(p.busy == 55);
  CHECK(p.first == ObjectId{kDerivedBit | 80});
  CHECK(p.count == 10);
  CHECK(p.worker == Rank{2});
  CHECK(p.attempt == 3);
  CHECK(p.failed == 1);
  CHECK(p.bytes == 99);
  REQUIRE(read.failures.size() == 1);
  CHECK(read.failures[0].words == "why");
}

TEST_CASE("a trace gives back pauses, cancels and waits") {
  const Folder folder;
  const Recording read = record_and_read(folder);
  REQUIRE(read.pauses.size() == 1);
  CHECK(read.pauses[0].from == 95);
  CHECK(read.pauses[0].to == 96);
  CHECK(read.pauses[0].pieces == 1);
  REQUIRE(read.cancelled.size() == 1);
  CHECK(read.cancelled[0].first == ObjectId{3});
  CHECK(read.cancelled[0].count == 2);
  REQUIRE(read.waits.size() == 1);
  CHECK(read.waits[0].waited.length == 20);
  CHECK(read.waits[0].waited.count == 7);
}

TEST_CASE("a task of its own costs less than 30 bytes, whatever blocks it falls into") {
  const Folder folder;
  constexpr std::uint64_t kTasks = 100000;
  {
    Recorder recorder({.path = folder.file()}, begin_of(2), Time{});
    record_tasks(recorder, kTasks);
    recorder.end(1, 1);
  }
  const Recording read = read_recording(folder.file());
  CHECK(read.trouble == "");
  REQUIRE(read.submissions.size() == kTasks);
  REQUIRE(read.pieces.size() == kTasks);
  for (std::uint64_t i = 0; i < kTasks; ++i) {
    REQUIRE(number(read.submissions[i].first) == i + 1);
    REQUIRE(read.pieces[i].at == static_cast<Nanoseconds>(i + 1) * 500 + 200);
  }
  CHECK(read.bytes < 30 * kTasks);
}

TEST_CASE("a torn end is cut off and said") {
  const Folder folder;
  {
    Recorder recorder({.path = folder.file()}, begin_of(2), Time{});
    record_tasks(recorder, 20000);
  }
  const Recording whole = read_recording(folder.file());
  CHECK(whole.trouble == "the run did not come to its end");
  CHECK(whole.pieces.size() == 20000);
  truncate_to(folder.file(), whole.bytes - 5);
  const Recording torn = read_recording(folder.file());
  CHECK(torn.trouble == "its last block is cut off");
  CHECK(torn.pieces.size() > 5000);
  CHECK(torn.pieces.size() < 20000);
}

TEST_CASE("damage ends a trace; what is no trace is refused with the remedy") {
  const Folder folder;
  {
    Recorder recorder({.path = folder.file()}, begin_of(2), Time{});
    record_tasks(recorder, 20000);
    recorder.end(1, 1);
  }
  {
    std::fstream file(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100000);
    file.put('\x55');
    file.put('\x56');
  }
  const Recording damaged = read_recording(folder.file());
  CHECK(damaged.trouble == "a block is damaged");
  CHECK(damaged.pieces.size() < 20000);
  std::ofstream(folder.name() + "/other") << "something else";
  CHECK_THROWS_AS(read_recording(folder.name() + "/other"), InputError);
  try {
    read_recording(folder.name() + "/nowhere");
    FAIL("it is not there");
  } catch (const InputError& error) {
    CHECK(std::string(error.what()).find("RANKINE_RUN_DIR=") != std::string::npos);
  }
}

TEST_CASE("a trace stays within its size, says so, and still has its end") {
  const Folder folder;
  {
    Recorder recorder({.path = folder.file(), .bytes_max = 200000}, begin_of(2), Time{});
    record_tasks(recorder, 100000);
    recorder.end(3, 4);
  }
  const Recording read = read_recording(folder.file());
  CHECK(read.bytes < 300000);
  REQUIRE(read.end);
  CHECK(read.end->left_out == 200000 - read.submissions.size() - read.pieces.size());
  CHECK(read.end->left_out > 100000);
}

TEST_CASE("the traces of earlier starts are kept") {
  const Folder folder;
  for (std::uint32_t ranks = 2; ranks <= 4; ++ranks)
    Recorder({.path = folder.file()}, begin_of(ranks), Time{}).end(1, 1);
  CHECK(read_recording(folder.file()).begin.ranks == 4);
  CHECK(read_recording(folder.file() + ".1").begin.ranks == 2);
  CHECK(read_recording(folder.file() + ".2").begin.ranks == 3);
}

TEST_CASE("slices of one rank never lie upon another in the JSON") {
  Recording recording;
  recording.classes.push_back(class_named("odd \"name\""));
  for (std::uint64_t i = 1; i <= 3; ++i) {
    Submission submission;
    submission.first = ObjectId{i};
    recording.submissions.push_back(submission);
    recording.pieces.push_back({.at = static_cast<Nanoseconds>(2000 + i * 1000),
                                .busy = 2000,
                                .first = ObjectId{i},
                                .worker = Rank{1}});
  }
  std::ostringstream out;
  write_chrome(recording, out);
  const std::string text = out.str();
  CHECK(text.find(R"("name":"odd \"name\"","pid":1,"tid":0,"ts":1.000,"dur":2.000)") != std::string::npos);
  CHECK(text.find(R"("pid":1,"tid":1,"ts":2.000,"dur":2.000)") != std::string::npos);
  CHECK(text.find(R"("pid":1,"tid":0,"ts":3.000,"dur":2.000)") != std::string::npos);
}

/// A recording of one rank: `n` tasks submitted at 0 that ended at `ends` after `busy`.
Recording one_rank(double cpus, const std::vector<Nanoseconds>& ends, Nanoseconds busy) {
  Recording recording;
  recording.classes.emplace_back();
  Worker worker{Rank{1}, NodeId{0}, {}};
  worker.resources.cpus = Amount(cpus);
  recording.workers.push_back(worker);
  for (const Nanoseconds at : ends) {
    Submission submission;
    submission.first = ObjectId{recording.submissions.size() + 1};
    recording.submissions.push_back(submission);
    recording.pieces.push_back({.at = at, .busy = busy, .first = submission.first, .worker = Rank{1}});
  }
  return recording;
}

TEST_CASE("what a rank of one cpu ran is one after another, also when several ends were heard of at once") {
  const Recording recording = one_rank(1, {9000, 9000, 9000}, 2000);
  const std::vector<Slice> slices = slices_of(recording);
  REQUIRE(slices.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(slices[i].row == 0);
    CHECK(slices[i].from == static_cast<Nanoseconds>(3000 + 2000 * i));
    CHECK(slices[i].to == slices[i].from + 2000);
  }
  const std::vector<Slice> wide = slices_of(one_rank(3, {9000, 9000, 9000}, 2000));
  CHECK(wide[2].row == 2);
  CHECK(wide[2].from == 7000);
}

TEST_CASE("no slice is drawn before its submission, and rows part what cannot be one after another") {
  const Recording recording = one_rank(1, {3000, 3000}, 2000);
  const std::vector<Slice> slices = slices_of(recording);
  CHECK(slices[0].from == 0);
  CHECK(slices[1].from == 1000);
  CHECK(slices[1].row == 1);
}

TEST_CASE("a rank's time is executing, idle while tasks waited, and idle without tasks") {
  // Two tasks of 2 us submitted at 0: the rank is idle for 1 us, runs them, and has nothing until 10 us.
  Recording recording = one_rank(1, {3000, 5000}, 2000);
  recording.end = End{.driver_left = 10000, .at = 10000};
  const std::vector<TimeUse> uses = time_uses(recording, slices_of(recording));
  REQUIRE(uses.size() == 1);
  CHECK(uses[0].granted == 10000);
  CHECK(uses[0].executing == 4000);
  CHECK(uses[0].idle_waited_for == 1000);
  CHECK(uses[0].idle_nothing == 5000);
}

TEST_CASE("a task that waits for others does not execute, and a lost rank has no time after its death") {
  Recording recording = one_rank(1, {9000}, 2000);
  recording.pauses.push_back({.task = ObjectId{1}, .from = 4000, .to = 8000});
  recording.end = End{.driver_left = 10000, .at = 10000};
  const std::vector<TimeUse> waited = time_uses(recording, slices_of(recording));
  REQUIRE(waited.size() == 1);
  CHECK(waited[0].executing == 2000);
  CHECK(waited[0].executing + waited[0].idle_nothing + waited[0].idle_waited_for == 10000);
  recording.lost.push_back({9500, Rank{1}});
  CHECK(time_uses(recording, slices_of(recording))[0].granted == 9500);
}

}  // namespace
}  // namespace rankine::trace
