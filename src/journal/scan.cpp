// SPDX-License-Identifier: Apache-2.0
#include "journal/scan.hpp"

#include <algorithm>
#include <cstring>

#include "journal/checksum.hpp"

namespace rankine::journal {

namespace {

constexpr std::uint64_t kWindow = std::uint64_t{1} << 20;

}  // namespace

ReadAt read_from(std::span<const std::byte> bytes) {
  return [bytes](std::uint64_t offset, std::span<std::byte> into) {
    if (offset >= bytes.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(into.size(), bytes.size() - offset);
    if (count > 0) std::memcpy(into.data(), bytes.data() + offset, count);
    return count;
  };
}

Scanner::Scanner(ReadAt read, std::uint64_t bytes) : read_(std::move(read)), bytes_(bytes) {}

/// Fewer than `count` only where the journal has ended (or was cut off meanwhile).
std::span<const std::byte> Scanner::bytes_at(std::uint64_t offset, std::uint64_t count) {
  count = std::min(count, bytes_ - std::min(bytes_, offset));
  const bool inside =
      offset >= window_offset_ && offset + count <= window_offset_ + window_.size() && !window_.empty();
  if (!inside) {
    window_.resize(std::min(std::max(count, kWindow), bytes_ - std::min(bytes_, offset)));
    window_offset_ = offset;
    window_.resize(read_(offset, window_));
    count = std::min<std::uint64_t>(count, window_.size());
  }
  return std::span<const std::byte>(window_).subspan(offset - window_offset_, count);
}

std::optional<Scanner::Item> Scanner::end(Ending ending, std::string trouble) {
  ended_ = true;
  ending_ = ending;
  trouble_ = std::move(trouble);
  return std::nullopt;
}

/// A file system that lost power leaves zeros where data was not written yet.
bool Scanner::only_zeros_left() {
  for (std::uint64_t offset = at_; offset < bytes_;) {
    const std::span<const std::byte> some = bytes_at(offset, kWindow);
    if (some.empty()) break;
    if (std::any_of(some.begin(), some.end(), [](std::byte b) { return b != std::byte{0}; })) return false;
    offset += some.size();
  }
  return true;
}

std::optional<Scanner::Item> Scanner::next() {
  if (ended_) return std::nullopt;
  if (at_ == 0) {
    const std::span<const std::byte> magic = bytes_at(0, sizeof kMagic);
    if (magic.size() < sizeof kMagic || std::memcmp(magic.data(), kMagic, sizeof kMagic) != 0)
      return end(Ending::foreign, "it does not begin as a journal does");
    at_ = sizeof kMagic;
  }
  const std::span<const std::byte> header = bytes_at(at_, kFrameBytes);
  if (header.empty()) return end(Ending::complete, {});
  if (header.size() < kFrameBytes) return end(Ending::torn, "the head of its last record is cut off");
  std::uint32_t length, checksum;
  std::uint16_t kind, check;
  std::memcpy(&length, header.data(), 4);
  std::memcpy(&kind, header.data() + 4, 2);
  std::memcpy(&check, header.data() + 6, 2);
  std::memcpy(&checksum, header.data() + 8, 4);
  if (static_cast<std::uint16_t>(crc32c(header.first(6))) != check) {
    if (only_zeros_left()) return end(Ending::torn, "its end was never written");
    return end(Ending::damaged, "the head of a record is damaged");
  }
  const std::span<const std::byte> payload = bytes_at(at_ + kFrameBytes, length);
  if (payload.size() < length) return end(Ending::torn, "its last record is cut off");
  const bool last = at_ + kFrameBytes + length == bytes_;
  if (crc32c(payload) != checksum) {
    if (last) return end(Ending::torn, "its last record was not written to its end");
    return end(Ending::damaged, "a record of " + std::to_string(length) + " bytes is damaged");
  }
  std::optional<Record> record = decode(kind, payload);
  const bool is_program = record && std::holds_alternative<Program>(*record);
  if (is_program != (at_ == sizeof kMagic)) record.reset();
  if (!record) return end(Ending::damaged, "a record of kind " + std::to_string(kind) + " makes no sense");
  Item item{std::move(*record), at_, kFrameBytes + std::uint64_t{length}};
  at_ += item.bytes;
  return item;
}

}  // namespace rankine::journal
