// SPDX-License-Identifier: Apache-2.0
#include "files/csv.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/text.hpp"

namespace rankine::files {

namespace {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    throw InputError(fmt::format("{} is a folder; name a file in it", path.string()));
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) {
    throw InputError(fmt::format("cannot open {}: {}; check the path", path.string(), std::strerror(errno)));
  }
  std::string text;
  std::error_code no_size;
  const auto bytes = std::filesystem::file_size(path, no_size);
  constexpr std::size_t block_bytes = std::size_t{1} << 16;
  if (!no_size) text.reserve(static_cast<std::size_t>(bytes) + block_bytes);
  for (;;) {
    const std::size_t old = text.size();
    text.resize(old + block_bytes);
    const std::size_t got = std::fread(text.data() + old, 1, block_bytes, file.get());
    text.resize(old + got);
    if (got < block_bytes) break;
  }
  if (std::ferror(file.get())) {
    throw SystemError(fmt::format("reading {} failed: {}", path.string(), std::strerror(errno)));
  }
  if (text.empty()) throw InputError(fmt::format("{} is empty; expected a CSV or HDF5 file", path.string()));
  return text;
}

std::string_view plain_text(std::string_view text, std::string_view file) {
  constexpr std::string_view mark = "\xef\xbb\xbf", little = "\xff\xfe", big = "\xfe\xff", gzip = "\x1f\x8b";
  if (text.starts_with(little) || text.starts_with(big)) {
    throw InputError(
        fmt::format("{} is UTF-16 text; save it as UTF-8 (iconv -f UTF-16 -t UTF-8 FILE > NEW)", file));
  }
  if (text.starts_with(gzip))
    throw InputError(fmt::format("{} is compressed; unpack it first (gunzip --keep FILE)", file));
  if (text.starts_with(mark)) text.remove_prefix(mark.size());
  return text;
}

bool Lines::next() {
  while (!rest_.empty()) {
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    const std::size_t used = end == std::string_view::npos ? rest_.size() : end + 1;
    rest_.remove_prefix(used);
    number_ = counts_bytes_ ? next_byte_ : number_ + 1;
    next_byte_ += used;
    if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
    if (!std::all_of(line_.begin(), line_.end(), is_blank)) return true;
  }
  return false;
}

void Lines::fail(std::string_view text) const {
  throw InputError(fmt::format("{}, {} {}: {}", file_, unit(), number_, text));
}

void split_fields(std::string_view line, std::vector<std::string_view>& fields) {
  fields.clear();
  std::size_t start = 0;
  const auto add = [&](std::size_t end) {
    std::string_view field = trimmed(line.substr(start, end - start));
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
      field = trimmed(field.substr(1, field.size() - 2));
    }
    fields.push_back(field);
    start = end + 1;
  };
  bool quoted = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == ',' && !quoted) {
      add(at);
    } else if (line[at] == '"') {
      quoted = !quoted;
    }
  }
  add(line.size());
}

std::optional<double> parse_number(std::string_view field) {
  if (!field.empty() && field.front() == '+') field.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc{} || end != field.data() + field.size()) return std::nullopt;
  return value;
}

std::optional<int> parse_integer(std::string_view field) {
  int value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc{} || end != field.data() + field.size()) return std::nullopt;
  return value;
}

bool is_missing(std::string_view field) {
  return field.empty() || equal_ignoring_case(field, "na") || equal_ignoring_case(field, "n/a") ||
         equal_ignoring_case(field, "null") || equal_ignoring_case(field, "nan");
}

}  // namespace rankine::files
