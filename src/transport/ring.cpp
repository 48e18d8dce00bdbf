// SPDX-License-Identifier: Apache-2.0
#include "transport/ring.hpp"

#include <algorithm>
#include <new>
#include <string>

#include <rankine/core/check.hpp>

namespace rankine::transport {
namespace {

constexpr std::align_val_t kQueueAlignment{64};
constexpr std::size_t kQueueBytesMin = 4096;

}  // namespace

void OutgoingRing::Release::operator()(std::byte* bytes) const {
  ::operator delete[](bytes, kQueueAlignment);
}

std::byte* OutgoingRing::grow(std::size_t bytes) {
  if (end_ + bytes > capacity_) {
    const std::size_t queued = end_ - begin_;
    if (queued + bytes <= capacity_ / 2) {
      std::memmove(queue_.get(), queue_.get() + begin_, queued);
    } else {
      const std::size_t capacity = std::max({kQueueBytesMin, 2 * capacity_, 2 * (queued + bytes)});
      std::unique_ptr<std::byte[], Release> queue(new (kQueueAlignment) std::byte[capacity]);
      if (queued > 0) std::memcpy(queue.get(), queue_.get() + begin_, queued);
      queue_ = std::move(queue);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = queued;
  }
  std::byte* at = queue_.get() + end_;
  end_ += bytes;
  return at;
}

void OutgoingRing::write_header(std::byte* at, RecordKind kind, std::size_t payload_bytes) {
  const RecordHeader header{
      static_cast<std::uint32_t>(kind) << 28 | static_cast<std::uint32_t>(payload_bytes), sequence_++};
  std::memcpy(at, &header, sizeof header);
}

std::span<std::byte> OutgoingRing::append(RecordKind kind, std::size_t payload_bytes) {
  const std::size_t bytes = record_bytes(payload_bytes);
  const std::size_t left = ring_bytes_ - (appended_ & (ring_bytes_ - 1));
  if (bytes > left) {  // left >= 8: positions are multiples of 8, so a wrap record always fits
    write_header(grow(sizeof(RecordHeader)), RecordKind::kWrap, 0);
    appended_ += left;
  }
  std::byte* at = grow(bytes);
  write_header(at, kind, payload_bytes);
  appended_ += bytes;
  // The padding travels too: never send what the heap held before.
  if ((payload_bytes & 7) != 0) std::memset(at + bytes - 8, 0, 8);
  return {at + sizeof(RecordHeader), payload_bytes};
}

OutgoingRing::Extent OutgoingRing::take_extent(std::uint64_t credit, std::size_t bytes_max) {
  const std::uint64_t limit = credit + ring_bytes_;
  const std::size_t place = taken_ & (ring_bytes_ - 1);
  const std::uint64_t lap_end = taken_ - place + ring_bytes_;
  // Everything fits and stays in this lap: no need to look at the records one by one.
  if (appended_ <= limit && appended_ <= lap_end && appended_ - taken_ == end_ - begin_ &&
      end_ - begin_ <= bytes_max) {
    const Extent extent{place, {queue_.get() + begin_, end_ - begin_}};
    taken_ = appended_;
    begin_ = end_ = 0;
    return extent;
  }
  std::size_t at = begin_;
  std::uint64_t position = taken_;
  while (at < end_ && position < lap_end) {
    const RecordHeader header = header_at(at);
    const std::size_t bytes = record_bytes(header.bytes());
    const std::uint64_t next = header.kind() == RecordKind::kWrap ? lap_end : position + bytes;
    if (next > limit || (at != begin_ && next - taken_ > bytes_max)) break;
    at += bytes;
    position = next;
  }
  const Extent extent{place, {queue_.get() + begin_, at - begin_}};
  taken_ = position;
  begin_ = at;
  if (begin_ == end_) begin_ = end_ = 0;
  return extent;
}

bool OutgoingRing::peek(Record& record) {
  while (begin_ < end_) {
    const RecordHeader header = header_at(begin_);
    if (header.kind() != RecordKind::kWrap) {
      record = {header.kind(), {queue_.get() + begin_ + sizeof header, header.bytes()}};
      return true;
    }
    begin_ += sizeof(RecordHeader);
    taken_ += ring_bytes_ - (taken_ & (ring_bytes_ - 1));
  }
  begin_ = end_ = 0;
  return false;
}

void OutgoingRing::pop() {
  const std::size_t bytes = record_bytes(header_at(begin_).bytes());
  begin_ += bytes;
  taken_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

void OutgoingRing::trim(std::size_t keep_bytes) {
  if (!empty() || capacity_ <= keep_bytes) return;
  queue_.reset();
  capacity_ = begin_ = end_ = 0;
}

void fail_record(std::uint64_t position, std::uint64_t tail, std::uint32_t sequence, RecordHeader found,
                 Rank source) {
  fail_check("the ring of rank " + std::to_string(index(source)) + " holds no record number " +
             std::to_string(sequence) + " at position " + std::to_string(position) + " (tail " +
             std::to_string(tail) + "), found kind " + std::to_string(static_cast<int>(found.kind())) + ", " +
             std::to_string(found.bytes()) + " bytes, number " + std::to_string(found.sequence) +
             ": its memory was overwritten, or puts were not ordered before flags");
}

}  // namespace rankine::transport
