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
#include <rankine/runtime/context.hpp>

#include "runtime/blob.hpp"

namespace rankine::runtime {

/// The ids of the future arguments: in the packed arguments, or kept beside the place of located ones.
std::span<const ObjectId> dependencies_of(const Blob& arguments);

/// Size of, and then the bytes of, elements [element, element + count) of inline range arguments as arguments
/// of their own.
std::size_t cut_bytes(std::span<const std::byte> arguments, std::uint32_t element, std::uint32_t count);
void cut(std::span<const std::byte> arguments, std::uint32_t element, std::uint32_t count, std::byte* into);

/// Hashes of the values among packed arguments, by which a later run knows them again; ids of futures do not
/// count. Of a range with `each`: one for each element, else one for all.
std::vector<std::uint64_t> hash_arguments(std::span<const std::byte> arguments, bool each);

/// The parts of a piece's arguments, in memory of this process.
class ArgumentsView {
 public:
  /// `element` is the position of the piece within the arguments (0 if it was cut out). Bytes without an
  /// owner must outlive the view.
  void open(detail::ValueBytes arguments, bool range, std::uint32_t element, std::uint32_t count);
  void close();

  std::uint64_t future_mask() const { return header_.future_mask; }
  std::span<const std::byte> common() const { return common_; }
  /// Element i of the piece.
  std::span<const std::byte> element(std::uint32_t i) const;
  /// Keeps the bytes readable in place; empty for inline bytes, which must be copied.
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  detail::ArgumentsHeader header_;
  std::span<const std::byte> common_;
  std::span<const std::byte> elements_;  ///< of the whole submission
  std::span<const std::byte> offsets_;   ///< u64s of this piece, count + 1
  std::uint32_t first_ = 0;              ///< fixed stride: index of the piece's first element in elements_
  std::shared_ptr<const void> owner_;
};

}  // namespace rankine::runtime
