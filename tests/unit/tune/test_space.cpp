// SPDX-License-Identifier: Apache-2.0
// Dimensions to the unit interval and back, conditions, constraints, tables, what is refused.
#include <cmath>
#include <set>

#include <rankine/core/error.hpp>
#include <rankine/tune/space.hpp>

#include "catch.hpp"

namespace tune = rankine::tune;

namespace {

tune::Space optimiser_space() {
  tune::Space space;
  space.add(tune::categorical("optimiser", {"sgd", "adam"}));
  space.add(tune::log_uniform("lr", 1e-5, 1));
  space.add(tune::uniform("momentum", 0, 1).when("optimiser", {"sgd"}));
  space.add(tune::integer("layers", 1, 3));
  space.add(tune::uniform("dropout", 0, 0.5).when("layers", {"2", "3"}));
  return space;
}

}  // namespace

TEST_CASE("every value of a finite dimension goes to its cell and comes back") {
  const std::vector<tune::Dimension> finite = {
      tune::integer("i", -3, 9),         tune::log_integer("n", 1, 500),
      tune::quantised("q", 0, 1, 0.05),  tune::categorical("c", {"a", "b", "c"}),
      tune::levels("l", {16, 1, 64, 4}), tune::levels("z", {0, 0.01, 0.1, 1}, true),
  };
  for (const tune::Dimension& d : finite) {
    double before = -1;
    for (std::size_t k = 0; k < d.cardinality(); ++k) {
      const double value = d.value_at(k), unit = d.to_unit(value);
      INFO(d.name << " value " << value);
      CHECK(d.from_unit(unit) == value);
      CHECK(unit > before);
      before = unit;
    }
    CHECK(d.from_unit(0) == d.value_at(0));
    CHECK(d.from_unit(1) == d.value_at(d.cardinality() - 1));
  }
}

TEST_CASE("logarithmic dimensions are even in the logarithm; a level of 0 lies one step below the others") {
  CHECK(tune::log_uniform("x", 1e-4, 1).from_unit(0.5) == Approx(1e-2));
  CHECK(tune::log_uniform("x", 1e-4, 1).to_unit(1e-3) == Approx(0.25));
  const tune::Dimension z = tune::levels("z", {0, 0.01, 0.1, 1}, true);
  CHECK(z.to_unit(0) == Approx(0.125));
  CHECK(z.to_unit(1) == Approx(0.875));
}

TEST_CASE("inactive dimensions are not there") {
  const tune::Space space = optimiser_space();
  const auto sgd = space.from_unit({0.1, 1, 0.5, 0.1, 0.5});
  CHECK(space.describe(sgd) == "optimiser=sgd lr=1 momentum=0.5 layers=1");
  const auto adam = space.from_unit({0.9, 0.5, 0.5, 0.9, 0.5});
  CHECK(std::isnan(adam.values[2]));
  CHECK(space.parameters(adam).number("dropout") == 0.25);
  CHECK(space.parameters(adam).integer("layers") == 3);
  CHECK_THROWS_WITH(space.parameters(adam).number("momentum"), ContainsSubstring("optimiser, lr, layers"));
  CHECK(space.configuration({{"optimiser", "adam"}, {"lr", "0.5"}, {"layers", "1"}}).values[3] == 1);
  CHECK_THROWS_WITH(
      space.configuration({{"optimiser", "adam"}, {"lr", "0.5"}, {"layers", "1"}, {"momentum", "1"}}),
      ContainsSubstring("inactive"));
  CHECK_THROWS_WITH(space.configuration({{"optimiser", "sgd"}, {"lr", "0.5"}, {"layers", "1"}}),
                    ContainsSubstring("lacks \"momentum\""));
  tune::Configuration same = adam;
  CHECK(same == adam);
  CHECK(same.hash() == adam.hash());
  same.values[1] = 0.25;
  CHECK_FALSE(same == adam);
  CHECK(same.hash() != adam.hash());
}

TEST_CASE("constraints hold in every draw, and one that never holds is named") {
  tune::Space space;
  space.add(tune::uniform("a", 0, 1)).add(tune::uniform("b", 0, 1));
  space.constrain("a < b", [](const auto&, const auto& c) { return c.values[0] < c.values[1]; });
  rankine::Philox random(1, 2);
  for (int i = 0; i < 100; ++i) {
    const auto drawn = space.draw(random);
    CHECK(drawn.values[0] < drawn.values[1]);
  }
  tune::Space nothing;
  nothing.add(tune::uniform("a", 0, 1)).constrain("never", [](const auto&, const auto&) { return false; });
  CHECK_THROWS_WITH(nothing.draw(random), ContainsSubstring("never"));
}

TEST_CASE("what is no space is refused in words") {
  CHECK_THROWS_WITH(tune::log_uniform("lr", 0, 1), ContainsSubstring("\"lr\""));
  CHECK_THROWS_WITH(tune::uniform("x", 2, 1), ContainsSubstring("above"));
  CHECK_THROWS_WITH(tune::integer("n", 0.5, 1), ContainsSubstring("whole"));
  CHECK_THROWS_WITH(tune::categorical("c", {"a", "a"}), ContainsSubstring("twice"));
  CHECK_THROWS_WITH(tune::quantised("q", 0, 1, 0), ContainsSubstring("step"));
  tune::Space space;
  space.add(tune::uniform("x", 0, 1));
  CHECK_THROWS_WITH(space.add(tune::uniform("x", 0, 1)), ContainsSubstring("two dimensions"));
  CHECK_THROWS_WITH(space.add(tune::uniform("y", 0, 1).when("z", {"1"})),
                    ContainsSubstring("no dimension \"z\""));
  CHECK_THROWS_WITH(space.add(tune::uniform("y", 0, 1).when("x", {"1"})),
                    ContainsSubstring("no separate values"));
  CHECK_THROWS_WITH(space.set_rows({{1, 2}}), ContainsSubstring("dimensions"));
}

TEST_CASE("another space has another fingerprint") {
  tune::Space a = optimiser_space(), b = optimiser_space(), c;
  CHECK(a.fingerprint() == b.fingerprint());
  b.add(tune::uniform("more", 0, 1));
  CHECK(a.fingerprint() != b.fingerprint());
}
