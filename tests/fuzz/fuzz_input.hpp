// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share. Bytes that are refused with an Error are as good as bytes that are understood;
// anything else, other exceptions included, is a finding.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include <rankine/core/error.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace rankine_fuzz {

/// Takes numbers off the front of the input; zeros when it is used up.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(std::as_bytes(std::span(data, size))) {}

  template <class T>
  T number() {
    T value{};
    const std::size_t count = std::min(sizeof value, rest_.size());
    std::memcpy(&value, rest_.data(), count);
    rest_ = rest_.subspan(count);
    return value;
  }
  /// An exact copy of what is left: a read beyond its end is seen by AddressSanitizer.
  std::vector<std::byte> bytes() const { return {rest_.begin(), rest_.end()}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(rest_.data()), rest_.size()}; }

 private:
  std::span<const std::byte> rest_;
};

template <class Attempt>
void may_be_refused(Attempt&& attempt) {
  try {
    attempt();
  } catch (const rankine::Error&) {
  }
}

}  // namespace rankine_fuzz
