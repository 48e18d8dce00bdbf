// SPDX-License-Identifier: Apache-2.0
// What commands printed, written by several at once and read back, whole files and cut ones.
#include <catch.hpp>

#include <fstream>

#include <rankine/core/error.hpp>

#include "farm/output_store.hpp"
#include "temporary_folder.hpp"

namespace farm = rankine::farm;

namespace {

std::string read(const farm::OutputReader& reader, std::uint64_t key) {
  std::string text;
  const farm::OutputEntry* entry = reader.last(key);
  if (entry == nullptr) return "nothing";
  reader.read(*entry, [&](farm::Stream stream, std::span<const char> bytes) {
    text += stream == farm::Stream::error ? "E:" : "O:";
    text.append(bytes.data(), bytes.size());
  });
  return text;
}

void write(farm::OutputWriter& writer, std::uint64_t key, const std::string& text, std::int64_t ended_ns) {
  farm::OutputEntry entry = writer.begin();
  entry.key = key;
  entry.ended_ns = ended_ns;
  writer.append(entry, farm::Stream::output, text);
  writer.end(entry);
}

}  // namespace

TEST_CASE("pieces of several commands lie between each other") {
  const TemporaryFolder folder;
  {
    farm::OutputWriter writer(folder.path / "output" / "a");
    farm::OutputEntry one = writer.begin();
    farm::OutputEntry two = writer.begin();
    one.key = 1;
    two.key = 2;
    writer.append(one, farm::Stream::output, std::string("a"));
    writer.append(two, farm::Stream::output, std::string(100'000, 'x'));
    writer.append(one, farm::Stream::error, std::string("b"));
    writer.end(one);
    writer.append(two, farm::Stream::output, std::string("y"));
    writer.end(two);
  }
  const farm::OutputReader reader(folder.path / "output");
  CHECK(reader.attempts() == 2);
  CHECK(read(reader, 1) == "O:aE:b");
  CHECK(read(reader, 2) == "O:" + std::string(100'000, 'x') + "O:y");
  CHECK(read(reader, 3) == "nothing");
}

TEST_CASE("the last attempt counts, whichever file it is in, and what is cut off does not") {
  const TemporaryFolder folder;
  {
    farm::OutputWriter first(folder.path / "a");
    farm::OutputWriter second(folder.path / "b");
    write(second, 1, "old", 10);
    write(first, 1, "new", 20);
    write(first, 2, "torn", 30);
  }
  std::filesystem::resize_file(folder.path / "a.index", 2 * sizeof(farm::OutputEntry) - 1);
  const farm::OutputReader reader(folder.path);
  CHECK(read(reader, 1) == "O:new");
  CHECK(read(reader, 2) == "nothing");
  std::filesystem::resize_file(folder.path / "a.out", 10);
  CHECK_THROWS_AS(read(reader, 1), rankine::InputError);
  CHECK_THROWS_AS(farm::OutputReader(folder.path / "nowhere"), rankine::InputError);
}

TEST_CASE("a file that cannot be written is named") {
  const TemporaryFolder folder;
  std::ofstream(folder.path / "file") << "x";
  farm::OutputWriter writer(folder.path / "file" / "a");
  CHECK_THROWS_WITH(writer.begin(), ContainsSubstring("file/a.out): Not a directory"));
}
