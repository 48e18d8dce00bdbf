// SPDX-License-Identifier: Apache-2.0
// Codecs of the standard library's values: strings, containers, tuples, optional, variant. Contiguous
// straight elements are one copy. Unordered containers are packed in their iteration order, so that equal
// ones may differ in bytes. Nothing here allocates more than what is left in the buffer can hold.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <rankine/serialize/codec.hpp>

namespace rankine {

namespace detail {

/// Wire format of every run of straight values: count (8 bytes), then the elements as they lie in memory.
template <class Sink, class T>
void pack_counted_run(Sink& sink, const T* from, std::size_t count) {
  pack_count(sink, count);
  pack_run(sink, from, count);
}

/// Count (8 bytes), then one packed element after the other.
template <class Sink, class Range>
void pack_each(Sink& sink, const Range& range) {
  pack_count(sink, range.size());
  for (const auto& element : range) pack(sink, element);
}

template <class T>
inline bool is_aligned(const std::byte* at) {
  return reinterpret_cast<std::uintptr_t>(at) % alignof(T) == 0;
}

/// `Container` made of `count` straight values at `from`, which may lie at any address.
template <class Container>
Container make_from_run(const std::byte* from, std::size_t count) {
  using T = typename Container::value_type;
  if (is_aligned<T>(from)) {
    const T* first = reinterpret_cast<const T*>(from);
    return Container(first, first + count);
  }
  if constexpr (std::is_default_constructible_v<T>) {
    Container values(count, T{});
    if (count != 0) std::memcpy(static_cast<void*>(values.data()), from, count * sizeof(T));
    return values;
  } else {
    Container values;
    values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) values.push_back(unpack_straight<T>(from + i * sizeof(T)));
    return values;
  }
}

// What allocates an element at a time is not inlined: nested containers would otherwise be compiled for
// minutes.
template <class Container>
struct SequenceCodec {
  using T = typename Container::value_type;
  using Parts = Types<T>;
  static constexpr std::size_t kMinBytes = sizeof(std::uint64_t);
  template <class Sink>
  [[gnu::noinline]] static void pack(Sink& sink, const Container& values) {
    pack_each(sink, values);
  }
  [[gnu::noinline]] static Container unpack(Reader& reader) {
    const std::size_t count = reader.count(min_bytes<T>());
    Container values;
    if constexpr (requires { values.reserve(count); }) values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) values.push_back(rankine::unpack<T>(reader));
    return values;
  }
};

template <class Container>
struct SetCodec {
  using T = typename Container::key_type;
  using Parts = Types<T>;
  static constexpr std::size_t kMinBytes = sizeof(std::uint64_t);
  template <class Sink>
  [[gnu::noinline]] static void pack(Sink& sink, const Container& values) {
    pack_each(sink, values);
  }
  [[gnu::noinline]] static Container unpack(Reader& reader) {
    const std::size_t count = reader.count(min_bytes<T>());
    Container values;
    for (std::size_t i = 0; i < count; ++i) values.emplace_hint(values.end(), rankine::unpack<T>(reader));
    if (values.size() != count) throw_damaged("a set holds the same key twice");
    return values;
  }
};

template <class Container>
struct MapCodec {
  using Key = typename Container::key_type;
  using Value = typename Container::mapped_type;
  using Parts = Types<Key, Value>;
  static constexpr std::size_t kMinBytes = sizeof(std::uint64_t);
  template <class Sink>
  [[gnu::noinline]] static void pack(Sink& sink, const Container& values) {
    pack_count(sink, values.size());
    for (const auto& [key, value] : values) {
      rankine::pack(sink, key);
      rankine::pack(sink, value);
    }
  }
  [[gnu::noinline]] static Container unpack(Reader& reader) {
    const std::size_t count = reader.count(min_bytes<Key>() + min_bytes<Value>());
    Container values;
    for (std::size_t i = 0; i < count; ++i) {
      Key key = rankine::unpack<Key>(reader);
      values.emplace_hint(values.end(), std::move(key), rankine::unpack<Value>(reader));
    }
    if (values.size() != count) throw_damaged("a map holds the same key twice");
    return values;
  }
};

}  // namespace detail

template <class C, class Traits, class Allocator>
struct Codec<std::basic_string<C, Traits, Allocator>> {
  static constexpr std::size_t kMinBytes = sizeof(std::uint64_t);
  template <class Sink>
  static void pack(Sink& sink, const std::basic_string<C, Traits, Allocator>& text) {
    detail::pack_counted_run(sink, text.data(), text.size());
  }
  [[gnu::noinline]] static std::basic_string<C, Traits, Allocator> unpack(Reader& reader) {
    const std::size_t count = reader.count(sizeof(C));
    return detail::make_from_run<std::basic_string<C, Traits, Allocator>>(reader.take(count * sizeof(C)),
                                                                          count);
  }
};

