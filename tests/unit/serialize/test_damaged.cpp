// SPDX-License-Identifier: Apache-2.0
// Truncated and damaged bytes: always a SerializeError or a value, never a read beyond or a huge allocation.
#include <random>

#include "round_trip.hpp"

using namespace rankine;
using rankine_test::packed;

namespace {

using Composite = std::tuple<int, std::string, std::vector<double>, std::vector<bool>,
                             std::map<std::string, std::list<int>>, std::variant<int, std::string>,
                             std::optional<std::vector<std::string>>, Array<float>, std::unordered_set<int>,
                             std::array<std::deque<short>, 2>>;

Composite composite() {
  return {7,
          "text",
          {1, 2, 3},
          {true, false, true},
          {{"a", {1, 2}}, {"b", {}}},
          std::string("variant"),
          std::vector<std::string>{"x", "yy"},
          Array<float>(5, [](std::size_t i) { return static_cast<float>(i); }),
          {1, 2, 3},
          {std::deque<short>{1}, std::deque<short>{2, 3}}};
}

template <class T>
T unpack_from(std::span<const std::byte> bytes) {
  // An exact copy on the heap: a read beyond the end is seen by AddressSanitizer.
  const std::vector<std::byte> exact(bytes.begin(), bytes.end());
  Reader reader(exact);
  return unpack<T>(reader);
}

template <class T>
void check_count_refused(std::uint64_t count) {
  std::vector<std::byte> bytes(64);
  std::memcpy(bytes.data(), &count, sizeof count);
  CHECK_THROWS_AS(unpack_from<T>(bytes), SerializeError);
}

}  // namespace

TEST_CASE("a composite truncated at any byte is a SerializeError") {
  const std::vector<std::byte> bytes = packed(composite());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE_THROWS_AS(unpack_from<Composite>(std::span(bytes).first(size)), SerializeError);
  }
  CHECK(std::get<1>(unpack_from<Composite>(bytes)) == "text");
}

TEST_CASE("the text of a truncation names what was expected and what is left") {
  const std::array<std::byte, 5> bytes{};
  Reader reader(bytes);
  const std::string text = thrown<rankine::SerializeError>([&] { unpack<double>(reader); });
  CHECK(contains(text, "expected 8"));
  CHECK(contains(text, "5 are left"));
}

TEST_CASE("lengths that the rest cannot hold are refused before anything is allocated") {
  for (const std::uint64_t count :
       {std::uint64_t{57}, std::uint64_t{1} << 32, std::uint64_t{1} << 61, ~std::uint64_t{0}}) {
    check_count_refused<std::string>(count);
    check_count_refused<std::u32string>(count);
    check_count_refused<std::vector<double>>(count);
    check_count_refused<std::vector<std::string>>(count);
    check_count_refused<std::vector<std::tuple<>>>(count);
    check_count_refused<std::list<std::vector<int>>>(count);
    check_count_refused<std::map<int, int>>(count);
    check_count_refused<std::unordered_set<char>>(count);
    check_count_refused<Array<char>>(count);
  }
  check_count_refused<std::vector<bool>>(449);
  check_count_refused<std::vector<bool>>(~std::uint64_t{0});
}

TEST_CASE("a key that comes twice and an index out of range are damage") {
  CHECK_THROWS_AS((unpack_from<std::map<int, int>>(packed(std::vector<std::pair<int, int>>{{1, 1}, {1, 2}}))),
                  SerializeError);
  CHECK_THROWS_AS(unpack_from<std::set<int>>(packed(std::vector<int>{4, 4})), SerializeError);
  CHECK_THROWS_AS((unpack_from<std::variant<int, char>>(packed(std::pair<std::uint32_t, int>{2, 0}))),
                  SerializeError);
}

TEST_CASE("flipped bytes give a value or a SerializeError, nothing else") {
  const std::vector<std::byte> good = packed(composite());
  std::mt19937_64 random(1);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bytes = good;
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    try {
      unpack_from<Composite>(bytes);
    } catch (const SerializeError&) {
      ++refused;
    }
  }
  CHECK(refused > 1'000);
}
