// SPDX-License-Identifier: Apache-2.0
// Where packed bytes go: Writer copies them into memory that the caller gives and never grows it; Sizer has
// the same members and only counts. One `pack` is a template over both, so that size and content cannot
// disagree.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/serialize/error.hpp>

namespace rankine {

namespace detail {

/// Bytes from `position` to the next multiple of `alignment` (a power of two).
constexpr std::size_t padding(std::size_t position, std::size_t alignment) {
  return (0 - position) & (alignment - 1);
}

}  // namespace detail

class Writer {
 public:
  /// `refs`, where given, receives the ids of the objects whose handles are packed.
  explicit Writer(std::span<std::byte> into, std::vector<ObjectId>* refs = nullptr)
      : begin_(into.data()), at_(into.data()), end_(into.data() + into.size()), refs_(refs) {}

  /// The next `count` bytes, for the caller to fill. Throws SerializeError where the buffer has no room for
  /// them.
  std::byte* claim(std::size_t count) {
    if (count > left()) [[unlikely]]
      detail::throw_no_room(count, left());
    return std::exchange(at_, at_ + count);
  }
  void bytes(const void* from, std::size_t count) {
    std::byte* into = claim(count);
    if (count != 0) std::memcpy(into, from, count);
  }
  /// Pads with zeros up to a multiple of `alignment` (a power of two), counted from the start of the buffer.
  void align(std::size_t alignment) {
    const std::size_t count = detail::padding(written(), alignment);
    if (count > left()) [[unlikely]]
      detail::throw_no_room(count, left());
    if (count != 0) std::memset(at_, 0, count);
    at_ += count;
  }
  std::size_t written() const { return static_cast<std::size_t>(at_ - begin_); }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  void ref(ObjectId id) {
    if (refs_ != nullptr) refs_->push_back(id);
  }

 private:
  std::byte* begin_;
  std::byte* at_;
  std::byte* end_;
  std::vector<ObjectId>* refs_;
};

class Sizer {
 public:
  explicit Sizer(std::vector<ObjectId>* refs = nullptr) : refs_(refs) {}

  void bytes(const void*, std::size_t count) { written_ += count; }
  void align(std::size_t alignment) { written_ += detail::padding(written_, alignment); }
  std::size_t written() const { return written_; }
  void ref(ObjectId id) {
    if (refs_ != nullptr) refs_->push_back(id);
  }

 private:
  std::size_t written_ = 0;
  std::vector<ObjectId>* refs_;
};

}  // namespace rankine
