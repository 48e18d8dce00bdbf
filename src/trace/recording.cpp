// SPDX-License-Identifier: Apache-2.0
#include "trace/recording.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <unordered_map>

#include <rankine/core/error.hpp>

#include "journal/checksum.hpp"
#include "journal/file.hpp"
#include "journal/record.hpp"

namespace rankine::trace {

namespace {

constexpr std::uint64_t kClassesMax = 1u << 20;

class Reader {
 public:
  explicit Reader(Recording& into) : into_(into) {}

  /// The records of one block; false where they make no sense.
  bool block(std::span<const std::byte> payload) {
    BlockDecoder from(payload);
    for (Record record; from.next(record);) {
      if (!std::visit([this](auto& r) { return take(r); }, record)) return false;
    }
    return from.good();
  }

 private:
  bool take(Begin& begin) {
    into_.begin = std::move(begin);
    return into_.begin.format == kFormat;
  }
  bool take(Class& task_class) {
    if (task_class.number > kClassesMax) return false;
    if (task_class.number >= into_.classes.size()) into_.classes.resize(task_class.number + 1);
    into_.classes[task_class.number] = std::move(task_class);
    return true;
  }
  bool take(Worker& worker) { return into_.workers.push_back(std::move(worker)), true; }
  bool take(const WorkerLost& lost) { return into_.lost.push_back(lost), true; }
  bool take(Submission& submission) {
    if (submission.task_class >= into_.classes.size()) return false;
    into_.submissions.push_back(std::move(submission));
    return true;
  }
  bool take(const Piece& piece) { return into_.pieces.push_back(piece), true; }
  bool take(const Blocked& blocked) {
    paused_[number(blocked.task)] = into_.pauses.size();
    into_.pauses.push_back({blocked.task, blocked.at, blocked.at, 0, into_.submissions.size()});
    return true;
  }
  bool take(const Unblocked& unblocked) {
    const auto found = paused_.find(number(unblocked.task));
    if (found == paused_.end()) return true;
    Recording::Pause& pause = into_.pauses[found->second];
    pause.to = unblocked.at;
    pause.pieces = into_.pieces.size();
    paused_.erase(found);
    return true;
  }
  bool take(const Waited& waited) {
    into_.waits.push_back({waited, into_.pieces.size(), into_.submissions.size()});
    return true;
  }
  bool take(const End& end) { return into_.end = end, true; }
  bool take(const Cancelled& cancelled) { return into_.cancelled.push_back(cancelled), true; }
  bool take(Failed& failed) { return into_.failures.push_back(std::move(failed)), true; }
  bool take(const Memory& memory) { return into_.memory.push_back(memory), true; }

  Recording& into_;
  std::unordered_map<std::uint64_t, std::size_t> paused_;
};

/// Why the frame at `at` cannot be read; empty: it can, and `length` is that of its payload.
std::string look(std::span<const std::byte> bytes, std::size_t at, std::uint32_t& length) {
  if (bytes.size() - at < journal::kFrameBytes) return "its last block is cut off";
  std::uint16_t check;
  std::uint32_t checksum;
  std::memcpy(&length, bytes.data() + at, 4);
  std::memcpy(&check, bytes.data() + at + 6, 2);
  std::memcpy(&checksum, bytes.data() + at + 8, 4);
  if (static_cast<std::uint16_t>(journal::crc32c(bytes.subspan(at, 6))) != check)
    return "the head of a block is damaged";
  if (bytes.size() - at - journal::kFrameBytes < length) return "its last block is cut off";
  if (journal::crc32c(bytes.subspan(at + journal::kFrameBytes, length)) != checksum)
    return "a block is damaged";
  return {};
}

}  // namespace

Nanoseconds Recording::length() const {
  Nanoseconds last = end ? end->at : 0;
  if (!pieces.empty()) last = std::max(last, pieces.back().at);
  if (!waits.empty()) last = std::max(last, waits.back().waited.at);
  if (!submissions.empty()) last = std::max(last, submissions.back().at);
  return last;
}

Recording read_recording(const std::string& run) {
  std::error_code ignored;
  Recording recording;
  recording.path =
      std::filesystem::is_directory(run, ignored) ? (std::filesystem::path(run) / "trace").string() : run;
  if (!std::filesystem::exists(recording.path, ignored)) {
    throw InputError("rankine: there is no trace " + recording.path +
                     ". Remedy: run the program with a run directory (RANKINE_RUN_DIR=" + run +
                     " mpirun ...), and without RANKINE_TRACE=off");
  }
  const journal::File file(recording.path, journal::File::Access::read, "trace");
  std::vector<std::byte> bytes(file.bytes());
  bytes.resize(file.read(0, bytes));
  recording.bytes = bytes.size();
  if (bytes.size() < sizeof kMagic || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) {
    throw InputError("rankine: " + recording.path +
                     " is no trace: it does not begin as one does. Remedy: name a run directory");
  }
  Reader reader(recording);
  for (std::size_t at = sizeof kMagic; at < bytes.size();) {
    std::uint32_t length = 0;
    recording.trouble = look(bytes, at, length);
    if (!recording.trouble.empty()) break;
    if (!reader.block(std::span(bytes).subspan(at + journal::kFrameBytes, length))) {
      recording.trouble = "a block makes no sense";
      break;
    }
    at += journal::kFrameBytes + length;
  }
  if (recording.trouble.empty() && !recording.end) recording.trouble = "the run did not come to its end";
  return recording;
}

}  // namespace rankine::trace
