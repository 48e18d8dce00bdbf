// SPDX-License-Identifier: Apache-2.0
// Round trips of the standard library's values: empty, nested, and a thousand random ones.
#include <random>
#include <stdexcept>

#include "round_trip.hpp"

using namespace rankine;
using rankine_test::packed;
using rankine_test::round_trip;

namespace {

class NoDefault {
 public:
  explicit NoDefault(int n) : n_(n) {}
  bool operator==(const NoDefault&) const = default;

 private:
  int n_;
};

struct Draw {
  std::mt19937_64 generator;
  std::size_t size() { return generator() % 5; }
  int number() { return static_cast<int>(generator()); }
  std::string text() {
    std::string text(generator() % 40, ' ');
    for (char& c : text) c = static_cast<char>(generator());
    return text;
  }
};

using Composite = std::tuple<std::map<std::string, std::vector<std::optional<double>>>,
                             std::variant<int, std::string, std::vector<bool>>,
                             std::list<std::deque<std::array<std::string, 2>>>,
                             std::unordered_map<int, std::set<std::string>>, std::pair<bool, std::u16string>>;

Composite random_composite(std::uint64_t seed) {
  Draw draw{std::mt19937_64(seed)};
  Composite value;
  for (std::size_t i = draw.size(); i-- > 0;) {
    auto& row = std::get<0>(value)[draw.text()];
    for (std::size_t j = draw.size(); j-- > 0;) {
      row.push_back(draw.number() % 2 == 0 ? std::optional<double>(draw.number()) : std::nullopt);
    }
  }
  switch (draw.generator() % 3) {
    case 0:
      std::get<1>(value) = draw.number();
      break;
    case 1:
      std::get<1>(value) = draw.text();
      break;
    default: {
      std::vector<bool> bits(draw.generator() % 20);
      for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = draw.number() % 2 == 0;
      std::get<1>(value) = bits;
    }
  }
  for (std::size_t i = draw.size(); i-- > 0;) {
    std::get<2>(value).emplace_back();
    for (std::size_t j = draw.size(); j-- > 0;)
      std::get<2>(value).back().push_back({draw.text(), draw.text()});
  }
  for (std::size_t i = draw.size(); i-- > 0;) {
    auto& keys = std::get<3>(value)[draw.number()];
    for (std::size_t j = draw.size(); j-- > 0;) keys.insert(draw.text());
  }
  std::get<4>(value) = {draw.number() % 2 == 0, std::u16string(draw.size(), u'\u20ac')};
  return value;
}

}  // namespace

TEST_CASE("empty containers come back empty") {
  CHECK(round_trip(std::string{}).empty());
  CHECK(round_trip(std::vector<double>{}).empty());
  CHECK(round_trip(std::vector<bool>{}).empty());
  CHECK(round_trip(std::vector<std::string>{}).empty());
  CHECK(round_trip(std::map<int, int>{}).empty());
  CHECK(round_trip(std::optional<int>{}) == std::nullopt);
  CHECK(round_trip(std::tuple<>{}) == std::tuple<>{});
  CHECK(round_trip(std::vector<std::tuple<>>(3)).size() == 3);
  CHECK(round_trip(std::vector<std::array<int, 0>>(3)).size() == 3);
  CHECK(round_trip(std::monostate{}) == std::monostate{});
}

TEST_CASE("each family comes back equal") {
  CHECK(round_trip(std::string("a\0b", 3)) == std::string("a\0b", 3));
  CHECK(round_trip(std::vector<NoDefault>{NoDefault(1), NoDefault(2)}) ==
        std::vector<NoDefault>{NoDefault(1), NoDefault(2)});
  CHECK(round_trip(std::array<std::string, 2>{"a", "bc"}) == std::array<std::string, 2>{"a", "bc"});
  CHECK(round_trip(std::array<double, 3>{1, 2, 3}) == std::array<double, 3>{1, 2, 3});
  CHECK(round_trip(std::multimap<int, int>{{1, 2}, {1, 3}}) == std::multimap<int, int>{{1, 2}, {1, 3}});
  CHECK(round_trip(std::multiset<int>{1, 1, 2}) == std::multiset<int>{1, 1, 2});
  CHECK(round_trip(std::unordered_multiset<int>{1, 1, 2}) == std::unordered_multiset<int>{1, 1, 2});
  CHECK(round_trip(std::unordered_multimap<int, int>{{1, 1}, {1, 2}}) ==
        std::unordered_multimap<int, int>{{1, 1}, {1, 2}});
  CHECK(round_trip(std::unordered_set<std::string>{"x", "y"}) == std::unordered_set<std::string>{"x", "y"});
  CHECK(round_trip(std::deque<int>{3, 2, 1}) == std::deque<int>{3, 2, 1});
  CHECK(round_trip(std::list<std::string>{"l"}) == std::list<std::string>{"l"});
  CHECK(round_trip(std::variant<int, double, std::string>{2.5}) ==
        std::variant<int, double, std::string>{2.5});
  CHECK(round_trip(std::variant<int, int>{std::in_place_index<1>, 4}).index() == 1);
}

TEST_CASE("vector<bool> of every length up to 70 keeps its bits in an eighth of the bytes") {
  for (std::size_t size = 0; size <= 70; ++size) {
    std::vector<bool> bits(size);
    for (std::size_t i = 0; i < size; ++i) bits[i] = (i * 7 + size) % 3 == 0;
    REQUIRE(packed_bytes(bits) == 8 + (size + 7) / 8);
    REQUIRE(round_trip(bits) == bits);
  }
}

TEST_CASE("straight elements are one run, at any address") {
  const std::vector<double> values{1, 2, 3};
  CHECK(packed_bytes(values) == 8 + 24);
  for (char shift = 0; shift < 9; ++shift) {
    const std::pair<std::string, std::vector<double>> value{std::string(static_cast<std::size_t>(shift), 'x'),
                                                            values};
    CHECK(round_trip(value) == value);
  }
}

TEST_CASE("a span arrives as a vector and a string_view as a string") {
  const std::vector<int> values{1, 2, 3};
  CHECK(packed(std::span<const int>(values)) == packed(values));
  CHECK(packed(std::string_view("text")) == packed(std::string("text")));
  const std::vector<std::string> texts{"a", "bb"};
  CHECK(packed(std::span<const std::string>(texts)) == packed(texts));
}

TEST_CASE("a variant that lost its value is refused") {
  std::variant<std::string, std::deque<int>> value{"text"};
  CHECK_THROWS_AS(value.emplace<1>(~std::size_t{0}), std::length_error);
  REQUIRE(value.valueless_by_exception());
  std::array<std::byte, 64> memory;
  Writer writer(memory);
  CHECK_THROWS_AS(pack(writer, value), SerializeError);
}

TEST_CASE("a thousand random composites come back equal") {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const Composite value = random_composite(seed);
    REQUIRE(round_trip(value) == value);
  }
}
