// SPDX-License-Identifier: Apache-2.0
// Connect Four: the rules in two 64-bit words, what a network sees of a position, and players of several
// skills. A player chooses for many positions at once, so that a network is asked for a batch.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <rankine/core/philox.hpp>
#include <rankine/rl/policy.hpp>

namespace rankine::rl {

/// A position from the view of who is to move. Bit 7 column + row; row 0 is the lowest, row 6 stays empty.
class ConnectFour {
 public:
  static constexpr int kColumns = 7, kRows = 6, kCells = kColumns * kRows;
  /// Two planes of stones; then for each column: I win there; I must go there; they win above it; I win above
  /// it; going there makes two or more threats at once.
  static constexpr int kObservations = 2 * kCells + 5 * kColumns;

  bool legal(int column) const { return (all_ & top(column)) == 0; }
  bool full() const { return all_ == kBoard; }
  int stones() const { return std::popcount(all_); }
  /// Drops a stone and hands the move over. The column must be legal.
  void drop(int column) {
    mine_ ^= all_;
    all_ |= all_ + bottom(column);
  }
  /// Whether who moved last has four in a row.
  bool won() const { return four(mine_ ^ all_); }
  /// Whether a stone in this legal column makes four.
  bool wins(int column) const { return (winning(mine_) & landing(column)) != 0; }
  /// Whether the other would make four there.
  bool loses(int column) const { return (winning(mine_ ^ all_) & landing(column)) != 0; }
  /// Stones weighted by the lines through their cells, of who is to move less those of the other.
  int balance() const;
  /// [kObservations]; with columns in the opposite order if `mirrored`.
  void observe(std::span<float> out, bool mirrored) const;
  void legal_columns(std::span<std::uint8_t> mask, bool mirrored) const;

  bool operator==(const ConnectFour&) const = default;

 private:
  static constexpr std::uint64_t bottom(int column) { return std::uint64_t{1} << (7 * column); }
  static constexpr std::uint64_t top(int column) { return bottom(column) << (kRows - 1); }
  static constexpr std::uint64_t kBottoms = 0x40810204081;  ///< the lowest cell of each column
  static constexpr std::uint64_t kBoard = kBottoms * 0x3F;
  std::uint64_t landing(int column) const { return (all_ + bottom(column)) & (bottom(column) * 0x3F); }
  static bool four(std::uint64_t stones);
  /// Free cells that make four for the owner of `stones`, within reach or not.
  std::uint64_t winning(std::uint64_t stones) const;

  std::uint64_t mine_ = 0, all_ = 0;
};

/// Chooses columns. Its randomness comes from the generators that it is given, one a position.
class Player {
 public:
  virtual ~Player() = default;
  virtual std::string name() const = 0;
  /// All positions have a legal column and nobody has won.
  virtual void choose(std::span<const ConnectFour> positions, std::span<Philox* const> random,
                      std::span<int> columns) const = 0;
};

std::unique_ptr<Player> random_player();
/// Wins if it can, prevents a loss if it must, else by chance, more often in the middle.
std::unique_ptr<Player> heuristic_player();
/// Looks `depth` plies ahead (1 .. 8): the sooner a win and the later a loss the better, else the balance of
/// stones; equal columns by chance. Throws InputError for another depth.
std::unique_ptr<Player> minimax_player(int depth);
/// A trained policy: samples, or takes the most likely column.
std::unique_ptr<Player> policy_player(std::string name, Policy policy, bool greedy);

/// Of one side's view.
struct Score {
  int wins = 0, draws = 0, losses = 0;
  int games() const { return wins + draws + losses; }
  double points() const { return wins + 0.5 * draws; }
};
/// Plays `games` games, each side beginning every other one; all at once, so that networks see batches.
Score play(const Player& first, const Player& second, int games, std::uint64_t seed);

}  // namespace rankine::rl
