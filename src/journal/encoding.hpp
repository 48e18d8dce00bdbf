// SPDX-License-Identifier: Apache-2.0
// Numbers, texts and bytes as a payload has them: a number is a varint, seven bits a byte, the lowest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rankine::journal {

class Encoder {
 public:
  explicit Encoder(std::vector<std::byte>& into) : into_(into) {}

  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) into_.push_back(static_cast<std::byte>(value | 0x80));
    into_.push_back(static_cast<std::byte>(value));
  }
  /// Small whether it is positive or negative.
  void difference(std::int64_t value) {
    number(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void word(std::uint64_t value) { raw(&value, sizeof value); }
  void bytes(std::span<const std::byte> bytes) {
    number(bytes.size());
    raw(bytes.data(), bytes.size());
  }
  void text(std::string_view text) { bytes(std::as_bytes(std::span(text.data(), text.size()))); }

 private:
  void raw(const void* from, std::size_t count) {
    const auto* first = static_cast<const std::byte*>(from);
    into_.insert(into_.end(), first, first + count);
  }
  std::vector<std::byte>& into_;
};

/// After a failure everything reads as zero and good() is false.
class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> from) : from_(from) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (from_.empty()) break;
      const auto byte = static_cast<std::uint64_t>(from_.front());
      from_ = from_.subspan(1);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    good_ = false;
    return 0;
  }
  std::int64_t difference() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
  }
  std::uint32_t small() {
    const std::uint64_t value = number();
    if (value > 0xffffffff) good_ = false;
    return static_cast<std::uint32_t>(value);
  }
  std::uint64_t word() {
    std::uint64_t value = 0;
    const std::span<const std::byte> bytes = take(sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::span<const std::byte> bytes() { return take(number()); }
  std::string text() {
    const std::span<const std::byte> b = bytes();
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }
  std::size_t left() const { return from_.size(); }
  bool failed() const { return !good_; }
  void refuse() { good_ = false; }
  /// All was read and nothing was missing.
  bool good() const { return good_ && from_.empty(); }

 private:
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > from_.size() || !good_) {
      good_ = false;
      return {};
    }
    const std::span<const std::byte> taken = from_.first(count);
    from_ = from_.subspan(count);
    return taken;
  }
  std::span<const std::byte> from_;
  bool good_ = true;
};

}  // namespace rankine::journal
