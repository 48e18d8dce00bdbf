// SPDX-License-Identifier: Apache-2.0
#include "transport/ring.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <vector>

#include <rankine/core/philox.hpp>

#include "catch.hpp"

namespace rankine::transport {
namespace {

constexpr std::size_t kRingBytes = 1024;

/// A ring at a receiver in plain memory: puts extents, reads records.
class Receiver {
 public:
  explicit Receiver(std::size_t ring_bytes = kRingBytes) : ring_(ring_bytes) {}

  /// Puts all that the credit allows; returns the number of extents.
  int put_from(OutgoingRing& sender) {
    int extents = 0;
    for (;;) {
      const OutgoingRing::Extent extent = sender.take_extent(consumed_);
      if (extent.bytes.empty()) break;
      REQUIRE(extent.ring_offset + extent.bytes.size() <= ring_.size());
      std::copy(extent.bytes.begin(), extent.bytes.end(),
                ring_.begin() + static_cast<std::ptrdiff_t>(extent.ring_offset));
      ++extents;
    }
    tail_ = sender.position();
    REQUIRE(tail_ - consumed_ <= ring_.size());
    return extents;
  }

  /// The next message, or nothing; wraps are skipped.
  bool read(std::vector<std::byte>& message) {
    while (consumed_ < tail_) {
      const ArrivedRecord record =
          read_record(ring_.data(), ring_.size(), consumed_, tail_, sequence_++, Rank{1});
      message.assign(record.payload.begin(), record.payload.end());
      consumed_ = record.next;
      if (record.kind != RecordKind::kWrap) return true;
    }
    return false;
  }
  std::uint64_t tail() const { return tail_; }

 private:
  std::vector<std::byte> ring_;
  std::uint64_t consumed_ = 0;
  std::uint64_t tail_ = 0;
  std::uint32_t sequence_ = 0;
};

std::vector<std::byte> message_of(std::size_t bytes, int mark) {
  std::vector<std::byte> message(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    message[i] = static_cast<std::byte>(i + static_cast<std::size_t>(mark) * 7);
  }
  return message;
}

void append(OutgoingRing& sender, const std::vector<std::byte>& message) {
  const std::span<std::byte> space = sender.append(RecordKind::kMessage, message.size());
  REQUIRE(space.size() == message.size());
  REQUIRE(reinterpret_cast<std::uintptr_t>(space.data()) % 8 == 0);
  std::copy(message.begin(), message.end(), space.begin());
}

TEST_CASE("a batch within a lap is one extent", "[transport]") {
  OutgoingRing sender(kRingBytes);
  Receiver receiver;
  for (int i = 0; i < 5; ++i) append(sender, message_of(20, i));
  REQUIRE(sender.queued_bytes() == 5 * record_bytes(20));
  REQUIRE(receiver.put_from(sender) == 1);
  REQUIRE(sender.empty());
  std::vector<std::byte> message;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(receiver.read(message));
    REQUIRE(message == message_of(20, i));
  }
  REQUIRE_FALSE(receiver.read(message));
}

TEST_CASE("a record never crosses the end of the ring", "[transport]") {
  OutgoingRing sender(kRingBytes);
  Receiver receiver;
  std::vector<std::byte> message;
  append(sender, message_of(240, 1));  // 248 bytes a record: the fifth would end at 1240
  for (int i = 2; i <= 4; ++i) append(sender, message_of(240, i));
  receiver.put_from(sender);
  for (int i = 1; i <= 4; ++i) REQUIRE(receiver.read(message));
  append(sender, message_of(240, 5));
  REQUIRE(receiver.put_from(sender) == 2);  // the wrap record, then the message at the start of the next lap
  REQUIRE(receiver.tail() == kRingBytes + 248);
  REQUIRE(receiver.read(message));
  REQUIRE(message == message_of(240, 5));
}

TEST_CASE("a lap that ends exactly at a record needs no wrap", "[transport]") {
  OutgoingRing sender(kRingBytes);
  Receiver receiver;
  std::vector<std::byte> message;
  for (int lap = 0; lap < 3; ++lap) {
    for (int i = 0; i < 4; ++i) append(sender, message_of(248, i));  // 256 bytes a record
    receiver.put_from(sender);
    REQUIRE(receiver.tail() == static_cast<std::uint64_t>(lap + 1) * kRingBytes);
    for (int i = 0; i < 4; ++i) {
      REQUIRE(receiver.read(message));
      REQUIRE(message == message_of(248, i));
    }
  }
}

TEST_CASE("without credit records wait, in order", "[transport]") {
  OutgoingRing sender(kRingBytes);
  Receiver receiver;
  for (int i = 0; i < 100; ++i) append(sender, message_of(static_cast<std::size_t>(i), i));
  std::vector<std::byte> message;
  int next = 0;
  int rounds = 0;
  while (next < 100) {
    receiver.put_from(sender);
    const int before = next;
    while (receiver.read(message)) {
      REQUIRE(message == message_of(static_cast<std::size_t>(next), next));
      ++next;
    }
    REQUIRE(next > before);
    ++rounds;
  }
  REQUIRE(rounds > 4);
  REQUIRE(sender.empty());
}

TEST_CASE("random lengths, credits and batches arrive unchanged", "[transport]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Philox random(seed, 0);
    OutgoingRing sender(kRingBytes);
    Receiver receiver;
    std::deque<std::vector<std::byte>> expected;
    std::vector<std::byte> message;
    for (int step = 0; step < 2000; ++step) {
      switch (random.below(3)) {
        case 0:
          for (std::uint64_t n = random.below(6); n > 0; --n) {
            expected.push_back(message_of(random.below(kRingBytes / 4 + 1), step));
            append(sender, expected.back());
          }
          break;
        case 1:
          receiver.put_from(sender);
          break;
        default:
          for (std::uint64_t n = random.below(8); n > 0 && receiver.read(message); --n) {
            REQUIRE_FALSE(expected.empty());
            REQUIRE(message == expected.front());
            expected.pop_front();
          }
      }
    }
    do {
      while (receiver.read(message)) {
        REQUIRE(message == expected.front());
        expected.pop_front();
      }
      receiver.put_from(sender);
    } while (!expected.empty());
  }
}

