// SPDX-License-Identifier: Apache-2.0
// Spaces and constraints from TOML, and what is said of wrong ones.
#include <cmath>
#include <string>

#include <rankine/core/error.hpp>
#include <rankine/tune/space_toml.hpp>

#include "catch.hpp"

namespace tune = rankine::tune;

namespace {

constexpr const char* kWhole = R"(
constraints = ["layers * width <= 400", "2 * (lr + 1) < 3.5"]
[space]
lr = { log_uniform = [1e-5, 1] }
optimiser = ["sgd", "adam"]
momentum = { uniform = [0, 0.99], when = { optimiser = "sgd" } }
layers = { integer = [1, 8] }
width = { log_integer = [16, 1024] }
dropout = { quantised = [0, 0.5, 0.1], when = { layers = [2, 3] } }
batch = { levels = [64, 16, 32] }
decay = { log_levels = [0, 0.001, 0.1] }
flag = [true, false]
)";

void refuses(const std::string& text, const std::string& words) {
  INFO(text);
  CHECK_THROWS_WITH(tune::parse_space(text, "s.toml"),
                    ContainsSubstring(words) && ContainsSubstring("s.toml, line"));
}

}  // namespace

TEST_CASE("a space from TOML has its dimensions in the order of the file") {
  const tune::Space space = tune::parse_space(kWhole, "s.toml");
  std::string names;
  for (const auto& d : space.dimensions()) names += d.name + " ";
  CHECK(names == "lr optimiser momentum layers width dropout batch decay flag ");
  CHECK(space.dimension(0).logarithmic);
  CHECK(space.dimension(1).choices == std::vector<std::string>{"sgd", "adam"});
  CHECK(space.dimension(5).step == 0.1);
  CHECK(space.dimension(6).levels == std::vector<double>{16, 32, 64});
  CHECK(space.dimension(8).choices == std::vector<std::string>{"true", "false"});
  const auto adam = space.from_unit({0, 0.9, 0.5, 0.9, 0, 0.5, 0, 0, 0});
  CHECK(std::isnan(adam.values[2]));
  CHECK(std::isnan(adam.values[5]));
  CHECK(adam.values[3] == 8);
  CHECK(space.allows(adam));
}

TEST_CASE("constraints as text compute, and hold where a dimension is inactive") {
  tune::Space space;
  space.add(tune::uniform("a", 0, 10)).add(tune::uniform("b", 0, 10)).add(tune::categorical("c", {"x"}));
  const auto holds = [&](const std::string& text, double a, double b) {
    tune::Space with = space;
    tune::add_constraint(with, text);
    return with.allows({{a, b, 0}, -1});
  };
  CHECK(holds("a + 2*b <= 8", 2, 3));
  CHECK_FALSE(holds("a + 2*b < 8", 2, 3));
  CHECK(holds("(a + 2) * b == 12", 2, 3));
  CHECK(holds("a - 1 - 1 == 0", 2, 3));
  CHECK(holds("-a >= -b / 1.5", 2, 3));
  CHECK(holds("a != b", 2, 3));
  CHECK(holds("a > b", tune::kInactive, 3));
  const auto wrong = [&](const std::string& text, const std::string& words) {
    INFO(text);
    CHECK_THROWS_WITH(tune::add_constraint(space, text), ContainsSubstring(words));
  };
  wrong("a + b", "is missing");
  wrong("a + < b", "a dimension or a number is missing");
  wrong("(a < b", "closing parenthesis");
  wrong("a < b b", "left over");
  wrong("a < d", "no dimension \"d\"");
  wrong("c < 1", "no numbers");
  wrong(std::string(500, '(') + "a < b", "too deeply");
}

TEST_CASE("a wrong space is named with its line") {
  refuses("x = 1", "no table [space]");
  refuses("[space]\nx = {uniform = [0, 1]}\n[other]\ny = 1", "\"other\" is not known");
  refuses("[space]\nx = {uniform = [0]}", "takes [low, high]");
  refuses("[space]\nx = {quantised = [0, 1]}", "[low, high, step]");
  refuses("[space]\nx = {unform = [0, 1]}", "\"unform\"");
  refuses("[space]\nx = {uniform = [0, 1], integer = [0, 1]}", "second kind");
  refuses("[space]\nx = 3", "neither a list");
  refuses("[space]\nx = {log_uniform = [0, 1]}", "logarithmic");
  refuses("[space]\nx = {uniform = [0, 1], when = {y = 1}}", "no dimension \"y\"");
  refuses("[space]\nx = {uniform = [0, 1], when = 3}", "\"when\"");
  refuses("constraints = [\"x < y\"]\n[space]\nx = {uniform = [0, 1]}", "no dimension \"y\"");
  refuses("[space]\nx = [1, ", "line");
  refuses("[space]\n", "no dimensions");
  CHECK_THROWS_WITH(tune::read_space("/nowhere/s.toml"), ContainsSubstring("/nowhere/s.toml"));
}
