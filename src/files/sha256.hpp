// SPDX-License-Identifier: Apache-2.0
// SHA-256 as in FIPS 180-4, to name results by their bytes. Not meant for secrets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rankine::files {

class Sha256 {
 public:
  void update(std::span<const std::byte> bytes);
  /// 64 hexadecimal digits. Call once, after the last update.
  std::string finish();

 private:
  void block(const std::byte* bytes);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> tail_{};
  std::size_t tail_bytes_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace rankine::files
