// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) as in RFC 3720, eight bytes at a time by tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace rankine::journal {

/// Of `bytes` that follow those whose checksum is `before`.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace rankine::journal
