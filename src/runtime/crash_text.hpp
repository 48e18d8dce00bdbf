// SPDX-License-Identifier: Apache-2.0
// Text composed in a fixed buffer without a library call, because a signal handler may make hardly any. What
// does not fit is cut off.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rankine::runtime {

class CrashText {
 public:
  CrashText& add(const char* text) {
    while (*text != '\0' && used_ < buffer_.size()) buffer_[used_++] = *text++;
    return *this;
  }
  CrashText& number(std::int64_t value) {
    if (value < 0) add("-");
    return digits(value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value), 10);
  }
  CrashText& hex(std::uint64_t value) { return add("0x").digits(value, 16); }
  std::string_view view() const { return {buffer_.data(), used_}; }

 private:
  CrashText& digits(std::uint64_t value, std::uint64_t base) {
    std::array<char, 21> text{};
    std::size_t at = text.size() - 1;
    do {
      text[--at] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value > 0);
    return add(&text[at]);
  }

  std::array<char, 4096> buffer_;
  std::size_t used_ = 0;
};

}  // namespace rankine::runtime
