// SPDX-License-Identifier: Apache-2.0
// Events of objects: put, held, released, wanted, vanished; and the remaking of values that were lost.
#include <algorithm>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::on(const Put& event) {
  const IdTable::Place place = ids.find(event.object);
  if (place.group != kNone || nodes.lost(event.owner)) {
    if (event.value.payload != kNoPayload) emit(FreeValue{event.value});
    if (place.group != kNone) hold(place.group, event.owner);
    return;
  }
  const Index index = new_group(event.object, 1, Kind::put);
  Group& group = groups[index];
  hold(index, event.owner);
  group.cursor = group.count;
  group.ended = group.count;
  group.result.payload = static_cast<std::uint64_t>(event.value.payload);
  group.result.bytes = event.value.bytes;
  group.result.node = index_of(event.value.node);
  group.result.state = ObjectState::sealed;
  if (event.value.node != kNoNode) group.flags |= kSomeOnNode;
  for (const ObjectId inner : event.inside) pin_inside(index, inner);
}

void State::on(const Held& event) {
  const IdTable::Place place = ids.find(event.object);
  if (place.group != kNone) hold(place.group, event.rank);
}

void State::on(const Released& event) {
  const IdTable::Place place = ids.find(event.object);
  if (place.group != kNone) unhold(place.group, event.rank);
}

void State::on(const Wanted& event) {
  if (nodes.lost(event.rank)) return;
  for (std::uint32_t done = 0; done < event.count;) {
    const ObjectId id = offset(event.first, done);
    const IdTable::Place place = ids.find(id);
    if (place.group == kNone) {
      deliver(event.rank, id, 1);  // object() says unknown: the shell answers that it is lost
      ++done;
      continue;
    }
    const std::uint32_t count = std::min(event.count - done, groups[place.group].count - place.element);
    want(place.group, place.element, count, event.rank);
    done += count;
  }
}

/// Delivers what has ended now and the rest when it ends.
void State::want(Index index, std::uint32_t element, std::uint32_t count, Rank rank) {
  Group& group = groups[index];
  const bool told_anyway = group.submitter == rank && group.kind != Kind::promise && holds(group, rank);
  const std::uint32_t end = element + count;
  bool some_pending = false;
  for (std::uint32_t begin = element; begin < end;) {
    const bool is_pending = pending(group, begin);
    std::uint32_t next = begin + 1;
    while (next < end && pending(group, next) == is_pending) ++next;
    if (!is_pending) deliver(rank, offset(group.first, begin), next - begin);
    some_pending |= is_pending;
    begin = next;
  }
  if (!some_pending || told_anyway) return;
  if (count > 1) {
    ranges[rare(group).range].wanted.push_back({element, count, rank});
    return;
  }
  Result& awaited = result(group, element);
  Index head = static_cast<Index>(awaited.payload);
  new_link({.target = static_cast<Index>(index_of(rank)), .wants = true}, head);
  awaited.payload = head;
}

void State::on(const ObjectVanished& event) {
  const IdTable::Place place = ids.find(event.object);
  if (place.group == kNone) return;
  const Result* end = find_result(groups[place.group], place.element);
  if (end == nullptr || end->state != ObjectState::sealed || (end->marks & kDropped) != 0) return;
  if (groups[place.group].kind == Kind::actor) return;  // a handle has no bytes
  lose_value(place.group, place.element, "its memory failed");
}

/// A sealed value is gone: made again from its arguments if they are still kept, else failed as lost.
void State::lose_value(Index index, std::uint32_t element, std::string_view why) {
  Group& group = groups[index];
  Result& end = result(group, element);
  values_were_lost = true;
  free_value(end);
  end.payload = 0;
  end.node = index_of(kNoNode);
  // Bounded as retries are: a child that kills its rank each time its parent is made again must not go on for
  // ever.
  const std::int64_t remakes_max = group.kind == Kind::task || group.kind == Kind::gang
                                       ? class_of(group).options.max_retries * std::int64_t{group.count}
                                       : 0;
  if ((group.flags & kHasArguments) != 0 && referenced(group) && rare(group).remakes < remakes_max) {
    ++own_rare(group).remakes;
    remake(index, element);
    recheck_dependants(index, element);
    return;
  }
  end.state = ObjectState::failed;
  end.failure = FailureKind::lost;
  end.marks = static_cast<std::uint8_t>((end.marks & ~kDropped) | kOwnFailure);
  const char* hint = group.kind == Kind::put       ? "; put it again, or let a task make it"
                     : group.kind == Kind::promise ? "; call the actor again"
                                                   : "; its lineage is not kept, or no retry is left";
  failures[failure_key(index, element)] = {
      FailureKind::lost, {}, "the only copy is gone: " + std::string(why) + hint};
  recheck_dependants(index, element);
}

/// Runs the element once more. The value was freed or lost; its arguments are still kept.
void State::remake(Index index, std::uint32_t element) {
  Group& group = groups[index];
  Result& end = result(group, element);
  if ((group.flags & kHasArguments) == 0) {
    end.state = ObjectState::failed;
    end.failure = FailureKind::lost;
    end.marks = kOwnFailure;
    failures[failure_key(index, element)] = {
        FailureKind::lost, {}, "the value was freed and cannot be made again"};
    return;
  }
  forget_lineage(index);
  end = Result{};
  if (group.count == 1) end.bytes = static_cast<std::uint64_t>(now.ns);
  --group.ended;
  --totals.finished;
  ++totals.retried;
  values_were_lost = true;
  if (group.kind == Kind::gang) {
    gang_remakes(gangs[rare(group).extra]);
    if (gangs[rare(group).extra].state >= GangState::preparing) {  // the run that is under way makes it
      ++totals.assigned;
      return;
    }
  }
  return_piece(new_piece(index, element, 1));
}

void State::remake_dropped(Index index) {
  groups[index].flags = static_cast<std::uint16_t>(groups[index].flags & ~kSomeDropped);
  for (std::uint32_t element = 0; element < groups[index].count; ++element) {
    const Result* end = find_result(groups[index], element);
    if (end != nullptr && (end->marks & kDropped) != 0) remake(index, element);
  }
}

/// Tasks that were ready because this value existed wait again, or fail with it. Walks all groups: values are
/// rarely lost.
void State::recheck_dependants(Index lost_group, std::uint32_t element) {
  if (groups[lost_group].pins == 0) return;
  for (Index index = 0; index < groups.bound(); ++index) {
    Group& group = groups[index];
    if ((group.flags & kLive) == 0 || group.waiting > 0 || !has_undispatched(group)) continue;
    bool depends = false;
    for (Index link = group.arguments; link != kNone && !depends; link = links[link].next) {
      depends = links[link].dependency && links[link].target == lost_group && links[link].element == element;
    }
    if (depends) to_recheck.push_back(index);
  }
}

}  // namespace rankine::scheduler
