// SPDX-License-Identifier: Apache-2.0
// The ring of one sender at one receiver: records, their layout in laps, credit. Pure code over bytes and
// positions; it never touches another rank's memory and knows no flags.
//
// A position counts the bytes of all laps since the start; its place in the ring is position mod ring_bytes.
// A record is an 8-byte header and its payload, padded to 8 bytes, and never crosses the ring's end: where it
// would, a wrap record stands instead and the rest of the lap is skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>

#include <rankine/core/ids.hpp>

namespace rankine::transport {

enum class RecordKind : std::uint8_t {
  kMessage = 0,
  kWrap = 1,         ///< the lap ends here
  kRelayed = 2,      ///< an Envelope, then a message, on its way through the head
  kRelayCredit = 3,  ///< a 64-bit count of relayed bytes that the head has passed on
};

/// First 8 bytes of a record.
struct RecordHeader {
  std::uint32_t kind_and_bytes;  ///< kind in the top 4 bits, payload length below
  std::uint32_t sequence;        ///< records of this ring before this one, modulo 2^32

  static constexpr std::uint32_t kBytesMask = (1u << 28) - 1;
  RecordKind kind() const { return static_cast<RecordKind>(kind_and_bytes >> 28); }
  std::size_t bytes() const { return kind_and_bytes & kBytesMask; }
};
static_assert(sizeof(RecordHeader) == 8);

/// Who a relayed message is from and for.
struct Envelope {
  std::int32_t origin;
  std::int32_t destination;
};
static_assert(sizeof(Envelope) == 8);

constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 7) & ~std::size_t{7};
}
constexpr std::size_t record_bytes(std::size_t payload_bytes) {
  return sizeof(RecordHeader) + padded(payload_bytes);
}

/// The sender's side: records in the order of the ring, kept locally until they are handed out to be put.
class OutgoingRing {
 public:
  explicit OutgoingRing(std::size_t ring_bytes = 0) : ring_bytes_(ring_bytes) {}

  /// Adds a record and returns its payload (8-byte aligned, valid until the next call).
  std::span<std::byte> append(RecordKind kind, std::size_t payload_bytes);

  /// Whole records that lie together in the ring.
  struct Extent {
    std::size_t ring_offset = 0;
    std::span<const std::byte> bytes;  ///< valid until the next append()
  };
  /// Takes the longest extent that fits into what the receiver has consumed (`credit`, a position) and,
  /// unless it is one record, takes at most `bytes_max` of the ring; empty if none. Afterwards position() is
  /// the tail that makes it visible.
  Extent take_extent(std::uint64_t credit, std::size_t bytes_max = std::numeric_limits<std::size_t>::max());

  /// One record apart from its place in the ring.
  struct Record {
    RecordKind kind = RecordKind::kMessage;
    std::span<const std::byte> payload;  ///< valid until the next append() to this ring
  };
  /// The next record that is not a wrap, without taking it. False if there is none.
  bool peek(Record& record);
  /// Takes the record that peek() showed.
  void pop();

  bool empty() const { return begin_ == end_; }
  std::size_t queued_bytes() const { return end_ - begin_; }
  std::uint64_t position() const { return taken_; }
  /// Gives memory beyond `keep_bytes` back if the queue is empty.
  void trim(std::size_t keep_bytes);

 private:
  std::byte* grow(std::size_t bytes);
  void write_header(std::byte* at, RecordKind kind, std::size_t payload_bytes);
  RecordHeader header_at(std::size_t at) const {
    RecordHeader header;
    std::memcpy(&header, queue_.get() + at, sizeof header);
    return header;
  }

  struct Release {
    void operator()(std::byte* bytes) const;
  };
  std::size_t ring_bytes_ = 0;
  std::unique_ptr<std::byte[], Release> queue_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  ///< in queue_: records from here on are not taken yet
  std::size_t end_ = 0;
  std::uint64_t appended_ = 0;  ///< ring position after the last record
  std::uint64_t taken_ = 0;     ///< ring position after the last record taken
  std::uint32_t sequence_ = 0;
};

/// A record seen at the receiver.
struct ArrivedRecord {
  RecordKind kind;
  std::span<const std::byte> payload;
  std::uint64_t next;  ///< position after it
};

[[noreturn]] void fail_record(std::uint64_t position, std::uint64_t tail, std::uint32_t sequence,
                              RecordHeader found, Rank source);

/// Reads the record `at`, whose position is `position` < `tail`, which came from `source`. Aborts with a
/// sentence when the bytes are not what the sender can have written (a wrong sequence number or length).
inline ArrivedRecord read_record_at(const std::byte* at, std::size_t ring_bytes, std::uint64_t position,
                                    std::uint64_t tail, std::uint32_t sequence, Rank source) {
  const std::size_t place = position & (ring_bytes - 1);
  RecordHeader header;
  std::memcpy(&header, at, sizeof header);
  const RecordKind kind = header.kind();
  const std::size_t bytes = header.bytes();
  const std::uint64_t next =
      kind == RecordKind::kWrap ? position - place + ring_bytes : position + record_bytes(bytes);
  if (header.sequence != sequence || next > tail || place + record_bytes(bytes) > ring_bytes) [[unlikely]] {
    fail_record(position, tail, sequence, header, source);
  }
  return {kind, {at + sizeof header, bytes}, next};
}

/// The same for a record in its place in `ring`.
inline ArrivedRecord read_record(const std::byte* ring, std::size_t ring_bytes, std::uint64_t position,
                                 std::uint64_t tail, std::uint32_t sequence, Rank source) {
  return read_record_at(ring + (position & (ring_bytes - 1)), ring_bytes, position, tail, sequence, source);
}

}  // namespace rankine::transport
