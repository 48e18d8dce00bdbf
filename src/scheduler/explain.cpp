// SPDX-License-Identifier: Apache-2.0
// Why is my task not running? The answer as data and as a sentence. It changes nothing.
#include <cstdio>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

namespace {

std::string rank_text(Rank rank) {
  return "rank " + std::to_string(index_of(rank));
}

std::string seconds_text(Nanoseconds age) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", static_cast<double>(age) * 1e-9);
  return text;
}

}  // namespace

Explanation State::explain(TaskId id, Time at) const {
  Explanation said;
  const IdTable::Place place = ids.find(id);
  if (place.group == kNone) {
    said.sentence = "no task or object of this number is known: it was freed, lost or never submitted";
    return said;
  }
  const Group& group = groups[place.group];
  const bool is_actor = group.kind == Kind::actor;
  const bool ended =
      is_actor ? actors[rare(group).extra].state == ActorState::dead : !pending(group, place.element);
  if (ended) {
    const bool sealed = find_result(group, place.element)->state == ObjectState::sealed;
    said.state = Explanation::State::ended;
    said.sentence = sealed ? "it has ended with a value" : is_actor ? "the actor is dead" : "it has failed";
    return said;
  }
  if (pending(group, place.element)) said.age = at.ns - static_cast<Nanoseconds>(group.result.bytes);
  explain_collective(group, at, said);
  if (said.sentence.empty()) explain_piece(group, place.element, at, said);
  if (said.sentence.empty() && group.waiting > 0) explain_waiting(group, said);
  if (said.sentence.empty()) explain_ready(place.group, said);
  return said;
}

/// Promises, and actors and gangs that have their places.
void State::explain_collective(const Group& group, Time at, Explanation& said) const {
  if (group.kind == Kind::promise) {
    said.state = Explanation::State::waiting;
    said.worker = group.submitter;
    said.sentence = "it is the result of an actor's call that " + rank_text(said.worker) +
                    " made, and has not ended for " + seconds_text(said.age);
  } else if (group.kind == Kind::actor && actors[rare(group).extra].worker != kNoRank) {
    const Actor& actor = actors[rare(group).extra];
    const bool alive = actor.state == ActorState::alive;
    said.state = alive ? Explanation::State::running : Explanation::State::assigned;
    said.worker = actor.worker;
    said.age = at - actor.since;
    said.sentence = std::string(alive ? "the actor lives on " : "the actor starts on ") +
                    rank_text(said.worker) + " for " + seconds_text(said.age);
    if (actor.attempt > 1) said.sentence += ", in its life number " + std::to_string(actor.attempt);
  } else if (group.kind == Kind::gang && gangs[rare(group).extra].state >= GangState::preparing) {
    const Gang& gang = gangs[rare(group).extra];
    said.state = Explanation::State::running;
    said.worker = gang.members.front().rank;
    said.age = at - gang.since;
    said.sentence = "the gang is " + std::string(to_text(gang.state)) + " on " + std::to_string(gang.ranks) +
                    " ranks for " + seconds_text(said.age) + ", of which " + std::to_string(gang.ready) +
                    " were ready and " + std::to_string(gang.out) + " have left";
  }
}

/// An element that was sent to a worker.
void State::explain_piece(const Group& group, std::uint32_t element, Time at, Explanation& said) const {
  for (Index index = group.pieces; index != kNone; index = pieces[index].sibling_next) {
    const Piece& piece = pieces[index];
    if (piece.state == PieceState::returned || element - piece.element >= piece.count) continue;
    const bool queued = piece.state == PieceState::queued;
    said.worker = piece.worker;
    said.age = at - piece.since;
    said.state = queued ? Explanation::State::assigned : Explanation::State::running;
    said.sentence = (queued ? "it is queued on " : "it runs on ") + rank_text(piece.worker);
    if (piece.state == PieceState::blocked) said.sentence += " and waits for objects";
    said.sentence += " for " + seconds_text(said.age);
    if (piece.attempt > 1) said.sentence += ", attempt " + std::to_string(piece.attempt);
    return;
  }
}

void State::explain_waiting(const Group& group, Explanation& said) const {
  constexpr std::size_t kNamed = 8;
  said.state = Explanation::State::waiting;
  std::string names;
  for (Index link = group.arguments; link != kNone; link = links[link].next) {
    const Group& target = groups[links[link].target];
    if (!links[link].dependency || !pending(target, links[link].element)) continue;
    said.missing.push_back(offset(target.first, links[link].element));
    if (said.missing.size() > kNamed) continue;
    names += (names.empty() ? "" : ", ") + std::to_string(number(said.missing.back()));
  }
  said.sentence = "it waits for " + std::to_string(said.missing.size()) + " arguments (" + names +
                  (said.missing.size() > kNamed ? ", ...) for " : ") for ") + seconds_text(said.age);
}

/// What it asks for, who could give that, and what is kept for it or for one that comes first.
void State::explain_ready(Index index, Explanation& said) const {
  const Group& group = groups[index];
  const LaneId id = lane_id(group);
  const PlacementRequest& request = lanes[id].request;
  said.state = Explanation::State::ready;
  said.asks = describe(request);
  for (std::uint32_t choice = 0; choice < request.choices(); ++choice)
    said.capable = std::max(said.capable, nodes.capable(request.shape_of(choice)));
  const bool is_gang = group.kind == Kind::gang;
  said.sentence = is_gang
                      ? "the gang is ready and asks for " + std::to_string(gangs[rare(group).extra].ranks) +
                            " ranks with " + said.asks + " each"
                      : "it is ready and asks for " + said.asks;
  if (said.age > 0) said.sentence += " for " + seconds_text(said.age);
  if (nodes.live_count() == 0) {
    said.sentence += "; no worker has joined";
    return;
  }
  said.sentence += "; " + std::to_string(said.capable) + " of " + std::to_string(nodes.live_count()) +
                   " workers could hold " + (is_gang ? "a member" : "it");
  if (const std::string late = explain_end_of_time(group); !late.empty()) {
    said.sentence += late;
    return;
  }
  const bool in_front = front.lane == id && (front.group == kNone || front.group == index);
  if (in_front && !front.workers.empty()) {
    said.kept = front.workers;
    said.with_room = front.secured;
    said.sentence += "; " + std::to_string(front.ranks) + " (" + rank_text(front.workers.front()) +
                     (front.ranks > 1 ? ", ...)" : ")") + " are kept for it, of which " +
                     std::to_string(front.secured) + " have its room";
  } else if (in_front) {
    said.sentence += "; it waits until gangs or actors leave";
  } else if (front.lane != kNone) {
    said.sentence +=
        "; " + std::to_string(front.workers.size()) + " workers are kept for " +
        (front.group == kNone ? "a larger request"
                              : "the gang or actor " + std::to_string(number(groups[front.group].first))) +
        ", which comes first";
  } else {
    said.sentence += ", all are busy";
  }
}

}  // namespace rankine::scheduler
