// SPDX-License-Identifier: Apache-2.0
// Tables in HDF5: a dataset a column.
#include <string>
#include <vector>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/hdf5_writer.hpp"
#include "tables.hpp"

namespace table_test {

namespace files = rankine::files;

/// A table of 70,000 rows (more than a block), and the same as CSV.
struct Twins {
  std::filesystem::path hdf5;
  std::filesystem::path csv;
};
Twins make_twins(const Folder& folder) {
  constexpr std::size_t rows = 70'000;
  std::vector<std::int64_t> store(rows);
  std::vector<std::string> kind(rows);
  std::vector<double> amount(rows);
  std::string csv = "store,kind,amount\n";
  for (std::size_t k = 0; k < rows; ++k) {
    store[k] = static_cast<std::int64_t>(k * 7 % 13);
    kind[k] = fmt::format("kind{}", k % 5);
    amount[k] = 0.25 * static_cast<double>(k) + 0.125;
    csv += fmt::format("{},{},{}\n", store[k], kind[k], amount[k]);
  }
  files::Hdf5Writer file(folder.path / "t.h5");
  file.write("store", std::span<const std::int64_t>(store));
  file.write("kind", std::span<const std::string>(kind));
  file.write("amount", std::span<const double>(amount));
  file.close();
  return {folder.path / "t.h5", folder.file("t.csv", csv)};
}

TEST_CASE("an HDF5 table gives the groups that the same table gives as CSV, in memory and through files") {
  const Folder folder;
  const Twins twins = make_twins(folder);
  for (const std::uint64_t memory : {std::uint64_t{1} << 30, std::uint64_t{200'000}}) {
    const rk::GroupOptions options{.by = {"store"}, .columns = {"kind", "amount"}, .memory_bytes = memory};
    const rk::Groups a = rk::read_groups(twins.hdf5, options);
    const rk::Groups b = rk::read_groups(twins.csv, options);
    CHECK(a.on_disk() == (memory == 200'000));
    CHECK(a.schema().columns[0].categories == b.schema().columns[0].categories);
    const auto one = one_by_one(a);
    const auto other = one_by_one(b);
    REQUIRE(one.size() == 13);
    REQUIRE(other.size() == 13);
    for (std::size_t k = 0; k < one.size(); ++k) {
      CHECK(one[k].keys == other[k].keys);
      CHECK(one[k].row_numbers == other[k].row_numbers);
      CHECK(one[k].columns[0].codes == other[k].columns[0].codes);
      CHECK(one[k].columns[1].numbers == other[k].columns[1].numbers);
    }
  }
}

TEST_CASE("HDF5 columns of texts may be keys or be asked for as texts; integers stay integers") {
  const Folder folder;
  const rk::Groups groups = rk::read_groups(make_twins(folder).hdf5, {.by = {"kind"}, .columns = {"store"}});
  REQUIRE(groups.size() == 5);
  CHECK(groups.key(2) == std::vector<std::string>{"kind2"});
  CHECK(groups.schema().columns[0].type == rk::ColumnType::integer);
  CHECK(everything(groups).columns[0].integers[1] == 35 % 13);
  const rk::Groups texts =
      rk::read_groups(folder.path / "t.h5", {.by = {"kind"}, .columns = {"store"}, .texts = {"store"}});
  CHECK(texts.schema().columns[0].categories[1] == "7");
}

TEST_CASE("HDF5 files that are no table are refused in words") {
  const Folder folder;
  const auto said = [&folder](const char* name, const rk::GroupOptions& options) -> std::string {
    try {
      rk::read_groups(folder.path / name, options);
      return {};
    } catch (const rk::InputError& error) {
      return error.what();
    }
  };
  {
    files::Hdf5Writer file(folder.path / "lengths.h5");
    file.write("a", std::span<const double>(std::vector<double>{1, 2, 3}));
    file.write("b", std::span<const double>(std::vector<double>{1, 2}));
    file.write("c", std::span<const std::string>(std::vector<std::string>{"x", "1", "y"}));
    file.close();
  }
  CHECK(said("lengths.h5", {}).find("column \"a\" has 3 rows, column \"b\" has 2") != std::string::npos);
  CHECK(said("lengths.h5", {.columns = {"a"}}).empty());
  CHECK(said("lengths.h5", {.columns = {"c"}, .numbers = {"c"}})
            .find("lengths.h5, row 0, column \"c\": \"x\" is not a number") != std::string::npos);
  CHECK(said("lengths.h5", {.columns = {"nothing"}}).find("there are: a, b, c") != std::string::npos);
  {
    files::Hdf5Writer file(folder.path / "empty.h5");
    file.close();
  }
  CHECK(said("empty.h5", {}).find("has no dataset in its root group") != std::string::npos);
  {
    files::Hdf5Writer file(folder.path / "square.h5");
    append(file.column<double>("m", {2}), std::span<const double>(std::vector<double>{1, 2, 3, 4}));
    file.close();
  }
  CHECK(said("square.h5", {}).find("dataset m of") != std::string::npos);
  std::filesystem::resize_file(folder.path / "lengths.h5", 200);
  CHECK(said("lengths.h5", {}).find("not a readable HDF5 file") != std::string::npos);
}

}  // namespace table_test
