// SPDX-License-Identifier: Apache-2.0
#include "runtime/spread.hpp"

#include <algorithm>

namespace rankine::runtime {

/// The origin counts as number 0, the node at position i as number i + 1; number k asks number (k - 1) / 2.
Rank Spread::source(const Record& record, std::size_t position, const Location& origin) const {
  const std::size_t parent = position / 2;
  if (origin.bytes >= kTreeBytes && parent > 0 && record.holders[parent - 1] != kNoRank) {
    return record.holders[parent - 1];
  }
  return topology_.rank_at(origin.node, origin.slot);
}

std::optional<Rank> Spread::advise(const void* value, const Location& origin, Rank to) {
  const NodeId node = topology_.place(to).node;
  if (node == origin.node) return std::nullopt;
  Record& record = records_[value];
  if (!record.told.insert(index(to)).second) return std::nullopt;
  const auto [at, first] = record.position.emplace(index(node), record.holders.size());
  if (first) record.holders.push_back(to);
  Rank& holder = record.holders[at->second];
  if (holder == kNoRank) holder = to;
  return holder == to ? source(record, at->second, origin) : holder;
}

std::vector<Rank> Spread::forget(const void* value) {
  if (records_.empty()) return {};
  const auto found = records_.find(value);
  if (found == records_.end()) return {};
  std::vector<Rank> told;
  for (const std::int32_t rank : found->second.told) told.push_back(Rank{rank});
  std::sort(told.begin(), told.end());
  records_.erase(found);
  return told;
}

void Spread::rank_lost(Rank dead) {
  for (auto& [value, record] : records_) {
    record.told.erase(index(dead));
    std::replace(record.holders.begin(), record.holders.end(), dead, kNoRank);
  }
}

}  // namespace rankine::runtime
