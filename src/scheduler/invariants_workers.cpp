// SPDX-License-Identifier: Apache-2.0
// The part of the walk of invariants.cpp that looks at workers: their pieces, their actors and members of
// gangs, and what is free.
#include "scheduler/state.hpp"

namespace rankine::scheduler {

State::KeptByRank State::list_places() const {
  KeptByRank kept;
  for (Index at = 0; at < actors.bound(); ++at) {
    const Actor& actor = actors[at];
    if (actor.group == kNone || actor.worker == kNoRank) continue;
    Kept& here = kept[actor.worker];
    const Demand& keeps = nodes.demand(actor.shape);
    for (std::size_t i = 0; i < keeps.base.size(); ++i) here.places.actors.base[i] += keeps.base[i];
    here.places.actors.base[kPiecesAtOnce] = 0;
    ++here.count;
  }
  for (Index at = 0; at < gangs.bound(); ++at) {
    const Gang& gang = gangs[at];
    if (gang.group == kNone) continue;
    for (const GangMember& member : gang.members) {
      if (member.state == GangMember::State::out) continue;
      Kept& here = kept[member.rank];
      const Demand& keeps = nodes.demand(gang.shape);
      for (std::size_t i = 0; i < keeps.base.size(); ++i) here.places.gangs.base[i] += keeps.base[i];
      ++here.count;
    }
  }
  for (const Rank rank : front.workers) kept[rank].reserved.push_back(front.shape);
  return kept;
}

/// Takes from `free` what actors, gangs and the gang in front have of the worker.
std::string State::broken_places(const Worker& worker, const KeptByRank& all, Supply& free) const {
  const auto found = all.find(worker.rank);
  const Kept here = found == all.end() ? Kept{} : found->second;
  if (worker.actors != here.count) return "number of actors and gang members";
  if (here.reserved.size() != (worker.reserve_position != kNone ? 1 : 0)) return "its reservation";
  if (!worker.live) return here.count == 0 ? "" : "lost, has an actor or a gang";
  const Places& places = nodes.places(worker);
  if (here.places.actors.base != places.actors.base || here.places.gangs.base != places.gangs.base)
    return "what actors and gangs keep";
  for (std::size_t i = 0; i < free.base.size(); ++i)
    free.base[i] -= places.actors.base[i] + places.gangs.base[i];
  for (const ShapeId shape : here.reserved) free.take(nodes.demand(shape));
  return {};
}

/// One list of a worker's pieces; what they add up to is added to `sum`.
std::string State::broken_pieces(const Worker& worker, PieceState state, const PieceList& list,
                                 PieceSum& sum) const {
  std::uint32_t size = 0;
  for (Index at = list.head; at != kNone; at = pieces[at].next, ++size) {
    const Piece& piece = pieces[at];
    if (piece.state != state || piece.worker != worker.rank) return "a piece in the wrong list";
    if (piece.estimate < 0) return "a negative estimate";
    if (find_piece(ticket_of(at), worker.rank, first_of(piece), piece.attempt) != at)
      return "a piece that its ticket does not lead to";
    sum.elements += piece.count;
    sum.recalls += (piece.flags & kRecalling) != 0 ? 1 : 0;
    if (state != PieceState::blocked) sum.load += piece.estimate;
    if (state != PieceState::active) continue;
    sum.started += (piece.flags & kStarted) != 0 ? 1 : 0;
    sum.free.take(nodes.demand(piece.shape));
  }
  return size == list.size ? "" : "size of a list of pieces";
}

std::string State::broken_worker(const Worker& worker, const KeptByRank& kept, PieceSum& sum) const {
  sum.free = worker.total;
  for (std::string broken : {broken_pieces(worker, PieceState::active, worker.active, sum),
                             broken_pieces(worker, PieceState::queued, worker.queued, sum),
                             broken_pieces(worker, PieceState::blocked, worker.blocked, sum),
                             broken_places(worker, kept, sum.free)}) {
    if (!broken.empty()) return broken;
  }
  if (!worker.live && worker.active.size + worker.queued.size + worker.blocked.size > 0)
    return "lost, has work";
  if (sum.load != worker.load) return "estimated load";
  if (sum.started != worker.started || sum.recalls != worker.recalls)
    return "number of started or recalled pieces";
  if (worker.live && sum.free.base != worker.free.base) return "free resources";
  if (worker.room_lane != lane_with_room(worker)) return "its place in the list of workers with room";
  if (worker.live && worker.queued.head != kNone && nodes.fits(worker, pieces[worker.queued.head].shape))
    return "has room for the next queued piece";
  if (worker.steal_position != kNone && stealable[worker.steal_position] != worker.rank) return "steal list";
  return {};
}

std::string State::broken_workers() const {
  std::uint64_t assigned = 0;
  std::uint64_t listed = 0;
  for (Index index = 0; index < groups.bound(); ++index) {
    const Group& group = groups[index];
    if ((group.flags & kLive) != 0 && group.kind != Kind::promise) assigned += on_record(group);
  }
  const KeptByRank kept = list_places();
  for (const Worker& worker : nodes.all()) {
    if (worker.rank == kNoRank) continue;  // a rank that never joined
    PieceSum sum;
    if (std::string broken = broken_worker(worker, kept, sum); !broken.empty())
      return "rank " + std::to_string(index_of(worker.rank)) + ": " + broken;
    assigned += sum.elements;
    listed += worker.steal_position != kNone ? 1 : 0;
  }
  if (listed != stealable.size()) return "size of the steal list";
  return assigned == totals.assigned ? "" : "number of assigned elements";
}

}  // namespace rankine::scheduler
