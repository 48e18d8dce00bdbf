// SPDX-License-Identifier: Apache-2.0
// Types with a Boost `serialize`: public and private members, free functions, inside containers.
#include <rankine/serialize/boost.hpp>

#include <boost/serialization/access.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include "round_trip.hpp"

using namespace rankine;
using rankine_test::packed;
using rankine_test::round_trip;

namespace user {

struct Fit {
  std::string name;
  std::vector<double> parameters;
  std::map<std::string, int> counts;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& name& parameters& counts;
  }
  bool operator==(const Fit&) const = default;
};

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  bool operator==(const Secret&) const = default;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& text_;
  }
  std::string text_;
};

struct Free {
  std::string text;
  bool operator==(const Free&) const = default;
};
template <class Archive>
void serialize(Archive& archive, Free& value, unsigned) {
  archive& value.text;
}

struct Foreign {
  std::string text;
  bool operator==(const Foreign&) const = default;
};

struct Nothing {
  std::string none;
  template <class Archive>
  void serialize(Archive&, unsigned) {}
};

}  // namespace user

namespace boost::serialization {
template <class Archive>
void serialize(Archive& archive, user::Foreign& value, unsigned) {
  archive& value.text;
}
}  // namespace boost::serialization

template <>
inline constexpr bool rankine::uses_boost_serialization<user::Secret> = true;
template <>
inline constexpr bool rankine::uses_boost_serialization<user::Foreign> = true;

static_assert(Travels<user::Fit> && Travels<user::Secret> && Travels<user::Free> && Travels<user::Foreign>);
static_assert(!Travels<std::unique_ptr<int>> && !Travels<std::shared_ptr<int>>);

TEST_CASE("types with a Boost serialize come back equal") {
  const user::Fit fit{"theta", {1.5, 2.5}, {{"n", 3}}};
  CHECK(round_trip(fit) == fit);
  CHECK(round_trip(user::Fit{}) == user::Fit{});
  CHECK(round_trip(user::Secret("s")) == user::Secret("s"));
  CHECK(round_trip(user::Free{"f"}) == user::Free{"f"});
  CHECK(round_trip(user::Foreign{"g"}) == user::Foreign{"g"});
  CHECK(round_trip(std::vector<user::Nothing>(4)).size() == 4);
}

TEST_CASE("they nest in containers, with values before and after") {
  const std::tuple<int, std::vector<user::Fit>, std::string> value{
      1, {{"a", {1}, {}}, {"b", {}, {{"x", 1}}}}, "end"};
  CHECK(round_trip(value) == value);
}

TEST_CASE("a truncated archive is a SerializeError at every length") {
  const std::vector<std::byte> bytes = packed(user::Fit{"theta", {1.5, 2.5}, {{"n", 3}}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Reader reader(std::span<const std::byte>(bytes).first(size));
    REQUIRE_THROWS_AS(unpack<user::Fit>(reader), SerializeError);
  }
}

// Boost asks for the memory before it looks at what is left; the sanitizers' allocators end the process then.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("an impossible length inside an archive is a SerializeError") {
  std::vector<std::byte> bytes = packed(user::Fit{"theta", {}, {}});
  const auto at = std::search(bytes.begin(), bytes.end(), reinterpret_cast<const std::byte*>("theta"),
                              reinterpret_cast<const std::byte*>("theta") + 5);
  REQUIRE(at != bytes.end());
  std::fill(at - 8, at, std::byte{0x7f});
  Reader reader(bytes);
  CHECK_THROWS_AS(unpack<user::Fit>(reader), SerializeError);
}
#endif
