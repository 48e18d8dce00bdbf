// SPDX-License-Identifier: Apache-2.0
#include "transport/choice.hpp"

#include <string>

#include <rankine/core/error.hpp>

#include "catch.hpp"

namespace rankine::transport {
namespace {

TEST_CASE("a wish is node, rma, p2p or auto", "[transport]") {
  REQUIRE(parse_wish("") == TransportWish::automatic);
  REQUIRE(parse_wish("auto") == TransportWish::automatic);
  REQUIRE(parse_wish("node") == TransportWish::node);
  REQUIRE(parse_wish("rma") == TransportWish::rma);
  REQUIRE(parse_wish("p2p") == TransportWish::p2p);
  for (const char* wrong : {"RMA", "tcp", "p2p ", "0"}) {
    try {
      parse_wish(wrong);
      FAIL("accepted " << wrong);
    } catch (const InputError& error) {
      const std::string words = error.what();
      REQUIRE(words.find("RANKINE_TRANSPORT is \"" + std::string(wrong) + "\"") != std::string::npos);
      REQUIRE(words.find("rma") != std::string::npos);
    }
  }
}

TEST_CASE("one-sided messaging is the rule, two-sided where it is clearly better", "[transport]") {
  constexpr Trial kFast{true, 20, 0.6};
  constexpr Trial kTcp{true, 20, 60};
  constexpr Trial kTwoSided{true, 20, 10};
  constexpr Trial kDead{};
  for (const bool one_node : {false, true}) {
    REQUIRE_FALSE(prefer_p2p(kFast, kTwoSided, one_node));
    REQUIRE(prefer_p2p(kDead, kTwoSided, one_node));
    REQUIRE_FALSE(prefer_p2p(kTcp, kDead, one_node));
    REQUIRE_FALSE(prefer_p2p({true, 20, 3.0}, {true, 20, 1.0}, one_node));  // microseconds: noise
    REQUIRE_FALSE(prefer_p2p({true, 20, 100}, {true, 20, 60}, one_node));   // not twice
  }
  REQUIRE(prefer_p2p(kTcp, kTwoSided, false));
  REQUIRE_FALSE(prefer_p2p(kTcp, kTwoSided, true));  // a busy machine
}

}  // namespace
}  // namespace rankine::transport
