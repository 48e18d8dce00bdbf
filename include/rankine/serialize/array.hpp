// SPDX-License-Identifier: Apache-2.0
// An immutable, reference-counted, contiguous array: copies share the elements, and one that is unpacked from
// memory with an owner (an object in the store) is a view of that memory. The elements never change.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <rankine/serialize/codec.hpp>
#include <rankine/serialize/standard.hpp>

namespace rankine {

/// Elements of an Array begin at a multiple of this in the packed stream, and in memory of its own.
inline constexpr std::size_t kArrayAlignment = 64;

template <class T>
class Array {
  static_assert(detail::Straight<T>,
                "rankine: the elements of an Array are trivially copyable values, not pointers");

 public:
  using value_type = T;
  using const_iterator = const T*;

  Array() = default;
  /// Takes the vector's memory without a copy.
  explicit Array(std::vector<T>&& values) requires(!std::is_same_v<T, bool>) {
    auto kept = std::make_shared<const std::vector<T>>(std::move(values));
    data_ = kept->data();
    size_ = kept->size();
    owner_ = std::move(kept);
  }
  /// Copies.
  explicit Array(std::span<const T> values) : Array(values.size(), Copy{values.data()}) {}
  /// `generate(i)` is called for i = 0 .. size-1 in this order.
  template <class Generate>
  requires std::is_invocable_r_v<T, Generate&, std::size_t> Array(std::size_t size, Generate generate) {
    T* into = allocate(size);
    for (std::size_t i = 0; i < size; ++i) ::new (static_cast<void*>(into + i)) T(generate(i));
  }
  /// The `size` elements at `data`, which `owner` keeps alive and nobody changes. No copy.
  static Array view(const T* data, std::size_t size, std::shared_ptr<const void> owner) {
    Array array;
    array.data_ = data;
    array.size_ = size;
    array.owner_ = std::move(owner);
    return array;
  }

  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t size_bytes() const { return size_ * sizeof(T); }
  std::span<const T> span() const { return {data_, size_}; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  /// Without a check of `i`.
  const T& operator[](std::size_t i) const { return data_[i]; }
  const std::shared_ptr<const void>& owner() const { return owner_; }

 private:
  struct Copy {
    const T* from;
    T operator()(std::size_t i) const { return from[i]; }
  };

  T* allocate(std::size_t size) {
    constexpr std::align_val_t kAlignment{std::max(kArrayAlignment, alignof(T))};
    if (size > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    void* memory = ::operator new(size * sizeof(T), kAlignment);
    owner_ = std::shared_ptr<const void>(memory, [](void* p) { ::operator delete(p, kAlignment); });
    T* into = static_cast<T*>(memory);
    data_ = into;
    size_ = size;
    return into;
  }

  std::shared_ptr<const void> owner_;
  const T* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Count (8 bytes), zeros up to a multiple of 64, elements.
template <class T>
struct Codec<Array<T>> {
  static constexpr std::size_t kMinBytes = sizeof(std::uint64_t);
  template <class Sink>
  static void pack(Sink& sink, const Array<T>& values) {
    detail::pack_count(sink, values.size());
    sink.align(kArrayAlignment);
    detail::pack_run(sink, values.data(), values.size());
  }
  static Array<T> unpack(Reader& reader) {
    const std::size_t count = reader.count(sizeof(T));
    reader.align(kArrayAlignment);
    if (count > reader.left() / sizeof(T)) detail::throw_bad_count(count, sizeof(T), reader.left());
    const std::byte* from = reader.take(count * sizeof(T));
    if (reader.owner() != nullptr && detail::is_aligned<T>(from)) {
      return Array<T>::view(reinterpret_cast<const T*>(from), count, reader.owner());
    }
    return Array<T>(count,
                    [from](std::size_t i) { return detail::unpack_straight<T>(from + i * sizeof(T)); });
  }
};

}  // namespace rankine
