// SPDX-License-Identifier: Apache-2.0
// How elements end (sealed or failed, exactly once) and who learns of it: dependants, ranks that wait, the
// submitter.
#include <algorithm>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::note_ended(Index index, std::uint32_t element, std::uint64_t waiters) {
  Group& group = groups[index];
  ++group.ended;
  if (waiters != kNone) firings.push_back({index, element, static_cast<Index>(waiters)});
  if (!ended_spans.empty()) {
    EndedSpan& last = ended_spans.back();
    if (last.group == index && last.element + last.count == element) {
      ++last.count;
      return;
    }
  }
  ended_spans.push_back({index, element, 1});
}

void State::seal(Index index, std::uint32_t element, const Value& value) {
  Group& group = groups[index];
  Result& end = result(group, element);
  const std::uint64_t waiters = end.payload;
  end.payload = static_cast<std::uint64_t>(value.payload);
  end.bytes = value.bytes;
  end.node = index_of(value.node);
  end.state = ObjectState::sealed;
  end.marks = static_cast<std::uint8_t>(end.marks & ~kCancelAsked);
  if (value.node != kNoNode) group.flags |= kSomeOnNode;
  if (!referenced(group)) {
    free_value(end);
    end.payload = 0;
    end.node = index_of(kNoNode);
    end.marks |= kDropped;
    group.flags |= kSomeDropped;
  }
  if (group.kind != Kind::promise) ++totals.finished;
  note_ended(index, element, waiters);
}

void State::fail(Index index, std::uint32_t element, const Failure& failure, Value error) {
  Group& group = groups[index];
  Result& end = result(group, element);
  const std::uint64_t waiters = end.payload;
  if (group.kind != Kind::task) note_given_up(group);
  end.payload = static_cast<std::uint64_t>(error.payload);
  end.bytes = error.bytes;
  end.node = index_of(error.node);
  end.state = ObjectState::failed;
  end.failure = failure.kind;
  end.marks = 0;
  if (failure.cause != kNoObject || !failure.text.empty()) {
    end.marks |= kOwnFailure;
    failures[failure_key(index, element)] = failure;
  }
  if (group.kind != Kind::promise)
    ++(failure.kind == FailureKind::cancelled ? totals.cancelled : totals.failed);
  note_ended(index, element, waiters);
}

/// Every element that has not ended and is on no worker fails for one reason, whose text is kept once.
void State::fail_unfinished(Index index, const Failure& failure) {
  Group& group = groups[index];
  materialise(index);
  bool some = false;
  while (rare(group).returned != kNone) {
    const Index piece = rare(group).returned;
    const std::uint32_t first = pieces[piece].element;
    const std::uint32_t count = pieces[piece].count;
    unreturn_piece(piece);
    delete_piece(piece);
    for (std::uint32_t i = 0; i < count; ++i) {
      fail(index, first + i, {.kind = failure.kind, .cause = {}, .text = {}});
      result(group, first + i).marks |= kGroupFailure;
      some = true;
    }
  }
  if (some) failures[failure_key(index, kNone)] = failure;
}

void State::process_ended(const EndedSpan& span) {
  Group& group = groups[span.group];
  const ObjectId first = offset(group.first, span.element);
  if (group.submitter != kNoRank && group.kind != Kind::promise && holds(group, group.submitter))
    deliver(group.submitter, first, span.count);
  if (group.count != 1) {
    auto& wanted = ranges[rare(group).range].wanted;
    for (const auto& want : wanted) {
      const std::uint32_t begin = std::max(want.element, span.element);
      const std::uint32_t end = std::min(want.element + want.count, span.element + span.count);
      if (begin < end && !nodes.lost(want.rank)) deliver(want.rank, offset(group.first, begin), end - begin);
    }
    if (group.ended == group.count) wanted.clear();
  }
  if (group.ended == group.count) complete(span.group);
}

void State::fire_waiters(const Firing& firing) {
  Index link = firing.waiter;
  while (link != kNone) {
    const Link entry = links[link];
    links.release(link);
    link = entry.next;
    if (entry.wants) {
      const Rank rank{static_cast<std::int32_t>(entry.target)};
      if (!nodes.lost(rank)) deliver(rank, offset(groups[firing.group].first, firing.element), 1);
      continue;
    }
    Group& waiter = groups[entry.target];
    if ((waiter.flags & kZombie) != 0) {
      if (--waiter.waiting == 0) release_record(entry.target);
      continue;
    }
    const Result* end = find_result(groups[firing.group], firing.element);
    if (end->state == ObjectState::failed) dependency_failed(entry.target, firing.group, firing.element);
    remove_wait(entry.target);
  }
}

/// The task fails with the first cause; the object that failed first stays alive as long as the task's own
/// result.
void State::dependency_failed(Index index, Index cause_group, std::uint32_t cause_element) {
  const Result* end = find_result(groups[cause_group], cause_element);
  ObjectId root = offset(groups[cause_group].first, cause_element);
  if (end->failure == FailureKind::dependency) root = view(root).cause;
  Group& group = groups[index];
  if (group.ended == group.count) return;
  if ((group.flags & kCausePinned) == 0) {
    group.flags |= kCausePinned;
    pin_inside(index, root);
  }
  fail_unfinished(index, {.kind = FailureKind::dependency, .cause = root, .text = {}});
}

ObjectView State::view(ObjectId id) const {
  const IdTable::Place place = ids.find(id);
  if (place.group == kNone) return {};
  const Group& group = groups[place.group];
  const Result* end = find_result(group, place.element);
  ObjectView view;
  view.group = group.first;
  view.count = group.count;
  view.state = end == nullptr ? ObjectState::pending : end->state;
  if (group.kind == Kind::actor) {
    view.worker = actors[rare(group).extra].worker;
    view.attempt = actors[rare(group).extra].attempt;
  }
  if (view.state == ObjectState::pending) return view;
  if ((end->marks & kDropped) != 0) {
    view.state = ObjectState::failed;
    view.failure = FailureKind::lost;
    view.text = "the value was freed because nobody held it any more";
    return view;
  }
  view.value = {Payload{end->payload}, end->bytes, NodeId{end->node}};
  view.failure = end->failure;
  if (view.state == ObjectState::failed && (group.kind == Kind::task || group.kind == Kind::gang))
    view.name = class_of(group).options.name;
  if (group.kind == Kind::gang && end->failure == FailureKind::threw) {  // one error for all elements
    const Result* error = find_result(group, gangs[rare(group).extra].error_at);
    view.value = {Payload{error->payload}, error->bytes, NodeId{error->node}};
  }
  if ((end->marks & (kOwnFailure | kGroupFailure)) != 0) {
    const bool own = (end->marks & kOwnFailure) != 0;
    const Failure& failure = failures.at(failure_key(place.group, own ? place.element : kNone));
    view.cause = failure.cause;
    view.text = failure.text;
  }
  return view;
}

}  // namespace rankine::scheduler
