// SPDX-License-Identifier: Apache-2.0
// Workers that join and are lost: what ran there is tried again or fails with the history, what it held
// vanishes, values in the memory of a lost node are made again or fail as lost.
#include <algorithm>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::on(const WorkerJoined& event) {
  const WorkerState state = nodes.state(event.rank);
  if (index_of(event.rank) < 0 || verdict(state, WorkerEvent::joined) != Verdict::allowed) return;
  history.note(ObjectId{static_cast<std::uint64_t>(index_of(event.rank))}, state, WorkerEvent::joined);
  nodes.join(event.rank, event.node, event.resources);
  totals.workers = nodes.live_count();
  idle_hint = event.rank;
  ++supply_changes;
  if (!front.workers.empty()) room_changed(nodes.worker(event.rank));
}

void State::on(const WorkerLost& event) {
  const WorkerState state = nodes.state(event.rank);
  if (verdict(state, WorkerEvent::lost) == Verdict::allowed) {
    history.note(ObjectId{static_cast<std::uint64_t>(index_of(event.rank))}, state, WorkerEvent::lost);
    Worker& worker = nodes.worker(event.rank);
    unlink_room(worker);
    std::vector<Index> had;
    for (const PieceList* list : {&worker.blocked, &worker.active, &worker.queued}) {
      for (Index at = list->head; at != kNone; at = pieces[at].next) had.push_back(at);
    }
    nodes.lose(event.rank);
    totals.workers = nodes.live_count();
    // Newest first, because each goes to the front of its lane.
    for (auto at = had.rbegin(); at != had.rend(); ++at) lose_piece(*at, worker, event.culprit);
    update_stealable(worker);
    lose_places(event.rank, event.culprit);
  }
  lose_promises(event.rank);
  lose_loans(event.rank);
  vanish_holdings(event.rank);
  if (event.node_lost && nodes.known(event.rank)) lose_node(nodes.worker(event.rank).node);
}

void State::lose_piece(Index index, const Worker& worker, TaskId culprit) {
  const bool ran = pieces[index].state != PieceState::queued || (pieces[index].flags & kStarted) != 0;
  const bool killed = (pieces[index].flags & (kForce | kTimedOut)) != 0;
  record(index, PieceEvent::worker_lost);
  take_off_worker(index);
  totals.assigned -= pieces[index].count;
  const Piece like = pieces[index];
  delete_piece(index);
  const IdTable::Place place = culprit != TaskId{} ? ids.find(culprit) : IdTable::Place{};
  const std::uint32_t end = like.element + like.count;
  const bool here = culprit != TaskId{} && place.group == like.group && place.element >= like.element &&
                    place.element < end;
  if (here) return lose_culprit(like, place.element, worker.rank, ran);
  if (!ran) return give_back(like.group, like.element, like.count, like);
  // A rank that was killed on purpose costs its other tasks a try (else two could restart each other for
  // ever), but does not make them suspects; nor does one that another task crashed.
  const bool suspect = culprit == TaskId{} && (!worker.kill_asked || killed);
  retry_or_fail(like, worker.rank, suspect ? Suspicion::death : Suspicion::none);
}

/// Of the piece only `element` is to blame; it ran, whether the head had heard of that or not.
void State::lose_culprit(const Piece& like, std::uint32_t element, Rank rank, bool others_ran) {
  const auto part = [&](std::uint32_t begin, std::uint32_t end) {
    if (begin >= end) return;
    Piece piece = like;
    piece.element = begin;
    piece.count = end - begin;
    if (begin == element) return retry_or_fail(piece, rank, Suspicion::crash);
    if (others_ran) return retry_or_fail(piece, rank, Suspicion::none);
    give_back(piece.group, begin, piece.count, piece);
  };
  part(like.element, element);
  part(element + 1, like.element + like.count);
  part(element, element + 1);
}

