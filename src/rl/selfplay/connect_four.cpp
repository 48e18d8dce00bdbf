// SPDX-License-Identifier: Apache-2.0
// The rules of Connect Four on bits: four in a row is four bits at equal distances (1 up, 7 across, 6 and 8
// along the diagonals); the empty row 6 keeps columns apart.
#include <rankine/rl/connect_four.hpp>

#include <array>

namespace rankine::rl {

namespace {

constexpr int kAcross[] = {7, 6, 8};

/// Cells by how many lines of four go through them; the lowest row first, columns from the edge to the
/// middle.
constexpr int kLines[ConnectFour::kRows][4] = {{3, 4, 5, 7},   {4, 6, 8, 10}, {5, 8, 11, 13},
                                               {5, 8, 11, 13}, {4, 6, 8, 10}, {3, 4, 5, 7}};
constexpr int kMostLines = 13;

/// For each number of lines the cells that have it.
constexpr std::array<std::uint64_t, kMostLines + 1> cells_by_lines() {
  std::array<std::uint64_t, kMostLines + 1> cells{};
  for (int column = 0; column < ConnectFour::kColumns; ++column) {
    for (int row = 0; row < ConnectFour::kRows; ++row)
      cells[kLines[row][column < 4 ? column : 6 - column]] |= std::uint64_t{1} << (7 * column + row);
  }
  return cells;
}

}  // namespace

bool ConnectFour::four(std::uint64_t stones) {
  for (const int step : {1, 7, 6, 8}) {
    const std::uint64_t pairs = stones & (stones >> step);
    if ((pairs & (pairs >> (2 * step))) != 0) return true;
  }
  return false;
}

std::uint64_t ConnectFour::winning(std::uint64_t stones) const {
  std::uint64_t cells = (stones << 1) & (stones << 2) & (stones << 3);
  for (const int step : kAcross) {
    const std::uint64_t left = (stones << step) & (stones << (2 * step));
    const std::uint64_t right = (stones >> step) & (stones >> (2 * step));
    cells |= left & (stones << (3 * step));
    cells |= left & (stones >> step);
    cells |= right & (stones << step);
    cells |= right & (stones >> (3 * step));
  }
  return cells & kBoard & ~all_;
}

int ConnectFour::balance() const {
  static constexpr auto kCellsByLines = cells_by_lines();
  const std::uint64_t theirs = mine_ ^ all_;
  int sum = 0;
  for (int lines = 3; lines <= kMostLines; ++lines)
    sum +=
        lines * (std::popcount(mine_ & kCellsByLines[lines]) - std::popcount(theirs & kCellsByLines[lines]));
  return sum;
}

void ConnectFour::observe(std::span<float> out, bool mirrored) const {
  const std::uint64_t theirs = mine_ ^ all_;
  const std::uint64_t my_wins = winning(mine_), their_wins = winning(theirs);
  for (int shown = 0; shown < kColumns; ++shown) {
    const int column = mirrored ? kColumns - 1 - shown : shown;
    for (int row = 0; row < kRows; ++row) {
      const std::uint64_t cell = bottom(column) << row;
      out[shown * kRows + row] = (mine_ & cell) != 0;
      out[kCells + shown * kRows + row] = (theirs & cell) != 0;
    }
    const std::uint64_t at = landing(column);
    const std::uint64_t above = (at << 1) & kBoard;
    ConnectFour next = *this;
    next.mine_ |= at;
    next.all_ |= at;
    const std::uint64_t threats = next.winning(next.mine_) & (next.all_ + kBottoms);
    float* const features = &out[2 * kCells + shown];
    features[0] = (my_wins & at) != 0;
    features[kColumns] = (their_wins & at) != 0;
    features[2 * kColumns] = (their_wins & above) != 0;
    features[3 * kColumns] = (my_wins & above) != 0;
    features[4 * kColumns] = at != 0 && std::popcount(threats) >= 2;
  }
}

void ConnectFour::legal_columns(std::span<std::uint8_t> mask, bool mirrored) const {
  for (int shown = 0; shown < kColumns; ++shown) mask[shown] = legal(mirrored ? kColumns - 1 - shown : shown);
}

}  // namespace rankine::rl
