// SPDX-License-Identifier: Apache-2.0
#include "train/data/utf8.hpp"

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::train {

namespace {

/// Bytes after the first of a sequence; -1: no first byte.
int following(unsigned char first) {
  if (first < 0x80) return 0;
  if (first >= 0xc2 && first < 0xe0) return 1;
  if (first >= 0xe0 && first < 0xf0) return 2;
  if (first >= 0xf0 && first < 0xf5) return 3;
  return -1;
}

/// Not longer than needed, no surrogate, not beyond the last plane.
bool allowed(char32_t point, int more) {
  constexpr char32_t least[] = {0, 0x80, 0x800, 0x10000};
  return point >= least[more] && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000);
}

}  // namespace

std::u32string decode_utf8(std::string_view text, const std::string& name) {
  std::u32string points;
  points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const int more = following(first);
    bool good = more >= 0 && at + static_cast<std::size_t>(more) < text.size();
    char32_t point = more <= 0 ? first : first & (0x3f >> more);
    for (int k = 1; good && k <= more; ++k) {
      const auto byte = static_cast<unsigned char>(text[at + static_cast<std::size_t>(k)]);
      good = (byte & 0xc0) == 0x80;
      point = point << 6 | (byte & 0x3f);
    }
    if (!good || !allowed(point, more)) {
      throw InputError(
          fmt::format("{}: byte {} (0x{:02x}) is no UTF-8 text. Remedy: convert it, e.g. iconv "
                      "-f latin1 -t utf8; token files are read by --tokens",
                      name, at, first));
    }
    points.push_back(point);
    at += static_cast<std::size_t>(more) + 1;
  }
  return points;
}

std::string encode_utf8(char32_t point) {
  const auto byte = [](char32_t bits) { return static_cast<char>(static_cast<unsigned char>(bits)); };
  const auto tail = [&](int shift) { return byte(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xc0 | point >> 6), tail(0)};
  if (point < 0x10000) return {byte(0xe0 | point >> 12), tail(6), tail(0)};
  return {byte(0xf0 | point >> 18), tail(12), tail(6), tail(0)};
}

}  // namespace rankine::train
