// SPDX-License-Identifier: Apache-2.0
// The door of the scheduler: one event in, what follows from it settled, commands out.
#include "scheduler/scheduler.hpp"

#include <algorithm>

#include <rankine/core/hash.hpp>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

Scheduler::Scheduler(const Limits& limits) : state_(std::make_unique<State>(limits)) {}
Scheduler::~Scheduler() = default;
Scheduler::Scheduler(Scheduler&&) noexcept = default;
Scheduler& Scheduler::operator=(Scheduler&&) noexcept = default;

/// `take` hands the event to the state.
template <class Take>
void State::handle(Time at, Commands& commands, Take take) {
  now = at;
  out = &commands;
  idle_hint = kNoRank;
  take();
  settle();
  out = nullptr;
}

void Scheduler::handle(const Event& event, Time now, Commands& commands) {
  state_->handle(now, commands,
                 [&] { std::visit([this](const auto& alternative) { state_->on(alternative); }, event); });
}

void Scheduler::handle(const Submitted& event, Time now, Commands& commands) {
  state_->handle(now, commands, [&] { state_->on(event); });
}

void Scheduler::handle(const Finished& event, Time now, Commands& commands) {
  state_->handle(now, commands, [&] { state_->on(event); });
}

void Scheduler::handle(const Released& event, Time now, Commands& commands) {
  state_->handle(now, commands, [&] { state_->on(event); });
}

/// Carries out what an event set off, in stages that only note further work: who waited goes on, ended groups
/// give up their arguments, unreferenced ones are freed, tasks whose arguments were lost wait again, ready
/// work is placed.
void State::settle() {
  for (;;) {
    while (!firings.empty() || !ended_spans.empty() || !to_recheck.empty()) {
      if (!firings.empty()) {
        const Firing firing = firings.back();
        firings.pop_back();
        fire_waiters(firing);
      } else if (!ended_spans.empty()) {
        const EndedSpan span = ended_spans.back();
        ended_spans.pop_back();
        process_ended(span);
      } else {
        const Index index = to_recheck.back();
        to_recheck.pop_back();
        const Group& group = groups[index];
        if ((group.flags & kLive) != 0 && group.waiting == 0 && has_undispatched(group))
          await_dependencies(index);
      }
    }
    while (!to_free.empty()) {
      const Index index = to_free.back();
      to_free.pop_back();
      Group& group = groups[index];
      group.flags = static_cast<std::uint16_t>(group.flags & ~kFreeing);
      if (referenced(group)) continue;
      if (rare(group).extra != kNone && !retire(index)) [[unlikely]]
        continue;
      if (group.ended == group.count) {
        free_group(index);
      } else if (group.kind == Kind::promise) [[unlikely]] {
        break_promise(index, "nobody waited for it any more");
      } else {
        drop_values(index);
      }
    }
    if (ready_groups > 0 && !restarting.empty() && !draining) [[unlikely]] {
      place_restarting();
      if (!to_recheck.empty() || !to_free.empty()) continue;
    }
    schedule();
    if (firings.empty() && ended_spans.empty() && to_free.empty() && to_recheck.empty())
      break;  // "never" may have failed some
  }
  if (idle_hint != kNoRank && !draining && !stealable.empty() && nodes.live(idle_hint)) steal_for(idle_hint);
}

ClassId Scheduler::intern(const TaskClass& task_class) {
  return state_->intern(task_class);
}

const TaskClass& Scheduler::task_class(ClassId id) const {
  return state_->classes[static_cast<std::size_t>(id)].options;
}

void Scheduler::give_up(Commands& commands) {
  state_->out = &commands;
  state_->give_up();
}

ObjectView Scheduler::object(ObjectId id) const {
  return state_->view(id);
}

Counts Scheduler::counts() const {
  Counts counts = state_->totals;
  counts.memory_bytes = state_->memory_bytes();
  return counts;
}

std::vector<Rank> Scheduler::gang_members(TaskId gang) const {
  return state_->gang_members(gang);
}

std::uint64_t Scheduler::running() const {
  return state_->running();
}

bool Scheduler::only_late_left() const {
  return !state_->draining && state_->totals.ready > 0 && state_->ready_groups == 0;
}

void Scheduler::foresee(const Ticket& ticket, Rank worker) const {
  state_->foresee(ticket, worker);
}

void Scheduler::foresee_closer(const Event& event) const {
  if (const auto* finished = std::get_if<Finished>(&event)) {
    state_->foresee_closer(finished->ticket, finished->worker);
  } else if (const auto* recalled = std::get_if<Recalled>(&event)) {
    state_->foresee_closer(recalled->ticket, recalled->worker);
  }
}

void Scheduler::foresee(const Event& event) const {
  std::visit(
      [this](const auto& soon) {
        using E = std::decay_t<decltype(soon)>;
        if constexpr (requires { soon.ticket; }) {
          state_->foresee(soon.ticket, soon.worker);
        } else if constexpr (std::is_same_v<E, Released>) {
          state_->foresee(soon.object);
        } else if constexpr (std::is_same_v<E, Submitted>) {
          for (const ObjectId id : soon.dependencies) state_->foresee(id);
        }
      },
      event);
}

