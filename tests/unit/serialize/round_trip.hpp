// SPDX-License-Identifier: Apache-2.0
// Packs a value into exactly packed_bytes and unpacks it again; every test of a codec goes through it.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <rankine/serialize/serialize.hpp>
#include "catch.hpp"
#include "thrown.hpp"

namespace rankine_test {

template <class T>
std::vector<std::byte> packed(const T& value) {
  std::vector<std::byte> bytes(rankine::packed_bytes(value), std::byte{0xee});
  rankine::Writer writer(bytes);
  rankine::pack(writer, value);
  REQUIRE(writer.written() == bytes.size());
  REQUIRE(bytes.size() >= rankine::detail::min_bytes<T>());
  return bytes;
}

template <class T>
T round_trip(const T& value) {
  const std::vector<std::byte> bytes = packed(value);
  rankine::Reader reader(bytes);
  T back = rankine::unpack<T>(reader);
  REQUIRE(reader.left() == 0);
  return back;
}

/// The bytes at an address that is a multiple of 64, as the store keeps them.
struct AlignedBytes {
  explicit AlignedBytes(const std::vector<std::byte>& from)
      : memory(static_cast<std::byte*>(::operator new (from.size() + 1, std::align_val_t{64})),
               [](std::byte* p) { ::operator delete (p, std::align_val_t{64}); }),
        size(from.size()) {
    std::memcpy(memory.get(), from.data(), size);
  }
  std::span<const std::byte> span() const { return {memory.get(), size}; }
  std::shared_ptr<std::byte> memory;
  std::size_t size;
};

}  // namespace rankine_test
