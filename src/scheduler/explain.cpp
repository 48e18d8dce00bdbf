// SPDX-License-Identifier: Apache-2.0
// Why is my task not running? The answer as data and as a sentence. It changes nothing.
#include "scheduler/state.hpp"

namespace rankine::scheduler {

Explanation State::explain(TaskId id) const {
  Explanation said;
  const IdTable::Place place = ids.find(id);
  if (place.group == kNone) {
    said.sentence = "no task or object of this number is known: it was freed, lost or never submitted";
    return said;
  }
  const Group& group = groups[place.group];
  if (!pending(group, place.element)) {
    said.state = Explanation::State::ended;
    said.sentence = find_result(group, place.element)->state == ObjectState::sealed
                        ? "it has ended with a value"
                        : "it has failed";
    return said;
  }
  if (group.kind == Kind::actor && actors[group.extra].worker != kNoRank) {
    said.state = Explanation::State::assigned;
    said.worker = actors[group.extra].worker;
    said.sentence = "the actor starts on rank " + std::to_string(index_of(said.worker));
    return said;
  }
  if (group.kind == Kind::gang && gangs[group.extra].state >= GangState::preparing) {
    const Gang& gang = gangs[group.extra];
    said.state = Explanation::State::running;
    said.worker = gang.members.front().rank;
    said.sentence = "the gang is " + std::string(to_text(gang.state)) + " on " + std::to_string(gang.ranks) +
                    " ranks, of which " + std::to_string(gang.out) + " have left";
    return said;
  }
  for (Index at = group.pieces; at != kNone; at = pieces[at].sibling_next) {
    const Piece& piece = pieces[at];
    if (piece.state == PieceState::returned || place.element - piece.element >= piece.count) continue;
    said.worker = piece.worker;
    const std::string where = "rank " + std::to_string(index_of(piece.worker));
    said.state =
        piece.state == PieceState::queued ? Explanation::State::assigned : Explanation::State::running;
    said.sentence = piece.state == PieceState::queued    ? "it is queued on " + where
                    : piece.state == PieceState::blocked ? "it runs on " + where + " and waits for objects"
                                                         : "it runs on " + where;
    return said;
  }
  if (group.waiting > 0) {
    said.state = Explanation::State::waiting;
    for (Index link = group.arguments; link != kNone; link = links[link].next) {
      const Group& target = groups[links[link].target];
      if (links[link].dependency && pending(target, links[link].element)) {
        said.missing.push_back(offset(target.first, links[link].element));
      }
    }
    said.sentence = "it waits for " + std::to_string(said.missing.size()) + " arguments";
    return said;
  }
  said.state = Explanation::State::ready;
  const ShapeId shape = lanes[lane_id(group)].request.shape;
  if (group.kind == Kind::gang) {
    const Gang& gang = gangs[group.extra];
    said.sentence = "the gang is ready and asks for " + std::to_string(gang.ranks) + " ranks with " +
                    nodes.describe(shape) + " each; " + std::to_string(gang.secured) +
                    " are kept free for it, " + std::to_string(nodes.capable(shape)) + " of " +
                    std::to_string(nodes.live_count()) + " workers could hold a member";
    return said;
  }
  said.sentence = "it is ready and asks for " + nodes.describe(shape) + "; ";
  if (nodes.live_count() == 0) {
    said.sentence += "no worker has joined";
  } else {
    said.sentence += std::to_string(nodes.capable(shape)) + " of " + std::to_string(nodes.live_count()) +
                     " workers could hold it, all are busy or reserved by affinity";
  }
  return said;
}

}  // namespace rankine::scheduler
