// SPDX-License-Identifier: Apache-2.0
// A 64-bit mix of two words and a hash of bytes: equal on every machine, not for secrets.
// The finaliser is SplitMix64's (Steele, Lea, Flood, OOPSLA 2014).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace rankine {

constexpr std::uint64_t hash_finalise(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

constexpr std::uint64_t hash_mix(std::uint64_t a, std::uint64_t b) {
  return hash_finalise(hash_finalise(a + 0x9e3779b97f4a7c15ull) + b * 0xd6e8feb86659fd93ull +
                       0x632be59bd9b4e019ull);
}

inline std::uint64_t hash_bytes(std::span<const std::byte> bytes, std::uint64_t seed = 0) {
  std::uint64_t hash = hash_mix(seed, bytes.size());
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    hash = hash_mix(hash, word);
  }
  std::uint64_t tail = 0;
  if (at < bytes.size()) std::memcpy(&tail, bytes.data() + at, bytes.size() - at);
  return hash_mix(hash, tail);
}

/// The same for many bytes, about eight times as fast; another value.
inline std::uint64_t hash_blocks(std::span<const std::byte> bytes, std::uint64_t seed = 0) {
  std::uint64_t lanes[4] = {seed, ~seed, seed + 0x9e3779b97f4a7c15ull, seed ^ 0xd6e8feb86659fd93ull};
  std::size_t at = 0;
  for (; at + 32 <= bytes.size(); at += 32) {
    std::uint64_t words[4];
    std::memcpy(words, bytes.data() + at, 32);
    for (int i = 0; i < 4; ++i) {
      lanes[i] = (lanes[i] ^ words[i]) * 0xbf58476d1ce4e5b9ull;
      lanes[i] ^= lanes[i] >> 29;
    }
  }
  const std::uint64_t front = hash_mix(hash_mix(lanes[0], lanes[1]), hash_mix(lanes[2], lanes[3]));
  return hash_bytes(bytes.subspan(at), hash_mix(front, bytes.size()));
}

inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0) {
  return hash_bytes(std::as_bytes(std::span(text.data(), text.size())), seed);
}

}  // namespace rankine
