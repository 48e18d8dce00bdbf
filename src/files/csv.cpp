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
constexpr std::string_view kBlanks = " \t\r\v\f";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
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

bool Lines::next() {
  while (!rest_.empty()) {
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    const std::size_t used = end == std::string_view::npos ? rest_.size() : end + 1;
    rest_.remove_prefix(used);
    if (unit_ == "line") {
      ++number_;
    } else {
      number_ = next_byte_;
      next_byte_ += used;
    }
    if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
    if (line_.find_first_not_of(kBlanks) != std::string_view::npos) return true;
  }
  return false;
}

void Lines::fail(std::string_view text) const {
  throw InputError(fmt::format("{}, {} {}: {}", file_, unit_, number_, text));
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
    if (line[at] == '"') quoted = !quoted;
    if (line[at] == ',' && !quoted) add(at);
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
