// SPDX-License-Identifier: Apache-2.0
// Plain values to bytes and back, for the saved state of environments. It knows no formats and no files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include <rankine/core/error.hpp>

namespace rankine::rl {

template <typename T>
requires std::is_trivially_copyable_v<T>
void append_bytes(std::vector<std::byte>& to, const T& value) {
  const std::size_t at = to.size();
  to.resize(at + sizeof(T));
  std::memcpy(to.data() + at, &value, sizeof(T));
}

template <typename T>
requires std::is_trivially_copyable_v<T>
void append_all(std::vector<std::byte>& to, std::span<const T> values) {
  append_bytes(to, static_cast<std::uint64_t>(values.size()));
  const std::size_t at = to.size();
  to.resize(at + values.size_bytes());
  if (!values.empty()) std::memcpy(to.data() + at, values.data(), values.size_bytes());
}

/// Throws InputError where the bytes end too early.
template <typename T>
requires std::is_trivially_copyable_v<T>
void take_into(std::span<const std::byte>& from, T& value) {
  if (from.size() < sizeof(T))
    throw InputError("the saved state of an environment ends too early: it was made by something else");
  std::memcpy(&value, from.data(), sizeof(T));
  from = from.subspan(sizeof(T));
}

template <typename T>
T take_bytes(std::span<const std::byte>& from) {
  T value;
  take_into(from, value);
  return value;
}

/// The values that append_all wrote.
template <typename T>
requires std::is_trivially_copyable_v<T> std::vector<T> take_all(std::span<const std::byte>& from) {
  const auto size = take_bytes<std::uint64_t>(from);
  if (size > from.size() / sizeof(T))
    throw InputError("the saved state of an environment ends too early: it was made by something else");
  std::vector<T> values(static_cast<std::size_t>(size));
  if (size != 0) std::memcpy(values.data(), from.data(), values.size() * sizeof(T));
  from = from.subspan(values.size() * sizeof(T));
  return values;
}

}  // namespace rankine::rl
