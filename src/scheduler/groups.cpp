// SPDX-License-Identifier: Apache-2.0
// Groups: their results, who refers to them, and when they and their values are freed. A group lives while a
// rank holds it, an unfinished task or a live object refers to it, or elements of it have not ended.
#include <algorithm>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

const Result* State::find_result(const Group& group, std::uint32_t element) const {
  if (group.count == 1) return &group.result;
  const auto& pages = ranges[rare(group).range].pages;
  const std::size_t page = element >> kResultPageBits;
  if (page >= pages.size() || pages[page] == kNone) return nullptr;
  return &result_pages[pages[page]].results[element & (kResultPageSize - 1)];
}

Result& State::result(Group& group, std::uint32_t element) {
  if (group.count == 1) return group.result;
  auto& pages = ranges[rare(group).range].pages;
  const std::size_t page = element >> kResultPageBits;
  if (page >= pages.size()) pages.resize(page + 1, kNone);
  if (pages[page] == kNone) {
    pages[page] = result_pages.allocate();
    result_pages[pages[page]] = ResultPage{};
  }
  return result_pages[pages[page]].results[element & (kResultPageSize - 1)];
}

/// To be written to.
Rare& State::own_rare(Group& group) {
  if (group.rare == 0) {
    group.rare = rares.allocate();
    rares[group.rare] = Rare{};
  }
  return rares[group.rare];
}

Index State::new_group(ObjectId first, std::uint32_t count, Kind kind) {
  const Index index = groups.allocate();
  Group& group = groups[index];
  group = Group{};
  group.first = first;
  group.count = count;
  group.kind = kind;
  group.flags = kLive;
  group.result.bytes = static_cast<std::uint64_t>(now.ns);
  if (count != 1) {
    own_rare(group).range = ranges.allocate();
    group.flags |= kRange;
  }
  ids.bind(first, count, index);
  totals.live_objects += count;
  return index;
}

Index State::new_link(const Link& link, Index& head) {
  const Index index = links.allocate();
  links[index] = link;
  links[index].next = head;
  head = index;
  return index;
}

// ---- holders ----

bool State::holds(const Group& group, Rank rank) const {
  if (group.holder == rank) return true;
  if (rare(group).holder_set == kNone) return false;
  const HolderSet& others = holder_sets[rare(group).holder_set];
  return std::binary_search(others.begin(), others.end(), rank);
}

void State::hold(Index index, Rank rank) {
  Group& group = groups[index];
  if (scheduler::index_of(rank) < 0 || holds(group, rank) || nodes.lost(rank)) return;
  const auto at = static_cast<std::size_t>(scheduler::index_of(rank));
  if (at >= held_by_rank.size()) held_by_rank.resize(at + 1);
  ++held_by_rank[at];
  if (group.holder == kNoRank) {
    group.holder = rank;
    return;
  }
  if (rare(group).holder_set == kNone) own_rare(group).holder_set = holder_sets.allocate();
  HolderSet& others = holder_sets[rare(group).holder_set];
  others.insert(std::lower_bound(others.begin(), others.end(), rank), rank);
}

bool State::unhold(Index index, Rank rank) {
  Group& group = groups[index];
  if (!holds(group, rank)) return false;
  --held_by_rank[static_cast<std::size_t>(scheduler::index_of(rank))];
  if (rare(group).holder_set == kNone) {
    group.holder = kNoRank;
  } else {
    HolderSet& others = holder_sets[rare(group).holder_set];
    if (group.holder == rank) {
      group.holder = others.back();
      others.pop_back();
    } else {
      others.erase(std::lower_bound(others.begin(), others.end(), rank));
    }
    if (others.empty()) {
      holder_sets.release(rare(group).holder_set);
      own_rare(group).holder_set = kNone;
    }
  }
  if (!referenced(group)) maybe_free(index);
  return true;
}

// ---- references ----

void State::unpin(Index index) {
  Group& group = groups[index];
  --group.pins;
  if (!referenced(group)) maybe_free(index);
}

void State::maybe_free(Index index) {
  Group& group = groups[index];
  if ((group.flags & kFreeing) != 0) return;
  group.flags |= kFreeing;
  to_free.push_back(index);
}

void State::pin_inside(Index index, ObjectId inner) {
  pin_into(index, inner, own_rare(groups[index]).inside);
}

/// `list` is of the group or of its gang.
void State::pin_into(Index index, ObjectId inner, Index& list) {
  const IdTable::Place place = ids.find(inner);
  if (place.group == kNone || place.group == index) return;
  pin(place.group);
  new_link({.target = place.group, .element = place.element}, list);
}

void State::unpin_all(Index& list) {
  Index link = std::exchange(list, kNone);
  while (link != kNone) {
    const Link entry = links[link];
    links.release(link);
    unpin(entry.target);
    link = entry.next;
  }
}

void State::free_value(const Result& result) {
  if (result.payload == 0 || result.payload == kNone) return;
  emit(FreeValue{{Payload{result.payload}, result.bytes, NodeId{result.node}}});
}

/// Nobody refers to the group any more, but elements are still under way: the ended ones give their memory
/// back.
void State::drop_values(Index index) {
  Group& group = groups[index];
  if (group.count == 1) return;
  for (const Index page : ranges[rare(group).range].pages) {
    if (page == kNone) continue;
    for (Result& result : result_pages[page].results) {
      if (result.state != ObjectState::sealed || (result.marks & kDropped) != 0) continue;
      free_value(result);
      result.payload = 0;
      result.node = scheduler::index_of(kNoNode);
      result.marks |= kDropped;
      group.flags |= kSomeDropped;
    }
  }
}

