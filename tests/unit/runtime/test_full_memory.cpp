// SPDX-License-Identifier: Apache-2.0
// Memory that is all in use by who makes more: what tasks, methods and gang members put, submit and give back
// goes to disk instead of waiting for what they hold themselves; where the disk is of no use, a sentence.
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <utility>

#include <unistd.h>

#include <rankine/core/hash.hpp>

#include "on_ranks.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace full_memory {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kArena = 12 * kMiB;    // 8 of which hold values
constexpr std::size_t kCount = 9 * kMiB / 16;  // 4.5 MiB: more than half of what is left
using Numbers = rk::Array<std::uint64_t>;

Numbers make(std::uint64_t seed) {
  return Numbers(kCount, [seed](std::size_t i) { return seed + i; });
}
/// Of what was made from `seed`.
std::uint64_t expected(std::uint64_t seed) {
  return kCount * seed + kCount * (kCount - 1) / 2;
}
std::uint64_t sum(const Numbers& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}

rk::Future<Numbers> puts(const Numbers& held) {
  return rk::put(make(held[0] + 1));
}
rk::Future<std::uint64_t> submits(const Numbers& held) {
  return rk::submit<sum>(make(held[0] + 2));
}
Numbers member(rk::Gang&, const Numbers& held) {
  return make(held[0] + 3);
}
struct Maker {
  Numbers last;
  Numbers make_next(const Numbers& held) { return make(held[0] + 4); }
  std::uint64_t keep(Numbers held) { return sum(last = std::move(held)); }
  rk::Future<std::uint64_t> ask(const rk::Actor<Maker>& other) {
    return other.call<&Maker::keep>(make(last[0] + 5));
  }
};

rk::RuntimeOptions small(const std::string& spill_directory = "/tmp") {
  rk::RuntimeOptions options;
  options.arena_bytes = kArena;
  options.spill_directory = spill_directory;
  return options;
}

TEST_CASE("what tasks, methods and gang members make while they hold all memory goes to disk") {
  on_ranks(
      {1, 2, 3},
      [] {
        const auto held = rk::put(make(100));
        CHECK(sum(rk::submit<puts>(held).get().get()) == expected(101));
        CHECK(rk::submit<submits>(held).get().get() == expected(102));
        CHECK(sum(rk::submit_gang<member>({.ranks = 1}, held).get()) == expected(103));
        const auto maker = rk::spawn<Maker>();
        CHECK(sum(maker.call<&Maker::make_next>(held).get()) == expected(104));
        CHECK(maker.call<&Maker::keep>(held).get() == expected(100));
        CHECK(maker.call<&Maker::ask>(rk::spawn<Maker>()).get().get() == expected(105));
        CHECK(sum(held.get()) == expected(100));
      },
      small());
}

TEST_CASE("where the disk is of no use either, the task fails with the sizes and the rest goes on") {
  on_ranks(
      {1, 2},
      [] {
        const auto held = rk::put(make(100));
        std::string text;
        try {
          rk::submit<puts>(held).get();
        } catch (const rk::TaskError& error) {
          text = error.what();
        }
        CHECK_THAT(text, Catch::Matchers::Contains("rankine: no spill file can be made in /nowhere"));
        CHECK_THAT(text, Catch::Matchers::Contains("RANKINE_SPILL_DIR"));
        CHECK(rk::submit<sum>(held).get() == expected(100));
        CHECK(sum(held.get()) == expected(100));
      },
      small("/nowhere"));
}

}  // namespace full_memory
