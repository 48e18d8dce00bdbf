// SPDX-License-Identifier: Apache-2.0
#include "trace/chrome.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <unordered_map>

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

/// On which row of its rank a slice is drawn, so that none lies upon another.
class Rows {
 public:
  std::size_t row(Rank rank, Nanoseconds from, Nanoseconds to) {
    std::vector<Nanoseconds>& ends = ends_[rank];
    std::size_t row = 0;
    while (row < ends.size() && ends[row] > from) ++row;
    if (row == ends.size()) ends.push_back(0);
    ends[row] = to;
    return row;
  }

 private:
  std::map<Rank, std::vector<Nanoseconds>> ends_;
};

struct Slice {
  Nanoseconds from = 0;
  Nanoseconds to = 0;
  const Piece* piece = nullptr;
};

/// Which submission a piece is of.
class Owners {
 public:
  explicit Owners(const Recording& recording) {
    for (const Submission& submission : recording.submissions)
      if (!submission.range)
        singles_[number(submission.first)] = &submission;
      else
        ranges_[number(submission.first)] = &submission;
  }
  const Submission* of(TaskId id) const {
    if (const auto single = singles_.find(number(id)); single != singles_.end()) return single->second;
    const auto after = ranges_.upper_bound(number(id));
    if (after == ranges_.begin()) return nullptr;
    const Submission* range = std::prev(after)->second;
    return number(id) - number(range->first) < range->count ? range : nullptr;
  }

 private:
  std::unordered_map<std::uint64_t, const Submission*> singles_;
  std::map<std::uint64_t, const Submission*> ranges_;
};

/// A piece that waited for others was there from before its wait.
std::vector<Slice> slices_of(const Recording& recording) {
  std::unordered_map<std::uint64_t, Nanoseconds> paused;
  for (const Recording::Pause& pause : recording.pauses) paused[number(pause.task)] += pause.to - pause.from;
  std::vector<Slice> slices;
  for (const Piece& piece : recording.pieces) {
    const auto found = paused.find(number(piece.first));
    const Nanoseconds length = piece.busy + (found == paused.end() ? 0 : found->second);
    slices.push_back({std::max<Nanoseconds>(0, piece.at - length), piece.at, &piece});
  }
  std::stable_sort(slices.begin(), slices.end(),
                   [](const Slice& a, const Slice& b) { return a.from < b.from; });
  return slices;
}

void write_slices(const Recording& recording, Events& events) {
  const Owners owners(recording);
  Rows rows;
  for (const Slice& slice : slices_of(recording)) {
    const Piece& piece = *slice.piece;
    const Submission* owner = owners.of(piece.first);
    const std::string name = owner != nullptr ? recording.classes[owner->task_class].options.name : "task";
    std::string arguments =
        "\"task\":" + std::to_string(number(piece.first)) + ",\"elements\":" + std::to_string(piece.count) +
        ",\"busy_us\":" + microseconds(piece.busy) + ",\"result_bytes\":" + std::to_string(piece.bytes);
    if (piece.attempt > 1) arguments += ",\"attempt\":" + std::to_string(piece.attempt);
    if (piece.failed > 0) arguments += ",\"failed\":" + std::to_string(piece.failed);
    if (owner != nullptr) arguments += ",\"submitted_us\":" + microseconds(owner->at);
    events.slice(index(piece.worker), rows.row(piece.worker, slice.from, slice.to), name, slice.from,
                 slice.to - slice.from, arguments);
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
