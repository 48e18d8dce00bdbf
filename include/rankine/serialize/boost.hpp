// SPDX-License-Identifier: Apache-2.0
// The codec of types with a Boost.Serialization `serialize`: a binary archive without header and tracking,
// written straight into the sink. What Boost itself allocates for a damaged length is not bounded by the
// buffer; it ends as SerializeError too.
#pragma once

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <concepts>
#include <cstddef>
#include <exception>
#include <ios>
#include <new>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <type_traits>

#include <rankine/serialize/codec.hpp>

namespace rankine {

namespace detail {

/// Stands for an archive where only the existence of `serialize` is asked for.
struct ArchiveProbe {
  using is_saving = std::true_type;
  using is_loading = std::false_type;
  template <class T>
  ArchiveProbe& operator&(T&&);
  template <class T>
  ArchiveProbe& operator<<(T&&);
  template <class T>
  ArchiveProbe& operator>>(T&&);
};

template <class T>
concept HasSerializeMember = requires(T& value, ArchiveProbe& archive) {
  value.serialize(archive, 0u);
};
template <class T>
concept HasSerializeFunction = requires(T& value, ArchiveProbe& archive) {
  serialize(archive, value, 0u);
};

template <class T>
concept Boostable = std::is_class_v<T> && !Straight<T> && !is_view<T> && std::default_initializable<T> &&
                    std::move_constructible<T> &&
                    (uses_boost_serialization<T> || HasSerializeMember<T> || HasSerializeFunction<T>);

/// A stream buffer over a Writer or Sizer.
template <class Sink>
class SinkBuffer : public std::streambuf {
 public:
  explicit SinkBuffer(Sink& sink) : sink_(sink) {}

 protected:
  std::streamsize xsputn(const char* from, std::streamsize count) override {
    sink_.bytes(from, static_cast<std::size_t>(count));
    return count;
  }
  int_type overflow(int_type c) override {
    const char one = traits_type::to_char_type(c);
    sink_.bytes(&one, 1);
    return c;
  }

 private:
  Sink& sink_;
};

/// A stream buffer over what is left in a Reader; nothing is taken from the Reader.
class ReaderBuffer : public std::streambuf {
 public:
  explicit ReaderBuffer(const Reader& reader) {
    Reader copy = reader;
    const std::size_t left = copy.left();
    char* begin = const_cast<char*>(reinterpret_cast<const char*>(copy.take(left)));  // never written to
    setg(begin, begin, begin + left);
  }
  std::size_t used() const { return static_cast<std::size_t>(gptr() - eback()); }
};

inline constexpr unsigned kArchiveFlags =
    boost::archive::no_header | boost::archive::no_codecvt | boost::archive::no_tracking;

}  // namespace detail

template <detail::Boostable T>
struct Codec<T> {
  template <class Sink>
  static void pack(Sink& sink, const T& value) {
    const std::byte mark{0xb0};  // so that a type without members is not empty on the wire
    sink.bytes(&mark, 1);
    detail::SinkBuffer<Sink> buffer(sink);
    try {
      boost::archive::binary_oarchive archive(buffer, detail::kArchiveFlags);
      archive << value;
    } catch (const boost::archive::archive_exception& error) {
      throw SerializeError(std::string("Boost.Serialization cannot pack: ") + error.what());
    }
  }

  static T unpack(Reader& reader) {
    if (*reader.take(1) != std::byte{0xb0}) detail::throw_damaged("a Boost archive does not begin here");
    detail::ReaderBuffer buffer(reader);
    try {
      T value;
      {
        boost::archive::binary_iarchive archive(buffer, detail::kArchiveFlags);
        archive >> value;
      }
      reader.take(buffer.used());
      return value;
    } catch (const boost::archive::archive_exception& error) {
      throw SerializeError(std::string("packed value is truncated or damaged: ") + error.what());
    } catch (const std::length_error& error) {
      throw SerializeError(std::string("packed value is damaged, a length is impossible: ") + error.what());
    } catch (const std::bad_alloc&) {
      throw SerializeError("packed value is damaged or too large for this rank's memory");
    }
  }
};

}  // namespace rankine
