// SPDX-License-Identifier: Apache-2.0
// What packing and unpacking throw, and the cold paths that build the texts; nothing here touches bytes.
#pragma once

#include <cstddef>

#include <rankine/core/error.hpp>

namespace rankine {

/// Packed bytes are truncated, damaged or of another type, or the buffer given to a Writer is too small.
class SerializeError : public Error {
 public:
  using Error::Error;
};

namespace detail {

[[noreturn]] void throw_truncated(std::size_t expected_bytes, std::size_t left_bytes);
[[noreturn]] void throw_no_room(std::size_t asked_bytes, std::size_t left_bytes);
/// A length that the rest of the buffer cannot hold: `count` elements of at least `element_bytes` each.
[[noreturn]] void throw_bad_count(std::size_t count, std::size_t element_bytes, std::size_t left_bytes);
[[noreturn]] void throw_damaged(const char* what);

}  // namespace detail
}  // namespace rankine
