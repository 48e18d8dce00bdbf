// SPDX-License-Identifier: Apache-2.0
// How the store reads the arena of another node, whatever moves the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <rankine/core/ids.hpp>

namespace rankine {

class RemoteReader {
 public:
  virtual ~RemoteReader() = default;
  /// Copies `into.size()` bytes at `offset` of the node's arena; returns when they are there. Throws
  /// SystemError.
  virtual void read(NodeId node, std::uint64_t offset, std::span<std::byte> into) = 0;
};

}  // namespace rankine
