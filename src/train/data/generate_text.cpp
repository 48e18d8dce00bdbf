// SPDX-License-Identifier: Apache-2.0
// A text for those who have none: sentences of a small grammar. Verbs agree with their subjects across other
// words, sums are right, brackets close, and names come back in the answer to a question.
#include <array>

#include <fmt/format.h>

#include <rankine/core/philox.hpp>
#include <rankine/train/tokens.hpp>

namespace rankine::train {

namespace {

template <std::size_t N>
const char* one_of(Philox& random, const std::array<const char*, N>& words) {
  return words[random.below(N)];
}

constexpr std::array kNames = {"Ada",  "Boris", "Clara", "Dmitri", "Edith", "Farid", "Grete", "Henri",
                               "Ines", "Jakob", "Karin", "Lorenz", "Maria", "Nadia", "Oscar", "Petra"};
constexpr std::array kThings = {"engine", "boiler", "piston", "valve",  "lamp",   "mirror",
                                "pump",   "wheel",  "bridge", "tower",  "kettle", "clock",
                                "ladder", "drum",   "magnet", "furnace"};
constexpr std::array kQualities = {"old", "quiet", "heavy", "bright", "narrow", "warm", "broken", "steady"};
constexpr std::array kPlaces = {"in the yard",     "near the river", "under the roof",
                                "behind the mill", "by the harbour", "on the hill"};
constexpr std::array kStates = {"turning slowly", "ready for work",    "full of steam",
                                "out of order",   "covered with snow", "too hot to touch"};
constexpr std::array kDeeds = {"carries", "repairs", "paints", "measures", "sells", "watches"};

std::string statement(Philox& random) {
  const bool many = random.below(2) == 1;
  const char* const thing = one_of(random, kThings);
  const char* const quality = one_of(random, kQualities);
  return fmt::format("The {} {}{} {} {} {}.", quality, thing, many ? "s" : "", one_of(random, kPlaces),
                     many ? "are" : "is", one_of(random, kStates));
}

std::string deed(Philox& random) {
  const char* const name = one_of(random, kNames);
  const char* const verb = one_of(random, kDeeds);
  const char* const thing = one_of(random, kThings);
  return fmt::format("Who {} the {}? {} {} the {}.", verb, thing, name, verb, thing);
}

std::string dialogue(Philox& random) {
  const char* const first = one_of(random, kNames);
  const char* const second = one_of(random, kNames);
  return fmt::format("{}: Good morning, {}!\n{}: Good morning, {}.", first, second, second, first);
}

std::string sum(Philox& random) {
  const auto a = random.below(10);
  const auto b = random.below(10);
  return fmt::format("{} and {} make {}.", a, b, a + b);
}

std::string brackets(Philox& random) {
  std::string open;
  std::string close;
  for (auto depth = 1 + random.below(4); depth > 0; --depth) {
    const bool round = random.below(2) == 0;
    open += round ? '(' : '[';
    close.insert(close.begin(), round ? ')' : ']');
  }
  return open + one_of(random, kThings) + close;
}

}  // namespace

std::string generate_text(std::size_t characters, std::uint64_t seed) {
  constexpr std::array makers = {statement, statement, deed, dialogue, sum, brackets};
  std::string text;
  for (std::uint64_t paragraph = 0; text.size() < characters; ++paragraph) {
    Philox random(seed, paragraph);
    for (auto lines = 2 + random.below(5); lines > 0; --lines)
      text += makers[random.below(makers.size())](random) + "\n";
    text += "\n";
  }
  return text;
}

}  // namespace rankine::train
