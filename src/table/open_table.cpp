// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>
#include <cstring>

#include "table/row_source.hpp"

namespace rankine::table {

namespace {

/// What cannot be read is no HDF5 file: the reader of text says what is wrong with it.
bool is_hdf5(const std::filesystem::path& path) {
  constexpr std::array<char, 8> signature{'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
  std::array<char, 8> begin{};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  return file && std::fread(begin.data(), 1, begin.size(), file.get()) == begin.size() && begin == signature;
}

}  // namespace

std::unique_ptr<RowSource> open_table(const std::filesystem::path& path, const GroupOptions& options) {
  return is_hdf5(path) ? open_hdf5(path) : open_csv(path, options);
}

}  // namespace rankine::table
