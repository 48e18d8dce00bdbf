// SPDX-License-Identifier: Apache-2.0
// The layout of packed arguments, written by submit and map, read by the runtime, which cuts pieces out of
// ranges:
//
//   header | ids of future arguments | offsets of elements (ranges of varying size) | common | elements
//
// The header is dependencies and count, 4 bytes each; with dependencies the mask of futures, 8 bytes; of a
// range stride, common_bytes and elements_bytes, 8 bytes each. A million tasks may wait: what a single task
// does not need is not there.
//
// common: the arguments that are values, in order (a range: without the first). Sections begin at multiples
// of 64 bytes, so that arrays in them can be used in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rankine::detail {

struct ArgumentsHeader {
  std::uint64_t future_mask = 0;   ///< bit i: parameter i is a future
  std::uint32_t dependencies = 0;  ///< ids after the header, 8 bytes each
  std::uint32_t count = 0;         ///< elements of a range; 0: a single task
  std::uint64_t stride = 0;        ///< bytes from element to element; 0: offsets are listed
  std::uint64_t common_bytes = 0;  ///< of a single task not written: all that is left
  std::uint64_t elements_bytes = 0;

  /// Of what is written of it.
  constexpr std::size_t bytes() const {
    return 8 + std::size_t{dependencies > 0 ? 8u : 0u} + std::size_t{count > 0 ? 24u : 0u};
  }
};

/// Takes header.bytes() at `into`.
inline void write_header(const ArgumentsHeader& header, std::byte* into) {
  const auto put = [&into](const auto&... values) {
    ((std::memcpy(into, &values, sizeof values), into += sizeof values), ...);
  };
  put(header.dependencies, header.count);
  if (header.dependencies > 0) put(header.future_mask);
  if (header.count > 0) put(header.stride, header.common_bytes, header.elements_bytes);
}

constexpr std::size_t align_up(std::size_t at, std::size_t alignment) {
  return (at + alignment - 1) & ~(alignment - 1);
}

/// What is not longer follows at once, what is longer is aligned.
inline constexpr std::size_t kPackedMost = 32;

/// Byte positions of the sections, from the header alone.
struct ArgumentsLayout {
  std::size_t ids = 0;
  std::size_t offsets = 0;
  std::size_t common = 0;
  std::size_t elements = 0;
  std::size_t total = 0;

  constexpr explicit ArgumentsLayout(const ArgumentsHeader& header) : ids(header.bytes()) {
    offsets = ids + std::size_t{8} * header.dependencies;
    const std::size_t listed = header.count > 0 && header.stride == 0 ? std::size_t{header.count} + 1 : 0;
    common = offsets + 8 * listed;
    if (header.common_bytes > kPackedMost) common = align_up(common, 64);
    elements = common + header.common_bytes;
    if (header.count > 0) elements = align_up(elements, 64);
    total = elements + header.elements_bytes;
  }
};

}  // namespace rankine::detail