void State::drop_arguments(Index index) {
  Group& group = groups[index];
  if ((group.flags & kHasArguments) == 0) return;
  group.flags = static_cast<std::uint16_t>(group.flags & ~kHasArguments);
  if (group.payload != kNoPayload) emit(FreePayload{group.payload});
  group.payload = kNoPayload;
  unpin_all(group.arguments);
}

/// All elements have ended: the arguments go, unless a value in a node's memory may need them to be made
/// again.
void State::complete(Index index) {
  Group& group = groups[index];
  if (group.kind != Kind::task) [[unlikely]] {
    if (group.kind == Kind::put) return;
    if (group.kind == Kind::actor && actors[rare(group).extra].state != ActorState::dead) return;
  }
  if (referenced(group) && (group.flags & kSomeOnNode) != 0 && (group.flags & kHasArguments) != 0) {
    keep_lineage(index);
  } else {
    drop_arguments(index);
  }
  if (!referenced(group)) maybe_free(index);
}

/// The payloads and values of all groups; the tables are of no use afterwards.
void State::give_up() {
  for (Index index = 0; index < groups.bound(); ++index) {
    const Group& group = groups[index];
    if ((group.flags & kLive) == 0) continue;
    if ((group.flags & kHasArguments) != 0 && group.payload != kNoPayload) emit(FreePayload{group.payload});
    for (std::uint32_t element = 0; element < group.count; ++element) {
      if (!pending(group, element)) free_value(*find_result(group, element));
    }
    if (group.kind == Kind::actor) free_stale(actors[rare(group).extra].checkpoint);
  }
}

void State::free_group(Index index) {
  Group& group = groups[index];
  forget_lineage(index);
  drop_arguments(index);
  const auto free_result = [&](const Result& result, std::uint32_t element) {
    if (result.state != ObjectState::pending) free_value(result);
    if ((result.marks & kOwnFailure) != 0) failures.erase(failure_key(index, element));
    if ((result.marks & kGroupFailure) != 0) failures.erase(failure_key(index, kNone));
  };
  if (group.count == 1) {
    free_result(group.result, 0);
  } else {
    RangeExtra& extra = ranges[rare(group).range];
    for (std::uint32_t i = 0; i < extra.pages.size(); ++i) {
      if (extra.pages[i] == kNone) continue;
      const ResultPage& page = result_pages[extra.pages[i]];
      for (std::uint32_t j = 0; j < kResultPageSize; ++j)
        free_result(page.results[j], i * kResultPageSize + j);
      result_pages.release(extra.pages[i]);
    }
    extra.pages.clear();
    extra.wanted.clear();
    ranges.release(rare(group).range);
  }
  if (group.rare != 0) unpin_all(own_rare(group).inside);
  if (rare(group).extra != kNone) [[unlikely]]
    free_record(group);
  if ((group.flags & kLoans) != 0) [[unlikely]]
    drop_loans_of(index);
  ids.unbind(group.first, group.count);
  totals.live_objects -= group.count;
  if (group.rare != 0) rares.release(std::exchange(group.rare, 0));
  group.flags = kZombie;
  if (group.waiting == 0) release_record(index);
}

void State::release_record(Index index) {
  groups[index].flags = 0;
  groups.release(index);
}

// ---- lineage ----

/// What keeping the arguments costs: the record, the packed arguments, and values in nodes' memory that they
/// pin.
std::uint64_t State::lineage_cost(const Group& group) const {
  std::uint64_t bytes = sizeof(Group) + group.payload_size.bytes();
  for (Index link = group.arguments; link != kNone; link = links[link].next) {
    const Group& target = groups[links[link].target];
    const Result* value = find_result(target, links[link].element);
    bytes += sizeof(Link);
    if (value != nullptr && value->state == ObjectState::sealed) bytes += value->bytes;
  }
  return bytes;
}

void State::keep_lineage(Index index) {
  Group& group = groups[index];
  if ((group.flags & kLineage) != 0) return;
  group.lineage = lineage_cost(group);
  lineage_bytes += group.lineage;
  group.flags |= kLineage;
  group.lane_next = kNone;
  group.lane_previous = lineage_tail;
  (lineage_tail != kNone ? groups[lineage_tail].lane_next : lineage_head) = index;
  lineage_tail = index;
  while (lineage_bytes > limits.lineage_bytes) {
    const Index oldest = lineage_head;
    forget_lineage(oldest);
    drop_arguments(oldest);
  }
}

void State::forget_lineage(Index index) {
  Group& group = groups[index];
  if ((group.flags & kLineage) == 0) return;
  group.flags = static_cast<std::uint16_t>(group.flags & ~kLineage);
  lineage_bytes -= std::exchange(group.lineage, 0);
  (group.lane_previous != kNone ? groups[group.lane_previous].lane_next : lineage_head) = group.lane_next;
  (group.lane_next != kNone ? groups[group.lane_next].lane_previous : lineage_tail) = group.lane_previous;
  group.lane_next = group.lane_previous = kNone;
}

}  // namespace rankine::scheduler
