// SPDX-License-Identifier: Apache-2.0
// UTF-8 as code points (RFC 3629). No normal forms, no words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rankine::train {

/// All of a text. Throws InputError naming `name` and the place of the first byte that is no UTF-8.
std::u32string decode_utf8(std::string_view text, const std::string& name);
std::string encode_utf8(char32_t point);

}  // namespace rankine::train
