// SPDX-License-Identifier: Apache-2.0
// Which ranks have been told of a value that lies on another node, and whom each should ask: the first of a
// node keeps a replica for its neighbours; large values go from node to node down a binary tree in the order
// in which nodes first needed them. Plain values, no message.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "runtime/topology.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

class Spread {
 public:
  /// Values from this size on go down the tree; others come from where they were made.
  static constexpr std::uint64_t kTreeBytes = std::uint64_t{1} << 20;

  explicit Spread(const Topology& topology) : topology_(topology) {}

  /// Whom `to` should ask for the value; nothing where it can read it in place or has been told before.
  /// `value` names it until forget().
  std::optional<Rank> advise(const void* value, const Location& origin, Rank to);
  /// The ranks that were told of a value that is freed.
  std::vector<Rank> forget(const void* value);
  /// Nobody is sent to this rank any more.
  void rank_lost(Rank dead);

 private:
  struct Record {
    std::vector<Rank> holders;  ///< of each node in the order of their first need; kNoRank: it died
    std::unordered_map<std::int32_t, std::size_t> position;  ///< in holders, by node
    std::unordered_set<std::int32_t> told;                   ///< ranks
  };
  Rank source(const Record& record, std::size_t position, const Location& origin) const;

  const Topology& topology_;
  std::unordered_map<const void*, Record> records_;
};

}  // namespace rankine::runtime
