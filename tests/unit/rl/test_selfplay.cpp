// SPDX-License-Identifier: Apache-2.0
// Connect Four's rules, its players, the league and its ratings.
#include "catch.hpp"

#include <cmath>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/rl/league.hpp>

using namespace rankine;
using namespace rankine::rl;

namespace {

ConnectFour after(std::initializer_list<int> columns) {
  ConnectFour position;
  for (const int column : columns) {
    REQUIRE(position.legal(column));
    position.drop(column);
  }
  return position;
}

/// Four in a row by looking at every line, for games of chance.
bool has_four(const std::vector<std::vector<int>>& cells, int who) {
  for (int c = 0; c < 7; ++c) {
    for (int r = 0; r < 6; ++r) {
      for (const auto& [dc, dr] : {std::pair{1, 0}, {0, 1}, {1, 1}, {1, -1}}) {
        int run = 0;
        for (int k = 0; k < 4; ++k) {
          const int cc = c + k * dc, rr = r + k * dr;
          run += cc < 7 && rr >= 0 && rr < static_cast<int>(cells[cc].size()) && cells[cc][rr] == who;
        }
        if (run == 4) return true;
      }
    }
  }
  return false;
}

}  // namespace

TEST_CASE("Connect Four's bits agree with looking at every line") {
  int ends = 0;
  for (std::uint64_t game = 0; game < 300; ++game) {
    Philox random(game, 0);
    ConnectFour position;
    std::vector<std::vector<int>> cells(7);
    for (int move = 0; !position.full(); ++move) {
      const int column = static_cast<int>(random.below(7));
      REQUIRE(position.legal(column) == (cells[column].size() < 6));
      if (!position.legal(column)) continue;
      const int who = position.stones() % 2;
      const bool wins = position.wins(column);
      auto other = cells;
      other[column].push_back(1 - who);
      REQUIRE(position.loses(column) == has_four(other, 1 - who));
      cells[column].push_back(who);
      position.drop(column);
      REQUIRE(position.won() == has_four(cells, who));
      REQUIRE(position.won() == wins);
      if (position.won()) break;
    }
    ends += position.won();
  }
  CHECK(ends > 250);
}

TEST_CASE("what a network sees of Connect Four") {
  // I (to move) have the lowest cells of 2, 3, 4; they have 0 twice and 6.
  const ConnectFour position = after({2, 0, 3, 0, 4, 6});
  std::vector<float> seen(ConnectFour::kObservations), mirrored(ConnectFour::kObservations);
  position.observe(seen, false);
  position.observe(mirrored, true);
  CHECK(seen[2 * 6] == 1);
  CHECK(seen[42 + 0] == 1);
  CHECK(seen[42 + 1] == 1);
  for (int column = 0; column < 7; ++column) {
    CHECK(seen[84 + column] == (column == 1 || column == 5));
    CHECK(seen[84 + column] == position.wins(column));
    CHECK(mirrored[84 + 6 - column] == seen[84 + column]);
    CHECK(mirrored[6 * (6 - column)] == seen[6 * column]);
  }
  // Three in the middle with both ends open: a double threat for who moves there.
  const ConnectFour two = after({2, 2, 3, 3});
  two.observe(seen, false);
  CHECK(seen[84 + 28 + 4] == 1);
  CHECK(seen[84 + 28 + 1] == 1);
  CHECK(seen[84 + 28 + 6] == 0);
}