TEST_CASE("records can be taken one by one, wraps left out", "[transport]") {
  OutgoingRing sender(kRingBytes);
  for (int i = 0; i < 20; ++i) append(sender, message_of(200, i));
  OutgoingRing::Record record;
  for (int i = 0; i < 20; ++i) {
    REQUIRE(sender.peek(record));
    REQUIRE(std::ranges::equal(record.payload, message_of(200, i)));
    sender.pop();
  }
  REQUIRE_FALSE(sender.peek(record));
  REQUIRE(sender.empty());
}

TEST_CASE("padding carries no old memory", "[transport]") {
  OutgoingRing sender(kRingBytes);
  append(sender, std::vector<std::byte>(64, std::byte{0xee}));
  REQUIRE(sender.take_extent(0).bytes.size() == 72);
  append(sender, std::vector<std::byte>(1, std::byte{0x11}));  // the same memory again
  const OutgoingRing::Extent extent = sender.take_extent(0);
  REQUIRE(extent.bytes.size() == 16);
  for (std::size_t i = 9; i < 16; ++i) REQUIRE(extent.bytes[i] == std::byte{0});
}

TEST_CASE("an empty queue gives large memory back and goes on", "[transport]") {
  OutgoingRing sender(kRingBytes);
  for (int i = 0; i < 1000; ++i) append(sender, message_of(100, i));
  OutgoingRing::Record record;
  while (sender.peek(record)) sender.pop();
  sender.trim(4096);
  append(sender, message_of(10, 3));
  REQUIRE(sender.peek(record));
  REQUIRE(std::ranges::equal(record.payload, message_of(10, 3)));
}

TEST_CASE("an extent takes no more than asked for, but one record at least", "[transport]") {
  OutgoingRing ring(kRingBytes);
  for (const std::size_t bytes : {24, 24, 24, 200}) ring.append(RecordKind::kMessage, bytes);
  REQUIRE(ring.take_extent(0, 70).bytes.size() == 2 * record_bytes(24));
  REQUIRE(ring.position() == 2 * record_bytes(24));
  REQUIRE(ring.take_extent(0, 70).bytes.size() == record_bytes(24));
  REQUIRE(ring.take_extent(0, 70).bytes.size() == record_bytes(200));
  REQUIRE(ring.take_extent(0, 70).bytes.empty());
}

}  // namespace
}  // namespace rankine::transport
