// SPDX-License-Identifier: Apache-2.0
// The texts of serialisation errors, out of line so that packing stays a few stores; never called on a good
// path.
#include <rankine/serialize/error.hpp>

#include <string>

namespace rankine::detail {

void throw_truncated(std::size_t expected_bytes, std::size_t left_bytes) {
  throw SerializeError("packed value is truncated: expected " + std::to_string(expected_bytes) +
                       " more bytes, " + std::to_string(left_bytes) + " are left");
}

void throw_no_room(std::size_t asked_bytes, std::size_t left_bytes) {
  throw SerializeError("buffer too small to pack into: " + std::to_string(asked_bytes) + " bytes asked, " +
                       std::to_string(left_bytes) +
                       " are left (was the value changed between sizing and packing?)");
}

void throw_bad_count(std::size_t count, std::size_t element_bytes, std::size_t left_bytes) {
  throw SerializeError("packed value is truncated or damaged: expected " + std::to_string(count) +
                       " elements of at least " + std::to_string(element_bytes) + " bytes, " +
                       std::to_string(left_bytes) + " bytes are left");
}

void throw_damaged(const char* what) {
  throw SerializeError(std::string("packed value is damaged: ") + what);
}

}  // namespace rankine::detail
