// SPDX-License-Identifier: Apache-2.0
// Which types travel between ranks, how, and the words in which the compiler says that one cannot. The codecs
// of families of types are partial specialisations in the neighbouring headers. Packed bytes are for the
// ranks of one job: byte order, sizes and layouts are those of the machine.
#pragma once

#include <array>
#include <bit>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <ranges>
#include <type_traits>

#include <rankine/serialize/reader.hpp>
#include <rankine/serialize/writer.hpp>

namespace rankine {

/// How a type is packed. A specialisation has
///
///     template <class Sink> static void pack(Sink&, const T&);   // Sink: Writer or Sizer; at least one byte
///     static T unpack(Reader&);
///     using Parts = Types<...>;                     // optional: the types inside, which must travel too
///     static constexpr std::size_t kMinBytes = ...; // optional: no packed T is shorter (1 if not given)
///
template <class T>
struct Codec;

template <class... T>
struct Types {};

/// Set it for types that Boost.Serialization knows but whose `serialize` cannot be seen from here: a private
/// member with `friend class boost::serialization::access`, or a free function in namespace
/// boost::serialization.
///   template <> inline constexpr bool rankine::uses_boost_serialization<Mesh> = true;
template <class T>
inline constexpr bool uses_boost_serialization = false;

namespace detail {

template <class T>
inline constexpr bool is_view = std::ranges::enable_view<T>;
template <class T>
inline constexpr bool is_view<std::reference_wrapper<T>> = true;
template <class T>
inline constexpr bool is_view<std::initializer_list<T>> = true;

template <class T>
inline constexpr bool is_pointer_like =
    std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>;

/// A lambda with captures: neither default constructible nor assignable. One without captures is both.
template <class T>
inline constexpr bool is_closure = std::is_class_v<T> && !std::is_aggregate_v<T> &&
                                   !std::is_copy_assignable_v<T> && !std::is_default_constructible_v<T>;

/// Copied byte by byte. Assignable, because a capture, a reference or an atomic inside makes a type not so.
template <class T>
concept Straight = std::is_object_v<T> && std::is_trivially_copyable_v<T> && !std::is_const_v<T> &&
                   std::is_copy_assignable_v<T> && !is_pointer_like<T> && !is_view<T>;

template <class T>
inline constexpr bool is_complex = false;
template <class T>
inline constexpr bool is_complex<std::complex<T>> = true;

/// Padding is cleared on the way out, so that equal values are equal bytes (argument hashes depend on it).
template <class T>
inline constexpr bool may_have_padding =
    std::is_same_v<T, long double> ||
    ((std::is_class_v<T> || std::is_union_v<T>)&&!std::has_unique_object_representations_v<T> &&
     !is_complex<T>);

template <class T>
concept HasCodec = requires {
  sizeof(Codec<T>);
};

template <class T>
struct PartsOf {
  using type = Types<>;
};
template <class T>
requires requires {
  typename Codec<T>::Parts;
}
struct PartsOf<T> {
  using type = typename Codec<T>::Parts;
};

template <class T>
concept OwnCodecUnpacks = HasCodec<T> && requires(Reader& reader) {
  { Codec<T>::unpack(reader) } -> std::same_as<T>;
};

template <class T>
consteval bool packs();
template <class T>
consteval bool travels();

template <class... T>
consteval bool all_pack(Types<T...>) {
  return (packs<T>() && ...);
}
template <class... T>
consteval bool all_travel(Types<T...>) {
  return (travels<T>() && ...);
}
template <class T>
consteval bool packs() {
  if constexpr (HasCodec<T>) return all_pack(typename PartsOf<T>::type{});
  return false;
}
template <class T>
consteval bool travels() {
  if constexpr (OwnCodecUnpacks<T>) return all_travel(typename PartsOf<T>::type{});
  return false;
}

/// No packed T is shorter than this.
template <class T>
consteval std::size_t min_bytes() {
  if constexpr (requires { Codec<T>::kMinBytes; }) return Codec<T>::kMinBytes;
  return 1;
}

}  // namespace detail

/// Can be packed on one rank and unpacked on another: no pointer, reference, view, function, or lambda with
/// captures.
template <class T>
concept Travels = detail::travels<T>();

/// Can be packed; what comes out may have another type (a span arrives as a vector, a string_view as a
/// string).
template <class T>
concept Packs = detail::packs<T>();

namespace detail {

template <class T>
inline constexpr bool never = false;

/// The compile error of a type that has no codec, in words; it instantiates nothing else.
template <class T>
consteval void explain() {
  if constexpr (std::is_reference_v<T>) {
    static_assert(never<T>,
                  "rankine: a reference cannot travel between ranks (each has its own memory): take and "
                  "return by value");
  } else if constexpr (std::is_void_v<T>) {
    static_assert(never<T>, "rankine: void has no value that could travel");
  } else if constexpr (std::is_function_v<std::remove_pointer_t<T>>) {
    static_assert(never<T>,
                  "rankine: a function or function pointer cannot travel between ranks (addresses differ): "
                  "name the function as a template argument, submit<f>(...)");
  } else if constexpr (is_pointer_like<T>) {
    static_assert(
        never<T>,
        "rankine: a pointer cannot travel between ranks (each has its own memory): pass the value itself, "
        "a std::vector, a std::string or a rankine::Array");
  } else if constexpr (std::is_const_v<T> || std::is_volatile_v<T>) {
    static_assert(never<T>, "rankine: a const or volatile type cannot travel as such: remove the qualifier");
  } else if constexpr (std::is_array_v<T>) {
    static_assert(never<T>, "rankine: a C array cannot travel: use std::array, std::vector or std::string");
  } else if constexpr (is_view<T>) {
    static_assert(
        never<T>,
        "rankine: a view (std::span, std::string_view, Eigen::Map, Eigen::Ref ...) does not own what it "
        "shows and cannot travel as a result: use std::vector, std::string, rankine::Array or an Eigen "
        "matrix");
  } else if constexpr (is_closure<T>) {
    static_assert(
        never<T>,
        "rankine: a lambda with captures cannot travel between ranks: pass what it captures as arguments");
  } else {
    static_assert(
        never<T>,
        "rankine: this type cannot travel between ranks: give it a serialize member, "
        "template <class Archive> void serialize(Archive& archive, unsigned) { archive & a & b; }, "
        "and include <rankine/serialize/boost.hpp>; where serialize is private or a free function in "
        "boost::serialization also set rankine::uses_boost_serialization<T>; or specialise "
        "rankine::Codec<T>");
  }
}

template <class T>
consteval void assert_packs();
template <class T>
consteval void assert_travels();

template <class... T>
consteval void assert_all_pack(Types<T...>) {
  (assert_packs<T>(), ...);
}
template <class... T>
consteval void assert_all_travel(Types<T...>) {
  (assert_travels<T>(), ...);
}
/// A compile error in words, about the innermost type at fault, unless T can be packed.
template <class T>
consteval void assert_packs() {
  if constexpr (HasCodec<T>) {
    assert_all_pack(typename PartsOf<T>::type{});
  } else {
    explain<T>();
  }
}
/// A compile error in words, about the innermost type at fault, unless T travels.
template <class T>
consteval void assert_travels() {
  if constexpr (OwnCodecUnpacks<T>) {
    assert_all_travel(typename PartsOf<T>::type{});
  } else {
    explain<T>();
  }
}

/// `count` adjacent straight values: one copy, or one a value where padding has to be cleared.
template <class Sink, Straight T>
void pack_run(Sink& sink, const T* from, std::size_t count) {
  if constexpr (std::is_same_v<Sink, Writer> && may_have_padding<T>) {
    std::byte* into = sink.claim(count * sizeof(T));
    for (std::size_t i = 0; i < count; ++i) {
      alignas(T) std::byte raw[sizeof(T)];
      std::memcpy(raw, static_cast<const void*>(from + i), sizeof(T));
      __builtin_clear_padding(reinterpret_cast<T*>(raw));
      std::memcpy(into + i * sizeof(T), raw, sizeof(T));
    }
  } else {
    sink.bytes(from, count * sizeof(T));
  }
}

template <Straight T>
T unpack_straight(const std::byte* from) {
  struct Raw {
    std::byte bytes[sizeof(T)];
  } raw;
  std::memcpy(&raw, from, sizeof(T));
  return std::bit_cast<T>(raw);
}

template <class Sink>
void pack_count(Sink& sink, std::size_t count) {
  const std::uint64_t value = count;
  sink.bytes(&value, sizeof value);
}

}  // namespace detail

/// Appends `value`. Throws SerializeError where the buffer is too small.
template <class T>
void pack(Writer& writer, const T& value) {
  detail::assert_packs<T>();
  if constexpr (Packs<T>) Codec<T>::pack(writer, value);
}

/// Counts `value` from the sizer's position on: alignment depends on what was packed before.
template <class T>
void pack(Sizer& sizer, const T& value) {
  detail::assert_packs<T>();
  if constexpr (Packs<T>) Codec<T>::pack(sizer, value);
}

/// Exact size of `value` packed alone at the start of a buffer. For several values in one buffer run one
/// Sizer over all of them.
template <class T>
std::size_t packed_bytes(const T& value) {
  Sizer sizer;
  pack(sizer, value);
  return sizer.written();
}

/// Throws SerializeError where the bytes are truncated or damaged.
template <class T>
T unpack(Reader& reader) {
  detail::assert_travels<T>();
  if constexpr (Travels<T>) return Codec<T>::unpack(reader);
}

template <detail::Straight T>
struct Codec<T> {
  static constexpr std::size_t kMinBytes = sizeof(T);
  template <class Sink>
  static void pack(Sink& sink, const T& value) {
    detail::pack_run(sink, &value, 1);
  }
  static T unpack(Reader& reader) {
    const std::byte* from = reader.take(sizeof(T));
    if constexpr (std::is_same_v<T, bool>) {
      if (*from > std::byte{1}) [[unlikely]]
        detail::throw_damaged("a bool that is neither 0 nor 1");
    }
    return detail::unpack_straight<T>(from);
  }
};

}  // namespace rankine
