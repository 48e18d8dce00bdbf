// SPDX-License-Identifier: Apache-2.0
// Where a journal ends: complete, cut off anywhere, damaged anywhere.
#include "journal/index.hpp"
#include "journal/scan.hpp"

#include <cstring>

#include <rankine/core/hash.hpp>

#include "journal_test.hpp"

namespace rankine::journal {
namespace {

/// Magic, program, function, four tasks; `ends` gets the end of each record.
std::vector<std::byte> small_journal(std::vector<std::size_t>& ends) {
  std::vector<std::byte> bytes(sizeof kMagic);
  std::memcpy(bytes.data(), kMagic, sizeof kMagic);
  const auto add = [&](const Record& record) {
    REQUIRE(encode(record, bytes));
    ends.push_back(bytes.size());
  };
  add(program());
  add(Function{0, "f", "f(int)"});
  for (std::uint64_t key = 1; key <= 4; ++key)
    add(task(key, bytes_of(std::string("result ").append(std::to_string(key)))));
  return bytes;
}

std::size_t records_in(Scanner& scanner) {
  std::size_t count = 0;
  while (scanner.next()) ++count;
  return count;
}

TEST_CASE("a journal is read to its end") {
  std::vector<std::size_t> ends;
  const auto bytes = small_journal(ends);
  Scanner scanner(read_from(bytes), bytes.size());
  CHECK(records_in(scanner) == ends.size());
  CHECK(scanner.ending() == Ending::complete);
  CHECK(scanner.good_bytes() == bytes.size());
  CHECK(scanner.trouble().empty());
}

TEST_CASE("a journal cut off at any byte keeps the records before") {
  std::vector<std::size_t> ends;
  const auto bytes = small_journal(ends);
  for (std::size_t cut = sizeof kMagic; cut < bytes.size(); ++cut) {
    INFO("cut at " << cut);
    const auto some = std::span<const std::byte>(bytes).first(cut);
    Scanner scanner(read_from(some), cut);
    std::size_t whole = 0, last = sizeof kMagic;
    for (const std::size_t end : ends) {
      if (end > cut) break;
      ++whole;
      last = end;
    }
    CHECK(records_in(scanner) == whole);
    CHECK(scanner.good_bytes() == last);
    CHECK(scanner.ending() == (cut == last ? Ending::complete : Ending::torn));
  }
}

TEST_CASE("any flipped byte is found and what lies before is kept") {
  std::vector<std::size_t> ends;
  const auto bytes = small_journal(ends);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    INFO("flipped at " << at);
    auto bad = bytes;
    bad[at] ^= std::byte{0x40};
    Scanner scanner(read_from(bad), bad.size());
    std::size_t whole = 0, last = sizeof kMagic;
    for (const std::size_t end : ends) {
      if (end > at) break;
      ++whole;
      last = end;
    }
    CHECK(records_in(scanner) == (at < sizeof kMagic ? 0 : whole));
    CHECK(scanner.ending() != Ending::complete);
    CHECK_FALSE(scanner.trouble().empty());
    if (at < sizeof kMagic) {
      CHECK(scanner.ending() == Ending::foreign);
    } else {
      CHECK(scanner.good_bytes() == last);
      // In the last record it cannot be told from a write that did not end.
      if (last != ends[ends.size() - 2]) CHECK(scanner.ending() == Ending::damaged);
    }
  }
}

TEST_CASE("zeros behind the last record are a torn tail") {
  std::vector<std::size_t> ends;
  auto bytes = small_journal(ends);
  bytes.resize(bytes.size() + 3'000'000);
  Scanner scanner(read_from(bytes), bytes.size());
  CHECK(records_in(scanner) == ends.size());
  CHECK(scanner.ending() == Ending::torn);
  CHECK(scanner.good_bytes() == ends.back());
}

TEST_CASE("records larger than the window are read") {
  std::vector<std::byte> bytes(sizeof kMagic);
  std::memcpy(bytes.data(), kMagic, sizeof kMagic);
  const auto large = bytes_of(std::string(5'000'000, 'x'));
  REQUIRE(encode(program(), bytes));
  for (int i = 0; i < 3; ++i)
    REQUIRE(encode(Saved{std::string("s").append(std::to_string(i)), large}, bytes));
  Scanner scanner(read_from(bytes), bytes.size());
  CHECK(records_in(scanner) == 4);
  CHECK(scanner.ending() == Ending::complete);
}

TEST_CASE("a second program record makes no sense") {
  std::vector<std::byte> bytes(sizeof kMagic);
  std::memcpy(bytes.data(), kMagic, sizeof kMagic);
  REQUIRE(encode(program(), bytes));
  const std::size_t good = bytes.size();
  REQUIRE(encode(program(), bytes));
  Scanner scanner(read_from(bytes), bytes.size());
  CHECK(records_in(scanner) == 1);
  CHECK(scanner.ending() == Ending::damaged);
  CHECK(scanner.good_bytes() == good);
}

TEST_CASE("results are found by key, function and arguments, and by nothing less") {
  std::vector<std::size_t> ends;
  auto bytes = small_journal(ends);
  const auto a = bytes_of("a"), b = bytes_of("b");
  Tasks range{0, 77, true, 10, 5, {{100, a}, {101, b}}};
  REQUIRE(encode(range, bytes));
  Scanner scanner(read_from(bytes), bytes.size());
  Index index;
  index.read(scanner);
  CHECK(index.tasks() == 6);
  const std::uint64_t f = hash_text("f");
  const auto result = [&](const TaskName& name) -> std::string {
    const auto found = index.find(name);
    if (!found) return "none";
    return text_of(std::span<const std::byte>(bytes).subspan(found->offset, found->bytes));
  };
  CHECK(result({f, 3, false, 0, 7}) == "result 3");
  CHECK(result({f, 77, true, 11, 101}) == "b");
  CHECK(result({f, 3, false, 0, 8}) == "none");
  CHECK(result({f + 1, 3, false, 0, 7}) == "none");
  CHECK(result({f, 5, false, 0, 7}) == "none");
  CHECK(result({f, 77, true, 12, 101}) == "none");
  CHECK(result({f, 77, false, 0, 101}) == "none");
  CHECK(index.function_number(f) == 0);
  CHECK_FALSE(index.function_number(f + 1).has_value());
}

TEST_CASE("of an actor and a saved value the last one counts") {
  std::vector<std::size_t> ends;
  auto bytes = small_journal(ends);
  const auto one = bytes_of("one"), two = bytes_of("two");
  for (const auto& state : {one, two}) {
    REQUIRE(encode(Checkpoint{"counter", "Counter", 3, state}, bytes));
    REQUIRE(encode(Saved{"epoch", state}, bytes));
  }
  Scanner scanner(read_from(bytes), bytes.size());
  Index index;
  index.read(scanner);
  REQUIRE(index.actor("counter") != nullptr);
  CHECK(index.actor("counter")->class_hash == 3);
  const auto view = std::span<const std::byte>(bytes);
  CHECK(text_of(view.subspan(index.actor("counter")->state.offset, 3)) == "two");
  REQUIRE(index.saved("epoch").has_value());
  CHECK(text_of(view.subspan(index.saved("epoch")->offset, 3)) == "two");
  CHECK(index.actor("other") == nullptr);
  CHECK_FALSE(index.saved("other").has_value());
}

}  // namespace
}  // namespace rankine::journal
