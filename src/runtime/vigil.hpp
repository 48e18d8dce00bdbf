// SPDX-License-Identifier: Apache-2.0
// Who was heard when, and who has been silent for too long. It reads no clock. A rank counts from its first
// sign of life on: before, it may not have got so far. Who looks for the first time, or after a long pause of
// its own, may have slept through the others' signs, so they get their time anew.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>

namespace rankine::runtime {

class Vigil {
 public:
  Vigil(int ranks, Nanoseconds lost_after)
      : lost_after_(lost_after), ranks_(static_cast<std::size_t>(ranks)) {}

  void heard(Rank rank, Time t) { of(rank).heard = t; }
  /// It is dead, or has left: not looked at any more.
  void drop(Rank rank) { of(rank).dropped = true; }
  bool is_dropped(Rank rank) const { return ranks_[static_cast<std::size_t>(index(rank))].dropped; }
  /// The ranks that have been silent for too long. To be asked several times within that span.
  std::vector<Rank> silent(Time t) {
    const bool paused = !looked_ || since_last_look(t) > lost_after_ / 2;
    looked_ = true;
    last_look_ = t;
    std::vector<Rank> found;
    for (std::size_t r = 0; r < ranks_.size(); ++r) {
      State& state = ranks_[r];
      if (!state.heard || state.dropped) continue;
      if (paused) state.heard = t;
      if (t - *state.heard > lost_after_) found.push_back(Rank{static_cast<std::int32_t>(r)});
    }
    return found;
  }
  /// How long ago the last look was; 0 before the first one.
  Nanoseconds since_last_look(Time t) const { return looked_ ? t - last_look_ : 0; }

 private:
  struct State {
    std::optional<Time> heard;
    bool dropped = false;
  };
  State& of(Rank rank) { return ranks_[static_cast<std::size_t>(index(rank))]; }

  Nanoseconds lost_after_;
  bool looked_ = false;
  Time last_look_{};
  std::vector<State> ranks_;
};

}  // namespace rankine::runtime
