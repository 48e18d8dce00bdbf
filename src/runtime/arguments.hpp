// SPDX-License-Identifier: Apache-2.0
// Packed arguments (detail/arguments.hpp) as the runtime sees them: cut a piece out of a range at the head,
// read a piece on the worker, wherever the bytes are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/runtime/arguments.hpp>

#include "runtime/blob.hpp"

namespace rankine::runtime {

/// Size of, and then the bytes of, elements [element, element + count) of inline range arguments as arguments
/// of their own.
std::size_t cut_bytes(std::span<const std::byte> arguments, std::uint32_t element, std::uint32_t count);
void cut(std::span<const std::byte> arguments, std::uint32_t element, std::uint32_t count, std::byte* into);

/// The arguments fetched last from another node, whole: the pieces of a range share them.
class ArgumentsCache {
 public:
  /// `key` is the submission's: memory at the same place may hold other arguments later.
  std::shared_ptr<const std::byte[]> fetch(const Location& place, TaskKey key, Store& store);

 private:
  Location place_;
  TaskKey key_{};
  std::shared_ptr<const std::byte[]> bytes_;
};

/// The parts of a piece's arguments, in memory of this process.
class ArgumentsView {
 public:
  /// `element` is the position of the piece within `blob` (0 if it was cut out). Bytes on another node are
  /// fetched, only those needed. The blob must outlive the view.
  void open(const Blob& blob, Store& store, ArgumentsCache& cache, TaskKey key, bool range,
            std::uint32_t element, std::uint32_t count);
  void close();

  std::uint64_t future_mask() const { return header_.future_mask; }
  std::span<const std::byte> common() const { return common_; }
  /// Element i of the piece.
  std::span<const std::byte> element(std::uint32_t i) const;
  /// Keeps shared memory of this node readable in place; empty for inline bytes.
  bool in_place() const { return in_place_; }

 private:
  void fetch(const Location& place, Store& store, bool range, std::uint32_t element, std::uint32_t count);

  detail::ArgumentsHeader header_;
  std::span<const std::byte> common_;
  std::span<const std::byte> elements_;  ///< of this piece and perhaps more
  std::span<const std::byte> offsets_;   ///< u64s of this piece, count + 1
  std::uint64_t elements_origin_ = 0;    ///< offset that elements_ begins at
  std::uint32_t first_ = 0;              ///< fixed stride: index of the piece's first element in elements_
  std::vector<std::byte> fetched_;
  std::shared_ptr<const std::byte[]> whole_;  ///< fetched, shared with other pieces
  bool in_place_ = false;
};

}  // namespace rankine::runtime
