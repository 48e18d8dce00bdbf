// SPDX-License-Identifier: Apache-2.0
// Who is where: which rank lives on which node, and what the launcher granted it. A plain value, equal on all
// ranks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rankine/core/ids.hpp>

namespace rankine::runtime {

struct RankPlace {
  NodeId node{0};
  std::uint32_t slot = 0;  ///< position among the ranks of its node
  std::int32_t cpus = 1;   ///< in its affinity mask
  std::int64_t pid = 0;
};

struct Topology {
  Rank rank{0};                   ///< this one
  std::vector<RankPlace> places;  ///< by rank
  std::string host;               ///< of this rank

  int size() const { return static_cast<int>(places.size()); }
  const RankPlace& place(Rank r) const { return places[static_cast<std::size_t>(index(r))]; }
  const RankPlace& here() const { return place(rank); }

  /// Ranks of a node by slot.
  std::vector<Rank> ranks_of(NodeId node) const {
    std::vector<Rank> ranks;
    for (int r = 0; r < size(); ++r) {
      if (places[static_cast<std::size_t>(r)].node == node) ranks.push_back(Rank{r});
    }
    return ranks;
  }
  int nodes() const {
    int last = -1;
    for (const RankPlace& p : places) last = p.node > NodeId{last} ? index(p.node) : last;
    return last + 1;
  }
  Rank rank_at(NodeId node, std::uint32_t slot) const {
    for (int r = 0; r < size(); ++r) {
      const RankPlace& p = places[static_cast<std::size_t>(r)];
      if (p.node == node && p.slot == slot) return Rank{r};
    }
    return kNoRank;
  }
};

}  // namespace rankine::runtime
