// SPDX-License-Identifier: Apache-2.0
#include "trace/chrome.hpp"

#include <cstdio>

#include "trace/slices.hpp"

namespace rankine::trace {

namespace {

/// Within quotes.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// Microseconds, with nanoseconds behind the point.
std::string microseconds(Nanoseconds at) {
  char text[40];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(at) * 1e-3);
  return text;
}

class Events {
 public:
  explicit Events(std::ostream& to) : to_(to) { to_ << "{\"displayTimeUnit\":\"ms\",\"traceEvents\":["; }
  ~Events() { to_ << "\n]}\n"; }

  void name(int pid, const std::string& name) {
    begin() << R"("ph":"M","name":"process_name","pid":)" << pid << R"(,"args":{"name":)" << quoted(name)
            << "}}";
  }
  void slice(int pid, std::size_t tid, const std::string& name, Nanoseconds from, Nanoseconds length,
             const std::string& arguments) {
    begin() << R"("ph":"X","name":)" << quoted(name) << ",\"pid\":" << pid << ",\"tid\":" << tid
            << ",\"ts\":" << microseconds(from) << ",\"dur\":" << microseconds(length) << ",\"args\":{"
            << arguments << "}}";
  }
  void instant(int pid, const std::string& name, Nanoseconds at) {
    begin() << R"("ph":"i","s":"p","name":)" << quoted(name) << ",\"pid\":" << pid
            << ",\"tid\":0,\"ts\":" << microseconds(at) << "}";
  }
  void counter(const std::string& name, Nanoseconds at, std::int64_t value) {
    begin() << R"("ph":"C","name":)" << quoted(name) << ",\"pid\":0,\"ts\":" << microseconds(at)
            << ",\"args\":{\"tasks\":" << value << "}}";
  }

 private:
  std::ostream& begin() {
    to_ << (first_ ? "\n{" : ",\n{");
    first_ = false;
    return to_;
  }
  std::ostream& to_;
  bool first_ = true;
};

void write_slices(const Recording& recording, Events& events) {
  for (const Slice& slice : slices_of(recording)) {
    const Piece& piece = *slice.piece;
    const Submission* owner = slice.owner;
    const std::string name = owner != nullptr ? recording.classes[owner->task_class].options.name : "task";
    std::string arguments =
        "\"task\":" + std::to_string(number(piece.first)) + ",\"elements\":" + std::to_string(piece.count) +
        ",\"busy_us\":" + microseconds(piece.busy) + ",\"result_bytes\":" + std::to_string(piece.bytes);
    if (piece.attempt > 1) arguments += ",\"attempt\":" + std::to_string(piece.attempt);
    if (piece.failed > 0) arguments += ",\"failed\":" + std::to_string(piece.failed);
    if (owner != nullptr) arguments += ",\"submitted_us\":" + microseconds(owner->at);
    events.slice(index(piece.worker), slice.row, name, slice.from, slice.to - slice.from, arguments);
  }
}

/// A point whenever a thousandth of all tasks came or went.
void write_pending(const Recording& recording, Events& events) {
  std::uint64_t tasks = 0;
  for (const Submission& submission : recording.submissions) tasks += submission.count;
  const std::int64_t step = static_cast<std::int64_t>(tasks / 1000 + 1);
  std::size_t next = 0;
  std::int64_t pending = 0;
  std::int64_t said = -step;
  const auto say = [&](Nanoseconds at) {
    if (std::abs(pending - said) < step) return;
    said = pending;
    events.counter("pending", at, pending);
  };
  for (const Piece& piece : recording.pieces) {
    for (; next < recording.submissions.size() && recording.submissions[next].at <= piece.at; ++next) {
      pending += recording.submissions[next].count;
      say(recording.submissions[next].at);
    }
    pending -= piece.count;
    say(piece.at);
  }
}

}  // namespace

void write_chrome(const Recording& recording, std::ostream& to) {
  Events events(to);
  events.name(0, "rank 0: driver and scheduler");
  for (const Worker& worker : recording.workers) {
    if (worker.rank == kHead) continue;
    events.name(index(worker.rank), "rank " + std::to_string(index(worker.rank)) + " on node " +
                                        std::to_string(index(worker.node)));
  }
  for (const WorkerLost& lost : recording.lost) events.instant(index(lost.rank), "lost", lost.at);
  for (const Recording::Wait& wait : recording.waits) {
    events.slice(0, 1000, "the driver waits", wait.waited.at - wait.waited.length, wait.waited.length, "");
  }
  write_slices(recording, events);
  write_pending(recording, events);
}

}  // namespace rankine::trace
