// SPDX-License-Identifier: Apache-2.0
// What learners in a gang tell each other, through memory that they share where all are on one node, else by
// MPI: sums by recursive doubling, whose order is the tree of neighbours for any number of members that is a
// power of two.
#pragma once

#include <optional>

#include <rankine/gang.hpp>

#include "rl/learn/exchange.hpp"
#include "rl/learn/kernels.hpp"
#include "rl/placement/shared_places.hpp"

namespace rankine::rl::placement {

class GangExchange final : public learn::Exchange {
 public:
  /// `share`: by shared memory where that can be.
  explicit GangExchange(Gang& gang, bool share = true)
      : gang_(gang), share_(share), kernels_(learn::usable_kernels()) {}
  int rank() const override { return gang_.rank(); }
  int size() const override { return gang_.size(); }
  /// Whether sums go through shared memory; known from the first place() on.
  bool shares() const { return places_ && share_; }
  std::span<float> place(std::size_t count) override;
  std::span<const float> sum() override;
  std::vector<std::vector<std::byte>> gather(std::vector<std::byte> own) override;

 private:
  void sum_by_messages();
  std::vector<std::vector<std::byte>> gather_by_messages(std::span<const std::byte> own);

  Gang& gang_;
  bool share_;
  const learn::Kernels& kernels_;
  std::size_t count_ = 0;               // of numbers
  std::optional<SharedPlaces> places_;  // from the first place() on
  learn::Floats theirs_;
};

/// Ends the rollouts of stragglers: each member tells the others when its rollout is over. A member that
/// leaves in between by an exception takes its receives back.
class Preemption {
 public:
  /// `share` of the members must be ready, but never more than all the others; 0: never. No rollout ends
  /// before a quarter of its `steps`.
  Preemption(Gang& gang, double share, int steps);
  ~Preemption();
  Preemption(const Preemption&) = delete;
  Preemption& operator=(const Preemption&) = delete;

  void begin();
  /// Whether this member's rollout is to end after `steps_done`.
  bool stop(int steps_done);
  void end();

 private:
  bool active() const { return needed_ > 0; }

  Gang& gang_;
  double needed_;  // of the others
  int steps_;
  int ready_ = 0;
  std::vector<MPI_Request> requests_;
  std::vector<char> marks_;
};

}  // namespace rankine::rl::placement
