// SPDX-License-Identifier: Apache-2.0
// What learners in a gang tell each other has the same bits through shared memory and by messages: sums of
// many magnitudes in the tree of neighbours, bytes of any size, in turn; and who waits for a member that
// threw is told so. Run with 2, 3 or 5 ranks: gangs of 1, 2 or 4.
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <rankine/rankine.hpp>

#include "rl/placement/gang_exchange.hpp"

namespace rk = rankine;
using rankine::rl::placement::GangExchange;

namespace {

constexpr std::size_t kCount = 9312;  // CleanRL's two networks for CartPole
constexpr int kRounds = 40;

/// Many magnitudes, so that another order of sums has other bits.
float number(int member, int round, std::size_t i) {
  const auto mixed =
      static_cast<std::uint32_t>(rk::hash_mix(i, static_cast<std::uint64_t>(7 * round + member)));
  return std::ldexp(static_cast<float>(mixed % 2001) - 1000, static_cast<int>(mixed >> 11) % 30 - 15);
}

float total(int first, int members, int round, std::size_t i) {
  if (members == 1) return number(first, round, i);
  return total(first, members / 2, round, i) + total(first + members / 2, members / 2, round, i);
}

bool sums_right(GangExchange& exchange, std::size_t count, int round) {
  const std::span<float> own = exchange.place(count);
  for (std::size_t i = 0; i < count; ++i) own[i] = number(exchange.rank(), round, i);
  const std::span<const float> sum = exchange.sum();
  bool right = sum.size() == count;
  for (std::size_t i = 0; right && i < count; ++i) {
    const float expected = total(0, exchange.size(), round, i);
    right = std::memcmp(&sum[i], &expected, sizeof expected) == 0;
  }
  return right;
}

/// Of nothing, of some bytes, and now and then of more from one member than fits beside the others.
std::vector<std::byte> words_of(int member, int round) {
  std::size_t size = static_cast<std::size_t>((37 * member + 101 * round) % 500);
  if (round % 4 == 1 && member == round / 4 % 3) size = 5 * kCount;
  if (round % 4 == 2) size = 0;
  return std::vector<std::byte>(size, static_cast<std::byte>(member + round));
}

bool gathered_right(GangExchange& exchange, int round) {
  const auto all = exchange.gather(words_of(exchange.rank(), round));
  bool right = all.size() == static_cast<std::size_t>(exchange.size());
  for (int member = 0; right && member < exchange.size(); ++member)
    right = all[static_cast<std::size_t>(member)] == words_of(member, round);
  return right;
}

/// What is wrong; empty: nothing.
std::string hold(rk::Gang& gang, bool share) {
  GangExchange exchange(gang, share);
  std::string wrong;
  for (int round = 0; round < kRounds; ++round) {
    if (!gathered_right(exchange, round)) wrong += " bytes of round " + std::to_string(round);
    const std::size_t count = round < kRounds / 2 ? kCount : 2 * kCount;
    if (!sums_right(exchange, count, round)) wrong += " sum of round " + std::to_string(round);
    if (round % 3 == 0 && !sums_right(exchange, count, -round)) wrong += " a second sum";
  }
  if (gang.size() > 1 && exchange.shares() != share) wrong += " not the way that was asked for";
  return wrong;
}

int leave(rk::Gang& gang, bool share) {
  GangExchange exchange(gang, share);
  for (int round = 0; round < 4; ++round) {
    if (round == 3 && gang.rank() == 1) throw std::runtime_error("member 1 had enough");
    sums_right(exchange, kCount, round);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  return runtime.run([&runtime] {
    int failures = 0;
    const auto failed = [&failures](const std::string& what) {
      ++failures;
      std::cerr << "exchange: failed: " << what << '\n';
    };
    const int members = runtime.size() - 1;
    for (const bool share : {true, false}) {
      const std::string way = share ? "shared memory:" : "messages:";
      for (const std::string& wrong : rk::submit_gang_all<hold>({.ranks = members}, share).get())
        if (!wrong.empty()) failed(way + wrong);
      if (members == 1) continue;
      try {
        rk::submit_gang<leave>({.ranks = members}, share).get();
        failed(way + " a member that throws breaks the gang");
      } catch (const rk::TaskError& error) {
        if (error.parts().text != "member 1 had enough") failed(way + " " + error.what());
      }
    }
    return failures == 0 ? 0 : 1;
  });
}
