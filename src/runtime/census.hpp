// SPDX-License-Identifier: Apache-2.0
// What the stores of all nodes hold and have done: every rank is asked, which also makes each let go of what
// is no longer pinned, and one of each node answers for its node.
#pragma once

#include <cstdint>
#include <vector>

#include <rankine/core/ids.hpp>

#include "runtime/messages.hpp"
#include "runtime/topology.hpp"
#include "runtime/waiting.hpp"
#include "store/store.hpp"
#include "transport/transport.hpp"

namespace rankine::runtime {

class Census {
 public:
  Census(const Topology& topology, transport::Transport& transport, Store& store, Waiting& waiting)
      : topology_(topology), transport_(transport), store_(store), waiting_(waiting) {}

  /// Sums over all nodes. Called without the progress lock; waits for the answers, for two seconds at most:
  /// who does not answer is not counted.
  StoreCounters take();

  // With the progress lock held.
  void on_ask(Rank from, const CountersMessage& message);
  void on_answer(Rank from, const CountersMessage& message);
  void on_rank_lost(Rank dead);

 private:
  struct Asked {
    std::uint64_t ticket = 0;
    std::vector<Rank> missing;
    StoreCounters sum;
    Waiter waiter;
  };
  const Topology& topology_;
  transport::Transport& transport_;
  Store& store_;
  Waiting& waiting_;
  void answered(Asked& asked, Rank rank);

  std::vector<Asked*> asked_;
  std::vector<Rank> dead_;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace rankine::runtime
