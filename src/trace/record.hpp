// SPDX-License-Identifier: Apache-2.0
// What a trace says, record by record. A trace is a magic, then frames as a journal has them, each a block of
// records that is read without those before it:
//
//   length of the payload (u32) | kind (u16) | check of these six bytes (u16) | CRC-32C of the payload (u32)
//   | payload: records, each a tag and varints
//
// Times are nanoseconds since the run began, as the head saw it; a record gives the difference to the one
// before it, ids likewise. A map is one Submission and a Piece for each part of it that ran.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>

#include "journal/encoding.hpp"
#include "scheduler/types.hpp"

namespace rankine::trace {

inline constexpr std::uint32_t kFormat = 1;
inline constexpr char kMagic[8] = {'R', 'K', 'T', 'R', 'A', 'C', 'E', '\n'};

/// The first record.
struct Begin {
  std::uint32_t format = kFormat;
  std::string program;
  std::uint32_t ranks = 0;
  std::uint32_t nodes = 0;
  std::uint32_t piece_max = 1;  ///< elements of a map that may travel together
  std::int64_t unix_ns = 0;
};

/// Before the first submission of the class. The function's number is left out: it means nothing outside.
struct Class {
  std::uint32_t number = 0;
  scheduler::TaskClass options;
};

struct Worker {
  Rank rank{};
  NodeId node{};
  scheduler::Resources resources;
};
struct WorkerLost {
  Nanoseconds at = 0;
  Rank rank{};
};

struct Submission {
  Nanoseconds at = 0;
  TaskId first{};
  std::uint32_t count = 1;
  std::uint32_t task_class = 0;
  bool range = false;
  std::uint32_t gang_ranks = 0;  ///< 0: no gang
  Rank submitter{};
  TaskId parent{};
  std::uint64_t argument_bytes = 0;
  std::uint64_t key = 0;  ///< the user's; 0: none, or what has no place in a journal
  std::vector<ObjectId> dependencies;
};

/// A task, or consecutive elements of a map, that ended on a worker.
struct Piece {
  Nanoseconds at = 0;    ///< the head heard of it
  Nanoseconds busy = 0;  ///< time on the CPU, of all elements together
  TaskId first{};
  std::uint32_t count = 1;
  Rank worker{};
  std::uint16_t attempt = 1;
  std::uint32_t failed = 0;  ///< elements that threw
  std::uint64_t bytes = 0;   ///< of the results
};

/// A task waits for others and holds no resources meanwhile.
struct Blocked {
  Nanoseconds at = 0;
  TaskId task{};
};
struct Unblocked {
  Nanoseconds at = 0;
  TaskId task{};
};

/// The driver waited until `at`: for [first, first + count), or, first being kNoObject, for some of many.
struct Waited {
  Nanoseconds at = 0;
  Nanoseconds length = 0;
  ObjectId first{};
  std::uint32_t count = 1;
};

/// The last record of a run that came to its end.
struct End {
  Nanoseconds driver_left = 0;  ///< the driver returned
  Nanoseconds at = 0;           ///< all tasks had ended
  std::uint64_t left_out = 0;   ///< records that the disk was too slow for, or beyond the size that is kept
};

/// Somebody asked for the end of [first, first + count).
struct Cancelled {
  Nanoseconds at = 0;
  TaskId first{};
  std::uint32_t count = 1;
};

/// Of the objects on rank 0's node: those of `bytes` are there now, the other counts are of all so far.
struct Memory {
  Nanoseconds at = 0;
  std::uint64_t capacity_bytes = 0;
  std::uint64_t used_bytes = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t spilled_bytes = 0;
  std::uint64_t restored_objects = 0;
  std::uint64_t pulled_bytes = 0;  ///< copied here from other nodes
};

/// What a task threw, in words. Of the first failures only: their number and length are limited.
struct Failed {
  Nanoseconds at = 0;
  TaskId task{};
  std::string words;
};

/// New ones at the end: the place is the tag.
using Record = std::variant<Begin, Class, Worker, WorkerLost, Submission, Piece, Blocked, Unblocked, Waited,
                            End, Cancelled, Memory, Failed>;

/// Writes the records of a block.
class BlockEncoder {
 public:
  explicit BlockEncoder(std::vector<std::byte>& into) : to_(into) {}

  void put(const Begin& begin);
  void put(const Class& task_class);
  void put(const Worker& worker);
  void put(const WorkerLost& lost);
  void put(const Submission& submission);
  void put(const Piece& piece);
  void put(const Blocked& blocked);
  void put(const Unblocked& unblocked);
  void put(const Waited& waited);
  void put(const End& end);
  void put(const Cancelled& cancelled);
  void put(const Memory& memory);
  void put(const Failed& failed);
  /// From here on as at the beginning of a block.
  void restart();

 private:
  void tag_at(std::uint64_t tag, Nanoseconds at);
  journal::Encoder to_;
  Nanoseconds at_ = 0;
  std::uint64_t submitted_ = 0;  ///< id behind the last submission
  std::uint64_t ended_ = 0;      ///< id behind the last piece
};

/// Reads them again. Trusts no byte.
class BlockDecoder {
 public:
  explicit BlockDecoder(std::span<const std::byte> block) : from_(block) {}

  /// False at the end of the block, and where it makes no sense (then good() is false).
  bool next(Record& record);
  bool good() const { return good_; }

 private:
  void get(Begin& begin);
  void get(Class& task_class);
  void get(Worker& worker);
  void get(WorkerLost& lost);
  void get(Submission& submission);
  void get(Piece& piece);
  void get(Blocked& blocked);
  void get(Unblocked& unblocked);
  void get(Waited& waited);
  void get(End& end);
  void get(Cancelled& cancelled);
  void get(Memory& memory);
  void get(Failed& failed);
  Nanoseconds time() { return at_ += from_.difference(); }

  journal::Decoder from_;
  bool good_ = true;
  Nanoseconds at_ = 0;
  std::uint64_t submitted_ = 0;
  std::uint64_t ended_ = 0;
};

}  // namespace rankine::trace
