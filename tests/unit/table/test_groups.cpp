// SPDX-License-Identifier: Apache-2.0
// read_groups: types, keys, missing values, chunks, tables larger than the memory that is allowed.
#include <cmath>
#include <map>
#include <string>

#include <fmt/format.h>

#include <rankine/core/philox.hpp>

#include "tables.hpp"

namespace table_test {

constexpr const char* kShop =
    "shop,day,kind,amount,units,note\n"
    "north,1,a,1.5,3,x\n"
    "south,1,b,2.5,4,NA\n"
    "north,2,a,,5,\"y, z\"\n"
    "south,2,c,-1e3,6,x\n"
    "north,3,b,4,7,\n";

TEST_CASE("rows are put together by key, groups in order of appearance, rows in order of the file") {
  const Folder folder;
  const rk::Groups groups = rk::read_groups(folder.file("shop.csv", kShop), {.by = {"shop"}});
  REQUIRE(groups.size() == 2);
  CHECK(groups.rows() == 5);
  CHECK_FALSE(groups.on_disk());
  CHECK(groups.key(1) == std::vector<std::string>{"south"});
  CHECK(groups.rows_of(0) == 3);
  const rk::GroupChunk chunk = everything(groups);
  const rk::Group north(groups.schema(), chunk, 0, 1);
  const rk::Group south(groups.schema(), chunk, 1, 1);
  CHECK(north.index() == 0);
  CHECK(south.index() == 1);
  CHECK(south.key("shop") == "south");
  CHECK(north.rows() == 3);
  CHECK(copy(north.row_numbers()) == std::vector<std::uint64_t>{0, 2, 4});
  CHECK(copy(south.row_numbers()) == std::vector<std::uint64_t>{1, 3});
  CHECK(copy(north.integers("day")) == std::vector<std::int64_t>{1, 2, 3});
  CHECK(copy(south.integers("units")) == std::vector<std::int64_t>{4, 6});
  CHECK(north.values("units") == std::vector<double>{3, 5, 7});
  CHECK(copy(south.numbers("amount")) == std::vector<double>{2.5, -1000});
  CHECK(std::isnan(north.numbers("amount")[1]));
  CHECK(north.categories("kind") == std::vector<std::string>{"a", "b", "c"});
  CHECK(copy(south.codes("kind")) == std::vector<std::int32_t>{1, 2});
  CHECK(copy(north.codes("note")) == std::vector<std::int32_t>{0, 1, -1});
  CHECK(copy(south.codes("note")) == std::vector<std::int32_t>{-1, 0});
  CHECK(south.categories("note") == std::vector<std::string>{"x", "y, z"});
}

TEST_CASE("several key columns, chosen value columns, integers with missing values are numbers") {
  const Folder folder;
  const auto path = folder.file("shop.csv", "a,b,n,m\n1,x,1,9\n1,y,,8\n1,x,3,7\n11,x,4,6\n");
  const rk::Groups groups = rk::read_groups(path, {.by = {"b", "a"}, .columns = {"m", "n"}});
  REQUIRE(groups.size() == 3);
  CHECK(groups.key(0) == std::vector<std::string>{"x", "1"});
  CHECK(groups.key(2) == std::vector<std::string>{"x", "11"});
  REQUIRE(groups.schema().columns.size() == 2);
  CHECK(groups.schema().columns[0].name == "m");
  CHECK(groups.schema().columns[0].type == rk::ColumnType::integer);
  CHECK(groups.schema().columns[1].type == rk::ColumnType::number);
  const rk::GroupChunk chunk = everything(groups);
  CHECK(rk::Group(groups.schema(), chunk, 0, 1).key_text() == "x, 1");
  CHECK(copy(rk::Group(groups.schema(), chunk, 0, 1).numbers("n")) == std::vector<double>{1, 3});
}

TEST_CASE("keys that only look alike when put together are different groups") {
  const Folder folder;
  const rk::Groups groups =
      rk::read_groups(folder.file("t.csv", "a,b,v\nab,c,1\na,bc,2\n"), {.by = {"a", "b"}});
  CHECK(groups.size() == 2);
}

TEST_CASE("without key columns the whole table is one group") {
  const Folder folder;
  const rk::Groups groups = rk::read_groups(folder.file("shop.csv", kShop), {});
  REQUIRE(groups.size() == 1);
  CHECK(groups.rows_of(0) == 5);
  CHECK(groups.schema().columns.size() == 6);
}

TEST_CASE(
    "no header, comments, blank lines, Windows line ends, own words for missing, columns kept as text") {
  const Folder folder;
  const auto path = folder.file("t.csv", "|a comment\r\n\r\n a , 01000, ?\r\nb,02000, 5\r\na,03000,6");
  const rk::Groups groups = rk::read_groups(
      path, {.by = {"k"}, .texts = {"zip"}, .names = {"k", "zip", "v"}, .missing = {"?"}, .comment = '|'});
  REQUIRE(groups.size() == 2);
  const rk::GroupChunk chunk = everything(groups);
  const rk::Group a(groups.schema(), chunk, 0, 1);
  CHECK(a.categories("zip") == std::vector<std::string>{"01000", "02000", "03000"});
  CHECK(std::isnan(a.numbers("v")[0]));
  CHECK(a.numbers("v")[1] == 6);
}

TEST_CASE("a gzip file is read like the plain one") {
  const Folder folder;
  const auto options = rk::GroupOptions{.by = {"shop"}};
  const auto plain = everything(rk::read_groups(folder.file("shop.csv", kShop), options));
  const auto zipped = everything(rk::read_groups(folder.write_gzip("shop.csv.gz", kShop), options));
  CHECK(plain.keys == zipped.keys);
  CHECK(plain.columns[3].integers == zipped.columns[3].integers);
  CHECK(plain.columns[4].codes == zipped.columns[4].codes);
}

TEST_CASE("chunks hold as many rows or groups as they may, and all groups once") {
  const Folder folder;
  std::string text = "k,v\n";
  for (int k = 0; k < 20; ++k) {
    for (int i = 0; i <= k; ++i) text += fmt::format("g{},{}\n", k, i);
  }
  const rk::Groups groups = rk::read_groups(folder.file("t.csv", text), {.by = {"k"}});
  for (const auto& [rows_max, groups_max] : {std::pair{1, 3}, std::pair{30, 1000}, std::pair{1000, 1000}}) {
    rk::Groups::Cursor cursor(groups, static_cast<std::uint64_t>(rows_max),
                              static_cast<std::uint64_t>(groups_max));
    std::uint64_t next = 0;
    while (const auto chunk = cursor.next()) {
      CHECK(chunk->first == next);
      CHECK(chunk->size() <= static_cast<std::size_t>(groups_max));
      CHECK(chunk->offsets[chunk->size() - 1] < static_cast<std::uint64_t>(rows_max));
      next += chunk->size();
    }
    CHECK(next == 20);
  }
}

/// A table of some size, its rows in no order.
std::string shuffled_table(int rows) {
  rk::Philox random(1, 2);
  std::string text = "key,word,x,n\n";
  for (int i = 0; i < rows; ++i) {
    text += fmt::format("k{},w{},{:.17g},{}\n", random.below(50), random.below(7), random.uniform(), i);
  }
  return text;
}

TEST_CASE("a table larger than the memory allowed goes through files, with the same groups") {
  const Folder folder;
  const auto path = folder.file("t.csv", shuffled_table(20'000));
  const rk::Groups all = rk::read_groups(path, {.by = {"key"}});
  const rk::Groups cut = rk::read_groups(
      path, {.by = {"key"}, .memory_bytes = 100'000, .spill_directory = folder.path.string()});
  CHECK_FALSE(all.on_disk());
  CHECK(cut.on_disk());
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);  // they have no name
  const std::vector<rk::GroupChunk> a = one_by_one(all);
  for (int twice = 0; twice < 2; ++twice) {
    const std::vector<rk::GroupChunk> b = one_by_one(cut);
    REQUIRE(a.size() == 50);
    REQUIRE(b.size() == 50);
    for (std::size_t k = 0; k < a.size(); ++k) {
      CHECK(a[k].keys == b[k].keys);
      CHECK(a[k].row_numbers == b[k].row_numbers);
      CHECK(a[k].columns[0].codes == b[k].columns[0].codes);
      CHECK(a[k].columns[1].numbers == b[k].columns[1].numbers);
      CHECK(a[k].columns[2].integers == b[k].columns[2].integers);
    }
  }
}

TEST_CASE("groups travel as they are") {
  const Folder folder;
  const rk::Groups groups = rk::read_groups(folder.file("shop.csv", kShop), {.by = {"shop"}});
  const rk::GroupChunk chunk = everything(groups);
  std::vector<std::byte> bytes(rk::packed_bytes(chunk));
  rk::Writer writer(bytes);
  rk::pack(writer, chunk);
  rk::Reader reader(bytes);
  const auto copy = rk::unpack<rk::GroupChunk>(reader);
  CHECK(copy.keys == chunk.keys);
  CHECK(copy.offsets == chunk.offsets);
  CHECK(copy.row_numbers == chunk.row_numbers);
  CHECK(copy.columns[2].integers == chunk.columns[2].integers);
  std::vector<std::byte> schema_bytes(rk::packed_bytes(groups.schema()));
  rk::Writer schema_writer(schema_bytes);
  rk::pack(schema_writer, groups.schema());
  rk::Reader schema_reader(schema_bytes);
  const auto schema = rk::unpack<rk::TableSchema>(schema_reader);
  CHECK(schema.by == groups.schema().by);
  CHECK(schema.columns[1].categories == groups.schema().columns[1].categories);
}

TEST_CASE("a group's random numbers are named by its key, whatever is beside it") {
  const Folder folder;
  const rk::Groups both = rk::read_groups(folder.file("two.csv", "k,v\na,1\nb,2\n"), {.by = {"k"}});
  const rk::Groups alone = rk::read_groups(folder.file("one.csv", "k,v\nb,2\n"), {.by = {"k"}});
  const rk::GroupChunk two = everything(both);
  const rk::GroupChunk one = everything(alone);
  const rk::Group a(both.schema(), two, 0, 7);
  const rk::Group b(both.schema(), two, 1, 7);
  const rk::Group same(alone.schema(), one, 0, 7);
  const rk::Group other_seed(alone.schema(), one, 0, 8);
  CHECK(b.random()() == same.random()());
  CHECK(b.random()() != a.random()());
  CHECK(b.random()() != b.random(1)());
  CHECK(b.random()() != other_seed.random()());
}

}  // namespace table_test
