// SPDX-License-Identifier: Apache-2.0
// How many commands go to a rank together: many while they are short, so that what rank 0 and the rank say to
// each other is shared by them; one where they are long or few. Pure.
#pragma once

#include <algorithm>
#include <cstddef>

#include <rankine/core/time.hpp>

namespace rankine::farm {

class BatchSize {
 public:
  /// What goes out together should take about so long, and none of it begins any more after twice that.
  static constexpr Nanoseconds kAim = 40 * kMillisecond;
  static constexpr std::size_t kMost = 32;

  void ended(double seconds) {
    ++ended_;
    mean_s_ += (seconds - mean_s_) / static_cast<double>(std::min(ended_, kMemory));
  }

  /// `waiting` commands are left for `slots` that run one at a time: enough rounds must be left to share them
  /// out evenly. At least 1.
  std::size_t size(std::size_t waiting, std::size_t slots) const {
    if (ended_ < kMemory) return 1;
    const double fit = static_cast<double>(kAim) * 1e-9 / std::max(mean_s_, 1e-6);
    const std::size_t most = std::min(kMost, waiting / (kRounds * std::max<std::size_t>(1, slots)));
    return std::max<std::size_t>(1, std::min(most, static_cast<std::size_t>(fit)));
  }

 private:
  static constexpr std::size_t kMemory = 16;  ///< commands that the mean looks back on
  static constexpr std::size_t kRounds = 8;

  std::size_t ended_ = 0;
  double mean_s_ = 0;
};

}  // namespace rankine::farm