TEST_CASE("players win, prevent and look ahead as far as they say") {
  Philox random(1, 1);
  Philox* const one[] = {&random};
  const auto chosen = [&](const Player& player, const ConnectFour& position) {
    int column = -1;
    player.choose(std::span(&position, 1), one, std::span(&column, 1));
    return column;
  };
  const ConnectFour win = after({2, 0, 3, 0, 4, 6});
  const ConnectFour lose = after({2, 0, 3, 0, 4});  // they threaten 1 and 5
  for (int repeat = 0; repeat < 10; ++repeat) {
    for (const auto& player : {heuristic_player(), minimax_player(1), minimax_player(4)}) {
      const int column = chosen(*player, win);
      CHECK((column == 1 || column == 5));
    }
    const int prevents = chosen(*heuristic_player(), lose);
    CHECK((prevents == 1 || prevents == 5));
    // A double threat wins in three plies: only who looks that far is sure to make it.
    const int deep = chosen(*minimax_player(3), after({2, 2, 3, 3}));
    CHECK((deep == 1 || deep == 4));
  }
  CHECK_THROWS_WITH(minimax_player(9), ContainsSubstring("1 to 8"));
  const Score better = play(*minimax_player(3), *random_player(), 60, 1);
  CHECK(better.games() == 60);
  CHECK(better.wins > 50);
  const Score again = play(*minimax_player(3), *random_player(), 60, 1);
  CHECK(again.wins == better.wins);
  CHECK(play(*minimax_player(3), *heuristic_player(), 60, 1).points() > 36);
}

TEST_CASE("the league's environment rewards wins, masks full columns and goes on after a save") {
  const auto league = std::make_shared<League>();
  CHECK_THROWS_WITH(league->pick(0.5), ContainsSubstring("weight"));
  league->add(random_player(), 0.5);
  league->add(heuristic_player(), 0.5);
  CHECK(league->pick(0.49) == 0);
  CHECK(league->pick(0.51) == 1);
  const EnvironmentFactory factory = connect_four(league);
  const int count = 40;
  const auto environment = factory({.count = count, .seed = 3});
  StepBuffer buffer(count, ConnectFour::kObservations), other(count, ConnectFour::kObservations);
  const StepResult out = buffer.view();
  environment->reset(3, out.observations);
  std::vector<std::uint8_t> mask(count * 7);
  std::vector<std::int32_t> actions(count);
  int won = 0, lost = 0, ended = 0;
  std::vector<std::byte> saved;
  const auto restored = factory({.count = count, .seed = 3});
  for (int t = 0; t < 200; ++t) {
    environment->legal(mask);
    for (int i = 0; i < count; ++i) {
      Philox random(t, i);
      do actions[i] = static_cast<std::int32_t>(random.below(7));
      while (mask[7 * i + actions[i]] == 0);
    }
    environment->step({.discrete = actions}, out);
    for (int i = 0; i < count; ++i) {
      won += out.rewards[i] == 1;
      lost += out.rewards[i] == -1;
      ended += out.terminated[i];
      if (out.rewards[i] != 0) CHECK(out.terminated[i] == 1);
    }
    if (t == 100) {
      environment->save(saved);
      std::span<const std::byte> left = saved;
      restored->load(left);
    }
    if (t <= 100) continue;
    restored->step({.discrete = actions}, other.view());
    REQUIRE(std::ranges::equal(out.observations, other.view().observations));
    REQUIRE(std::ranges::equal(out.rewards, other.view().rewards));
  }
  CHECK(ended >= won + lost);
  CHECK(won > 100);
  CHECK(lost > won);  // half of the opponents play better than chance
}

TEST_CASE("ratings give back the strengths that made the scores") {
  // 400 points are 10 to 1: of 1,100 games 1,000 are won.
  const std::vector<Pairing> pairings = {{0, 1, {1000, 0, 10000}}, {1, 2, {1000, 0, 10000}}};
  const std::vector<double> ratings = elo_ratings(3, pairings);
  CHECK(ratings[0] == 0);
  CHECK(std::abs(ratings[1] - 400) < 1);
  CHECK(std::abs(ratings[2] - 800) < 2);
  const std::vector<double> all_won = elo_ratings(2, {{0, 1, {0, 0, 100}}});
  CHECK(all_won[1] > 400);
  CHECK(std::isfinite(all_won[1]));
}
