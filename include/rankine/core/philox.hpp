// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy
// as 1, 2, 3", SC11. A stream is named by (seed, key); equal names give equal numbers on any rank, in any
// order.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace rankine {

using PhiloxBlock = std::array<std::uint32_t, 4>;

/// One block of four 32-bit numbers from a 128-bit counter and a 64-bit key.
constexpr PhiloxBlock philox4x32(PhiloxBlock counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

/// A UniformRandomBitGenerator of 64-bit numbers over the stream (seed, key).
class Philox {
 public:
  using result_type = std::uint64_t;

  constexpr Philox(std::uint64_t seed, std::uint64_t key)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        stream_{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)} {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  constexpr result_type operator()() {
    if (used_ == 2) refill();
    const int at = 2 * used_++;
    return std::uint64_t{block_[at]} | std::uint64_t{block_[at + 1]} << 32;
  }

  /// Uniform in [0, 1), 53 bits.
  constexpr double uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }
  /// Standard normal by Box and Muller (one of the pair is dropped: the stream stays easy to reason about).
  double normal();
  /// Uniform in 0 .. bound-1 without bias (Lemire 2019, by rejection).
  constexpr std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    for (;;) {
      const std::uint64_t x = (*this)();
      if (x >= threshold) return x % bound;
    }
  }

 private:
  constexpr void refill() {
    block_ = philox4x32({static_cast<std::uint32_t>(position_), static_cast<std::uint32_t>(position_ >> 32),
                         stream_[0], stream_[1]},
                        key_);
    ++position_;
    used_ = 0;
  }

  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 2> stream_;
  std::uint64_t position_ = 0;
  PhiloxBlock block_{};
  int used_ = 2;
};

}  // namespace rankine