/// Packed only: arrives as a basic_string.
template <class C, class Traits>
struct Codec<std::basic_string_view<C, Traits>> {
  template <class Sink>
  static void pack(Sink& sink, std::basic_string_view<C, Traits> text) {
    detail::pack_counted_run(sink, text.data(), text.size());
  }
};

template <class T, class Allocator>
struct Codec<std::vector<T, Allocator>> : detail::SequenceCodec<std::vector<T, Allocator>> {};

template <detail::Straight T, class Allocator>
struct Codec<std::vector<T, Allocator>> {
  static constexpr std::size_t kMinBytes = sizeof(std::uint64_t);
  template <class Sink>
  static void pack(Sink& sink, const std::vector<T, Allocator>& values) {
    detail::pack_counted_run(sink, values.data(), values.size());
  }
  [[gnu::noinline]] static std::vector<T, Allocator> unpack(Reader& reader) {
    const std::size_t count = reader.count(sizeof(T));
    return detail::make_from_run<std::vector<T, Allocator>>(reader.take(count * sizeof(T)), count);
  }
};

/// Count (8 bytes), then eight values a byte, the first in the lowest bit.
template <class Allocator>
struct Codec<std::vector<bool, Allocator>> {
  static constexpr std::size_t kMinBytes = sizeof(std::uint64_t);
  template <class Sink>
  static void pack(Sink& sink, const std::vector<bool, Allocator>& values) {
    detail::pack_count(sink, values.size());
    if constexpr (std::is_same_v<Sink, Sizer>) {
      sink.bytes(nullptr, values.size() / 8 + (values.size() % 8 != 0));
    } else {
      for (std::size_t i = 0; i < values.size(); i += 8) {
        unsigned char packed = 0;
        for (std::size_t bit = 0; bit < 8 && i + bit < values.size(); ++bit) {
          packed |= static_cast<unsigned char>(values[i + bit] << bit);
        }
        sink.bytes(&packed, 1);
      }
    }
  }
  static std::vector<bool, Allocator> unpack(Reader& reader) {
    std::uint64_t count;
    reader.copy(&count, sizeof count);
    const std::byte* from = reader.take(count / 8 + (count % 8 != 0));
    std::vector<bool, Allocator> values(count);
    for (std::size_t i = 0; i < count; ++i)
      values[i] = (from[i / 8] >> (i % 8) & std::byte{1}) != std::byte{0};
    return values;
  }
};

/// Packed only, with the wire format of std::vector: arrives as a vector.
template <class T, std::size_t N>
struct Codec<std::span<T, N>> {
  using Parts = Types<std::remove_const_t<T>>;
  template <class Sink>
  static void pack(Sink& sink, std::span<T, N> values) {
    if constexpr (detail::Straight<std::remove_const_t<T>>) {
      detail::pack_counted_run(sink, static_cast<const std::remove_const_t<T>*>(values.data()),
                               values.size());
    } else {
      detail::pack_each(sink, values);
    }
  }
};

template <class T, class Allocator>
struct Codec<std::deque<T, Allocator>> : detail::SequenceCodec<std::deque<T, Allocator>> {};
template <class T, class Allocator>
struct Codec<std::list<T, Allocator>> : detail::SequenceCodec<std::list<T, Allocator>> {};

template <class T, class... Rest>
struct Codec<std::set<T, Rest...>> : detail::SetCodec<std::set<T, Rest...>> {};
template <class T, class... Rest>
struct Codec<std::multiset<T, Rest...>> : detail::SetCodec<std::multiset<T, Rest...>> {};
template <class T, class... Rest>
struct Codec<std::unordered_set<T, Rest...>> : detail::SetCodec<std::unordered_set<T, Rest...>> {};
template <class T, class... Rest>
struct Codec<std::unordered_multiset<T, Rest...>> : detail::SetCodec<std::unordered_multiset<T, Rest...>> {};

template <class K, class V, class... Rest>
struct Codec<std::map<K, V, Rest...>> : detail::MapCodec<std::map<K, V, Rest...>> {};
template <class K, class V, class... Rest>
struct Codec<std::multimap<K, V, Rest...>> : detail::MapCodec<std::multimap<K, V, Rest...>> {};
template <class K, class V, class... Rest>
struct Codec<std::unordered_map<K, V, Rest...>> : detail::MapCodec<std::unordered_map<K, V, Rest...>> {};
template <class K, class V, class... Rest>
struct Codec<std::unordered_multimap<K, V, Rest...>>
    : detail::MapCodec<std::unordered_multimap<K, V, Rest...>> {};