/// What any word of a piece touches first; the ticket knows it before a record was looked at.
void State::foresee(const Ticket& ticket, Rank worker) const {
  pieces.foresee(ticket.piece);
  groups.foresee(ticket.group);
  nodes.foresee(worker);
}

/// What lies behind those records, which are here by now: neighbours in lists, and the result of an element.
void State::foresee_closer(const Ticket& ticket, Rank rank) const {
  if (ticket.serial == 0 || ticket.piece >= pieces.bound() || !nodes.known(rank)) return;
  const Piece& piece = pieces[ticket.piece];
  if (piece.serial != ticket.serial) return;
  const Worker& worker = nodes.worker(rank);
  for (const Index neighbour : {worker.room_next, worker.room_previous}) {
    if (neighbour != kNone) nodes.foresee_links(Rank{static_cast<std::int32_t>(neighbour)});
  }
  if (worker.queued.head != kNone) pieces.foresee(worker.queued.head);
  if (!stealable.empty()) fetch_soon(&nodes.worker(stealable.back()));
  const Group& group = groups[piece.group];
  if (group.count == 1) return;
  if (piece.sibling_next != kNone) pieces.foresee(piece.sibling_next);
  if (piece.sibling_previous != kNone) pieces.foresee(piece.sibling_previous);
  if (const Result* end = find_result(group, piece.element)) fetch_soon(end);
}

void State::foresee(ObjectId id) const {
  const Index alone = ids.find_alone(id);
  if (alone != kNone) groups.foresee(alone);
}

bool Scheduler::would_take(const Finished& event) const {
  return state_->would_take(event);
}

std::uint64_t Scheduler::pending() const {
  const Counts& totals = state_->totals;
  return totals.waiting + totals.ready + totals.assigned;
}

Explanation Scheduler::explain(TaskId id, Time at) const {
  return state_->explain(id, std::max(at, state_->now));
}

std::string Scheduler::broken_invariant() const {
  return state_->broken_invariant();
}

namespace {

std::uint64_t hash_resources(const Resources& resources) {
  std::uint64_t hash = hash_mix(static_cast<std::uint64_t>(resources.cpus.fixed()),
                                static_cast<std::uint64_t>(resources.gpus.fixed()));
  hash = hash_mix(hash, static_cast<std::uint64_t>(resources.memory_gib.fixed()));
  for (const auto& [name, amount] : resources.custom) {
    hash = hash_text(name, hash_mix(hash, static_cast<std::uint64_t>(amount.fixed())));
  }
  return hash;
}

std::uint64_t hash_class(const TaskClass& options) {
  std::uint64_t hash =
      hash_mix(hash_resources(options.request), static_cast<std::uint64_t>(options.function));
  for (const Resources& other : options.alternatives) hash = hash_mix(hash, hash_resources(other));
  hash = hash_mix(hash, static_cast<std::uint64_t>(options.priority));
  hash = hash_mix(hash, static_cast<std::uint64_t>(options.max_retries));
  hash = hash_mix(hash, static_cast<std::uint64_t>(options.timeout));
  return hash_text(options.name, hash);
}

}  // namespace

ClassId State::intern(const TaskClass& options) {
  const std::uint64_t hash = hash_class(options);
  const auto [begin, end] = class_index.equal_range(hash);
  for (auto at = begin; at != end; ++at) {
    if (classes[static_cast<std::size_t>(at->second)].options == options) return at->second;
  }
  const ClassId id{static_cast<std::uint32_t>(classes.size())};
  classes.push_back({options, intern_lane(options, Kind::task), -1});
  class_index.emplace(hash, id);
  return id;
}

LaneId State::intern_lane(const TaskClass& options, Kind kind) {
  PlacementRequest request{nodes.intern(options.request), options.rank,     options.node,
                           options.soft_affinity,         options.strategy, {}};
  constexpr std::size_t kChoicesMax = 255;
  for (std::size_t i = 0; i < std::min(options.alternatives.size(), kChoicesMax); ++i)
    request.alternatives.push_back(nodes.intern(options.alternatives[i]));
  for (LaneId id = 0; id < lanes.size(); ++id) {
    const Lane& lane = lanes[id];
    if (lane.kind == kind && lane.request == request && lane.priority == options.priority) return id;
  }
  Lane& lane = lanes.emplace_back();
  lane.request = request;
  lane.kind = kind;
  lane.priority = options.priority;
  return static_cast<LaneId>(lanes.size() - 1);
}

std::uint64_t State::memory_bytes() const {
  return groups.memory_bytes() + rares.memory_bytes() + pieces.memory_bytes() + links.memory_bytes() +
         ranges.memory_bytes() + result_pages.memory_bytes() + holder_sets.memory_bytes() +
         actors.memory_bytes() + gangs.memory_bytes() + ids.memory_bytes() + nodes.memory_bytes() +
         classes.capacity() * sizeof(ClassState) + lanes.capacity() * sizeof(Lane) +
         deaths.capacity() * sizeof(Death) + failures.size() * (sizeof(Failure) + 64) +
         timers.capacity() * sizeof(Timer) + held_by_rank.capacity() * sizeof(std::uint32_t) +
         loans.size() * (sizeof(LoanKey) + 48) + stealable.capacity() * sizeof(Rank);
}

}  // namespace rankine::scheduler
