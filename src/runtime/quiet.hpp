// SPDX-License-Identifier: Apache-2.0
// How the head learns that no call of an actor is under way anywhere, which it does not see itself: it asks
// all ranks, each answers once all its calls are answered, and says how many it has made. When two rounds in
// a row give the same sum, nothing happened in between.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

namespace rankine::runtime {

class QuietRounds {
 public:
  using Ask = std::function<void(std::uint8_t round)>;

  /// `ask`: sends the question to the other ranks.
  QuietRounds(int others, Ask ask) : others_(others), ask_(std::move(ask)) {}

  void on_answer(std::uint8_t round, std::uint64_t calls) {
    if (round != round_) return;  // of a round that a rank's death ended
    ++answers_;
    sum_ += calls;
  }
  /// One that may or may not have answered: from the start with the others.
  void on_rank_lost() {
    --others_;
    asked_ = false;
    last_ = kNothing;
  }
  /// Whether all is quiet; asks as long as it is not sure. `under_way`, `calls`: of this rank.
  bool settled(std::size_t under_way, std::uint64_t calls);

 private:
  static constexpr std::uint64_t kNothing = ~std::uint64_t{0};

  int others_;
  Ask ask_;
  bool asked_ = false;
  std::uint8_t round_ = 0;
  int answers_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t last_ = kNothing;
};

}  // namespace rankine::runtime