/// One byte where N is 0, else the N elements.
template <class T, std::size_t N>
struct Codec<std::array<T, N>> {
  using Parts = Types<T>;
  static constexpr std::size_t kMinBytes = N == 0 ? 1 : N * detail::min_bytes<T>();
  template <class Sink>
  static void pack(Sink& sink, const std::array<T, N>& values) {
    if constexpr (N == 0) {
      rankine::pack(sink, std::byte{0});
    } else if constexpr (detail::Straight<T>) {
      detail::pack_run(sink, values.data(), N);
    } else {
      for (const T& value : values) rankine::pack(sink, value);
    }
  }
  static std::array<T, N> unpack(Reader& reader) {
    if constexpr (N == 0) {
      reader.take(1);
      return {};
    } else if constexpr (detail::Straight<T>) {
      return detail::unpack_straight<std::array<T, N>>(reader.take(N * sizeof(T)));
    } else {
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<T, N>{(static_cast<void>(I), rankine::unpack<T>(reader))...};
      }
      (std::make_index_sequence<N>{});
    }
  }
};

template <class A, class B>
struct Codec<std::pair<A, B>> {
  using Parts = Types<A, B>;
  static constexpr std::size_t kMinBytes = detail::min_bytes<A>() + detail::min_bytes<B>();
  template <class Sink>
  static void pack(Sink& sink, const std::pair<A, B>& both) {
    rankine::pack(sink, both.first);
    rankine::pack(sink, both.second);
  }
  static std::pair<A, B> unpack(Reader& reader) {
    return std::pair<A, B>{rankine::unpack<A>(reader), rankine::unpack<B>(reader)};
  }
};

/// The elements one after the other without gaps; an empty tuple is one byte.
template <class... T>
struct Codec<std::tuple<T...>> {
  using Parts = Types<T...>;
  static constexpr std::size_t kMinBytes = sizeof...(T) == 0 ? 1 : (detail::min_bytes<T>() + ... + 0);
  template <class Sink>
  static void pack(Sink& sink, const std::tuple<T...>& values) {
    if constexpr (sizeof...(T) == 0) {
      rankine::pack(sink, std::byte{0});
    } else {
      std::apply([&](const T&... value) { (rankine::pack(sink, value), ...); }, values);
    }
  }
  static std::tuple<T...> unpack(Reader& reader) {
    if constexpr (sizeof...(T) == 0) reader.take(1);
    return std::tuple<T...>{rankine::unpack<T>(reader)...};  // braces: from left to right
  }
};

template <class T>
struct Codec<std::optional<T>> {
  using Parts = Types<T>;
  template <class Sink>
  static void pack(Sink& sink, const std::optional<T>& value) {
    rankine::pack(sink, value.has_value());
    if (value) rankine::pack(sink, *value);
  }
  static std::optional<T> unpack(Reader& reader) {
    if (!rankine::unpack<bool>(reader)) return std::nullopt;
    return std::optional<T>{rankine::unpack<T>(reader)};
  }
};

/// The index (4 bytes), then the alternative. One that lost its value to an exception cannot be packed.
template <class... T>
struct Codec<std::variant<T...>> {
  using Parts = Types<T...>;
  static constexpr std::size_t kMinBytes = sizeof(std::uint32_t) + std::min({detail::min_bytes<T>()...});
  template <class Sink>
  static void pack(Sink& sink, const std::variant<T...>& value) {
    if (value.valueless_by_exception())
      throw SerializeError("a std::variant without a value cannot be packed");
    rankine::pack(sink, static_cast<std::uint32_t>(value.index()));
    std::visit([&](const auto& alternative) { rankine::pack(sink, alternative); }, value);
  }
  [[gnu::noinline]] static std::variant<T...> unpack(Reader& reader) {
    const auto index = rankine::unpack<std::uint32_t>(reader);
    if (index >= sizeof...(T)) detail::throw_damaged("a variant's index is out of range");
    return unpack_alternative(reader, index, std::index_sequence_for<T...>{});
  }

 private:
  template <std::size_t... I>
  static std::variant<T...> unpack_alternative(Reader& reader, std::uint32_t index,
                                               std::index_sequence<I...>) {
    using Make = std::variant<T...> (*)(Reader&);
    static constexpr Make kMake[] = {
        [](Reader& from) { return std::variant<T...>(std::in_place_index<I>, rankine::unpack<T>(from)); }...};
    return kMake[index](reader);
  }
};

}  // namespace rankine
