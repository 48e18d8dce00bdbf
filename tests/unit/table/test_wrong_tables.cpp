// SPDX-License-Identifier: Apache-2.0
// What read_groups says of files that cannot be used: file, line and column.
#include <string>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "tables.hpp"

namespace table_test {

/// What it says of this file, or "" if it reads it.
std::string said_of(const std::filesystem::path& path, const rk::GroupOptions& options) {
  try {
    rk::read_groups(path, options);
    return {};
  } catch (const rk::InputError& error) {
    return error.what();
  }
}

TEST_CASE("a text where a number must be is named by file, line and column") {
  const Folder folder;
  const auto path = folder.file("t.csv", "k,v\na,1\n\nb,two\n");
  CHECK(said_of(path, {.by = {"k"}, .numbers = {"v"}}) ==
        fmt::format("{}, line 4, column \"v\": \"two\" is not a number", path.string()));
  const rk::Groups groups = rk::read_groups(path, {.by = {"k"}});
  const rk::GroupChunk chunk = everything(groups);
  const rk::Group group(groups.schema(), chunk, 0, 1);
  CHECK_THROWS_WITH(
      group.numbers("v"),
      fmt::format("column \"v\" holds text, not numbers: {}, line 4, column \"v\": \"two\" is not a number",
                  path.string()));
  CHECK_THROWS_WITH(group.numbers("w"), "there is no value column \"w\"; there are: v");
  CHECK_THROWS_WITH(group.key("w"), "there is no key column \"w\"; there are: k");
}

TEST_CASE("rows of the wrong length are named") {
  const Folder folder;
  const auto path = folder.file("t.csv", "k,v\na,1\nb\n");
  CHECK(
      said_of(path, {.by = {"k"}}) ==
      fmt::format("{}, line 3: 1 fields, the header has 2; the file is damaged or cut short", path.string()));
  CHECK(said_of(path, {.by = {"k"}, .names = {"k", "v", "w"}}).find("line 1: 2 fields, the list of names") !=
        std::string::npos);
}

TEST_CASE("columns that are not there, named twice, or of one name are refused") {
  const Folder folder;
  const auto path = folder.file("t.csv", "k,v\na,1\n");
  CHECK(said_of(path, {.by = {"key"}}) ==
        fmt::format("{}: there is no column \"key\"; there are: k, v", path.string()));
  CHECK(said_of(path, {.by = {"k"}, .numbers = {"w"}}).find("no column \"w\"") != std::string::npos);
  CHECK(said_of(path, {.by = {"k"}, .without = {"w"}}).find("no column \"w\"") != std::string::npos);
  CHECK(said_of(path, {.by = {"k"}, .columns = {"v", "k"}}).find("named twice") != std::string::npos);
  CHECK(said_of(path, {.by = {"k"}, .columns = {"v", "v"}}).find("named twice") != std::string::npos);
  CHECK(said_of(folder.file("u.csv", "k,v,k\na,1,2\n"), {.by = {"v"}})
            .find("line 1: columns 1 and 3 are both called \"k\"") != std::string::npos);
}

TEST_CASE("files that are missing, empty, folders, or without rows are refused") {
  const Folder folder;
  CHECK(said_of(folder.path / "none.csv", {}).find("cannot open") == 0);
  CHECK(said_of(folder.path, {}).find("is a folder") != std::string::npos);
  CHECK(said_of(folder.file("empty.csv", ""), {}).find("is empty") != std::string::npos);
  CHECK(said_of(folder.file("header.csv", "a,b\n"), {}).find("there are no rows") != std::string::npos);
}

TEST_CASE("a byte-order mark counts for nothing, UTF-16 is named") {
  const Folder folder;
  CHECK(said_of(folder.file("mark.csv", "\xef\xbb\xbfk,v\na,1\n"), {.by = {"k"}}).empty());
  CHECK(said_of(folder.file("wide.csv", std::string("\xff\xfek\0,\0v\0\n\0", 10)), {.by = {"k"}})
            .find("is UTF-16 text") != std::string::npos);
}

TEST_CASE("a torn or damaged gzip file is refused, wherever it is torn") {
  const Folder folder;
  std::string text = "k,v\n";
  for (int i = 0; i < 5000; ++i) text += fmt::format("g{},{}\n", i % 7, i * 31);
  const auto path = folder.write_gzip("t.csv.gz", text);
  const auto bytes = std::filesystem::file_size(path);
  for (const std::uintmax_t cut : {bytes - 1, bytes - 8, bytes / 2, std::uintmax_t{12}}) {
    INFO("cut to " << cut << " of " << bytes);
    const auto torn = folder.path / "torn.csv.gz";
    std::filesystem::copy_file(path, torn, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(torn, cut);
    CHECK(said_of(torn, {.by = {"k"}}).find("gzip") != std::string::npos);
  }
  std::fstream damaged(path, std::ios::in | std::ios::out | std::ios::binary);
  damaged.seekp(static_cast<std::streamoff>(bytes / 2));
  damaged.write("\xff\xff\xff\xff", 4);
  damaged.close();
  CHECK(said_of(path, {.by = {"k"}}).find("gzip") != std::string::npos);
}

TEST_CASE("a folder for what does not fit that is not there is named") {
  const Folder folder;
  const auto path = folder.file("t.csv", "k,v\na,1\nb,2\n");
  CHECK_THROWS_WITH(
      rk::read_groups(path, {.by = {"k"}, .memory_bytes = 1, .spill_directory = "/nowhere/at/all"}),
      ContainsSubstring("no file can be made in /nowhere/at/all"));
}

}  // namespace table_test
