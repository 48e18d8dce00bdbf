// SPDX-License-Identifier: Apache-2.0
// Where packed bytes come from: a cursor over memory that the caller gives; it never reads beyond it.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include <rankine/serialize/error.hpp>
#include <rankine/serialize/writer.hpp>

namespace rankine {

class Reader {
 public:
  /// `owner` keeps `from` alive: with it an Array is unpacked as a view of these bytes, without it as a copy.
  /// `context` is handed to the codecs of handles; nothing else looks at it.
  explicit Reader(std::span<const std::byte> from, std::shared_ptr<const void> owner = {},
                  void* context = nullptr)
      : begin_(from.data()),
        at_(from.data()),
        end_(from.data() + from.size()),
        owner_(std::move(owner)),
        context_(context) {}

  /// The next `count` bytes. Throws SerializeError naming expected and left bytes where there are fewer.
  const std::byte* take(std::size_t count) {
    if (count > left()) [[unlikely]]
      detail::throw_truncated(count, left());
    return std::exchange(at_, at_ + count);
  }
  /// Skips to a multiple of `alignment` (a power of two), counted from the start of the buffer.
  void align(std::size_t alignment) {
    take(detail::padding(static_cast<std::size_t>(at_ - begin_), alignment));
  }
  void copy(void* into, std::size_t count) {
    const std::byte* from = take(count);
    if (count != 0) std::memcpy(into, from, count);
  }
  /// A number of elements that need at least `element_bytes` each; throws SerializeError where the rest of
  /// the buffer cannot hold them, so that a damaged length never becomes an allocation.
  std::size_t count(std::size_t element_bytes) {
    std::uint64_t value;
    copy(&value, sizeof value);
    if (value > left() / element_bytes) [[unlikely]]
      detail::throw_bad_count(value, element_bytes, left());
    return static_cast<std::size_t>(value);
  }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  const std::shared_ptr<const void>& owner() const { return owner_; }
  void* context() const { return context_; }

 private:
  const std::byte* begin_;
  const std::byte* at_;
  const std::byte* end_;
  std::shared_ptr<const void> owner_;
  void* context_;
};

}  // namespace rankine