/// `like` was under way on a rank that died: one more death for each of its elements.
void State::retry_or_fail(Piece like, Rank rank, Suspicion suspicion) {
  const TaskClass& options = class_of(groups[like.group]).options;
  const bool timed_out = (like.flags & kTimedOut) != 0;
  std::string timeout = timed_out ? timeout_text(like) : std::string();
  Failure failure;
  like.deaths = note_death(rank, like.deaths);
  if (suspicion != Suspicion::none) ++like.death_count;
  // What has taken all but its last rank along, or is known to have crashed one, does not get rank 0, whose
  // death would end the run.
  const bool only_head = limits.reserve && nodes.live_count() == (nodes.live(kHead) ? 1u : 0u);
  const std::uint32_t deaths_of_head = suspicion == Suspicion::crash ? 1 : limits.poison_deaths - 1;
  const std::uint32_t deaths_max = only_head ? deaths_of_head : limits.poison_deaths;
  if (timed_out && !(options.retry_exceptions && like.attempt <= options.max_retries)) {
    failure = {FailureKind::timed_out, {}, std::move(timeout)};
  } else if (!timed_out && like.death_count >= deaths_max) {
    failure = {FailureKind::poison, {}, death_text(like.deaths)};
  } else if (like.attempt > options.max_retries) {
    failure = {FailureKind::worker_died, {}, death_text(like.deaths)};
  }
  if (failure.kind == FailureKind::none) {
    ++like.attempt;
    for (std::uint32_t i = 0; i < like.count; ++i) {
      const Result* end = find_result(groups[like.group], like.element + i);
      totals.retried += end == nullptr || (end->marks & kCancelAsked) == 0 ? 1 : 0;
    }
    return give_back(like.group, like.element, like.count, like);
  }
  for (std::uint32_t i = 0; i < like.count; ++i) {
    const Result* end = find_result(groups[like.group], like.element + i);
    const bool cancelled = end != nullptr && (end->marks & kCancelAsked) != 0;
    fail(like.group, like.element + i, cancelled ? Failure{FailureKind::cancelled, {}, {}} : failure);
  }
}

Index State::note_death(Rank rank, Index earlier) {
  if (deaths.size() >= deaths_prune_at) earlier = prune_deaths(earlier);
  deaths.push_back({rank, earlier});
  return static_cast<Index>(deaths.size() - 1);
}

/// Keeps the histories of what has not ended, and the one that starts at `kept`, whose new place it returns.
Index State::prune_deaths(Index kept) {
  std::vector<Index*> roots = {&kept};
  for (Index at = 0; at < pieces.bound(); ++at) {
    if (pieces[at].group != kNone) roots.push_back(&pieces[at].deaths);
  }
  for (Index at = 0; at < actors.bound(); ++at) {
    if (actors[at].group != kNone) roots.push_back(&actors[at].deaths);
  }
  for (Index at = 0; at < gangs.bound(); ++at) {
    if (gangs[at].group != kNone) roots.push_back(&gangs[at].deaths);
  }
  std::vector<Index> moved(deaths.size(), kNone);
  for (const Index* root : roots) {
    for (Index at = *root; at != kNone && moved[at] == kNone; at = deaths[at].earlier) moved[at] = at;
  }
  Index count = 0;
  for (Index at = 0; at < moved.size(); ++at) {  // an earlier death has the smaller index
    if (moved[at] == kNone) continue;
    const Death death = deaths[at];
    deaths[count] = {death.rank, death.earlier == kNone ? kNone : moved[death.earlier]};
    moved[at] = count++;
  }
  deaths.resize(count);
  for (Index* root : roots) *root = *root == kNone ? kNone : moved[*root];
  deaths_prune_at = std::max<std::size_t>(64, 2 * deaths.size());
  return kept;
}

std::string State::death_text(Index last) const {
  std::vector<std::int32_t> ranks;
  for (Index at = last; at != kNone; at = deaths[at].earlier) ranks.push_back(index_of(deaths[at].rank));
  std::string text = ranks.size() == 1 ? "the rank that ran it died: " : "the ranks that ran it died: ";
  for (std::size_t i = ranks.size(); i > 0; --i) {
    text += std::to_string(ranks[i - 1]);
    if (i > 1) text += ", ";
  }
  return text;
}

/// What a lost rank held is held no more; what it waited for is not sent. Walks all groups only if it held
/// any.
void State::vanish_holdings(Rank rank) {
  const auto at = static_cast<std::size_t>(index_of(rank));
  if (at >= held_by_rank.size()) return;
  for (Index index = 0; index < groups.bound() && held_by_rank[at] > 0; ++index) {
    if ((groups[index].flags & kLive) != 0) unhold(index, rank);
  }
}

void State::lose_node(NodeId node) {
  lose_checkpoints(node);
  const std::string why = "node " + std::to_string(index_of(node)) + " died";
  for (Index index = 0; index < groups.bound(); ++index) {
    if ((groups[index].flags & kLive) == 0 || (groups[index].flags & kSomeOnNode) == 0) continue;
    for (std::uint32_t element = 0; element < groups[index].count; ++element) {
      const Result* end = find_result(groups[index], element);
      if (end == nullptr) {
        element |= kResultPageSize - 1;  // nothing of this page has ended
        continue;
      }
      if (end->state == ObjectState::pending || end->node != index_of(node)) continue;
      if (end->state == ObjectState::sealed) lose_value(index, element, why);
    }
  }
}

}  // namespace rankine::scheduler
