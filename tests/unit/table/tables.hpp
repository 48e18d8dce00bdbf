// SPDX-License-Identifier: Apache-2.0
// Files for the tests of tables, in a folder that goes with the test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>

#include <rankine/table/groups.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

namespace table_test {

namespace rk = rankine;

struct Folder : TemporaryFolder {
  std::filesystem::path write_gzip(const std::string& name, std::string_view text) const {
    gzFile file = gzopen((path / name).c_str(), "wb");
    REQUIRE(file != nullptr);
    CHECK(gzwrite(file, text.data(), static_cast<unsigned>(text.size())) == static_cast<int>(text.size()));
    CHECK(gzclose(file) == Z_OK);
    return path / name;
  }
};

/// All groups, one a chunk.
inline std::vector<rk::GroupChunk> one_by_one(const rk::Groups& groups) {
  rk::Groups::Cursor cursor(groups, 1, 1);
  std::vector<rk::GroupChunk> chunks;
  while (auto chunk = cursor.next()) chunks.push_back(std::move(*chunk));
  return chunks;
}

/// All groups as one chunk.
inline rk::GroupChunk everything(const rk::Groups& groups) {
  auto chunk = rk::Groups::Cursor(groups, ~std::uint64_t{0}, ~std::uint64_t{0} >> 1).next();
  REQUIRE(chunk.has_value());
  REQUIRE(chunk->size() == groups.size());
  return std::move(*chunk);
}

template <class T>
std::vector<T> copy(std::span<const T> values) {
  return {values.begin(), values.end()};
}

}  // namespace table_test
