// SPDX-License-Identifier: Apache-2.0
// What the ring code needs of a network: writing into another rank's window. Everything above is shared by
// all back ends; this is all that differs between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <rankine/core/ids.hpp>

namespace rankine::transport {

/// A 64-bit word to be stored in the window of `target`.
struct Flag {
  Rank target;
  std::size_t offset;  ///< bytes from the start of the target's window, a multiple of 8
  std::uint64_t value;
};

class Fabric {
 public:
  virtual ~Fabric() = default;

  /// This rank's window, 64-byte aligned; its control words are zero at the start.
  virtual std::byte* memory() = 0;
  /// Starts to copy `bytes` into the window of `target`. They may be changed only after the next publish().
  virtual void put(Rank target, std::size_t offset, std::span<const std::byte> bytes) = 0;
  /// Stores the words, each after all earlier puts to its target; all are visible on return. When some fail,
  /// the others are stored all the same, and then SystemError names a failed one.
  virtual void publish(std::span<const Flag> flags) = 0;
  /// Adds to a word of `target` and returns what it was.
  virtual std::uint64_t fetch_add(Rank target, std::size_t offset, std::uint64_t by) = 0;
  /// Lets operations of ranks on other nodes complete here, where that needs this process.
  virtual void progress() = 0;
};

}  // namespace rankine::transport
