// SPDX-License-Identifier: Apache-2.0
// How checkpoints are laid out in files.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include <fmt/format.h>

namespace rankine::train::layout {

constexpr const char* kIndex = "index.h5";
constexpr const char* kUnfinished = ".partial";
constexpr std::int64_t kVersion = 1;
/// Each piece's arrays are datasets of these names with a dot and its number behind.
constexpr std::array kArrays = {"parameters", "first_moments", "second_moments"};
/// Columns of the dataset `pieces`.
constexpr std::size_t kPieceColumns = 5;  // unit, member, members, first, count

inline std::string folder_name(std::uint64_t steps) {
  return fmt::format("step-{:08}", steps);
}
inline std::string part_name(std::size_t rank) {
  return fmt::format("part-{:05}.h5", rank);
}
inline std::string array_name(std::size_t array, std::size_t piece) {
  return fmt::format("{}.{}", kArrays[array], piece);
}

}  // namespace rankine::train::layout
