// SPDX-License-Identifier: Apache-2.0
// The tables behind Scheduler and the operations on them, grouped by the file that implements each. Private
// to this floor. Operations that end elements or drop references only note what follows; settle() carries it
// out, so that long chains never recurse.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/id_table.hpp"
#include "scheduler/node_table.hpp"
#include "scheduler/policies/policy.hpp"
#include "scheduler/records.hpp"
#include "scheduler/scheduler.hpp"
#include "scheduler/slab.hpp"
#include "scheduler/transitions.hpp"

namespace rankine::scheduler {

/// An interned class with what was learnt about it.
struct ClassState {
  TaskClass options;
  LaneId lane = 0;
  double estimate = -1;  ///< exponentially weighted mean of the time of one element in ns; < 0: unknown
};

/// Ready groups of one kind that ask for the same placement and priority; its head is the next to run.
struct Lane {
  PlacementRequest request;
  Kind kind = Kind::task;
  std::int32_t priority = 0;
  Index head = kNone;
  Index tail = kNone;
  Index room_head = kNone;  ///< workers that run this lane and may get more sent ahead
  Index room_tail = kNone;
  Rank last_worker = kNoRank;
  std::uint64_t stuck_round = 0;  ///< nothing could be placed in this scheduling round
  Nanoseconds stuck_since =
      -1;  ///< since then its head has found no room; < 0: it has not been tried in vain
  std::uint32_t stuck_serial = 0;  ///< State::next_serial at that time
};

struct Failure {
  FailureKind kind = FailureKind::none;
  ObjectId cause{};
  std::string text;
};

/// Of a piece, of an actor that starts or of a gang that runs. What it is about may be over: then `serial` is
/// not the record's any more.
struct Timer {
  Time at;
  Index record = kNone;  ///< of `kind`
  std::uint32_t serial = 0;
  Kind kind = Kind::task;
  bool forced = false;
  friend bool operator>(const Timer& a, const Timer& b) { return a.at > b.at; }
};

inline constexpr std::string_view kCancelledText = "rankine: the task was cancelled before it ended";

/// What is held against a task when the rank that ran it is dead.
enum class Suspicion : std::uint8_t {
  none,   ///< another task crashed it, or it was killed on purpose
  death,  ///< it was there
  crash,  ///< the dying process named it
};

struct State {
  // ---- tables ----
  Limits limits;
  Slab<Group> groups;
  Slab<Rare> rares;  ///< the first one is empty and nobody's
  Slab<Piece> pieces;
  Slab<Link> links;
  Slab<RangeExtra> ranges;
  Slab<ResultPage> result_pages;
  Slab<HolderSet> holder_sets;
  Slab<Actor> actors;
  Slab<Gang> gangs;
  IdTable ids;
  NodeTable nodes;
  std::vector<ClassState> classes;
  std::unordered_multimap<std::uint64_t, ClassId> class_index;  ///< by hash of the options
  std::vector<Lane> lanes;
  bool enlist_asked = false;  ///< rank 0 was asked to execute, too
  std::vector<Death> deaths;
  std::size_t deaths_prune_at = 64;  ///< size at which those that nobody tells of any more are looked for
  std::unordered_map<std::uint64_t, Failure> failures;  ///< by failure_key()
  std::vector<std::uint32_t> held_by_rank;              ///< groups held, by rank
  std::vector<Rank> stealable;                          ///< workers with queued pieces
  std::vector<Timer> timers;                            ///< a heap, the earliest in front
  std::size_t timers_prune_at = 64;                     ///< size at which those that are over are looked for
  std::vector<Index> restarting;                        ///< groups of actors that wait for a worker again
  Front front;
  std::uint64_t supply_changes = 1;       ///< counts what may give a gang its chance: workers, actors, gangs
  Index promises = kNone;                 ///< groups of pending promises
  std::map<LoanKey, std::int32_t> loans;  ///< no entry: 0; a positive one pins its group
  Index lineage_head = kNone;
  Index lineage_tail = kNone;
  std::uint64_t lineage_bytes = 0;
  std::uint64_t next_sequence = 1;
  std::uint64_t newest_dispatched = 0;  ///< largest sequence of a group that something was dispatched of
  std::uint64_t round = 0;
  std::uint64_t ready_groups = 0;  ///< in lanes, and actors among `restarting`
  std::uint32_t next_serial = 1;   ///< see new_serial()
  bool draining = false;           ///< nothing is started any more
  Counts totals;
  History history;
  // ---- of the event being handled ----
  Time now;
  Commands* out = nullptr;
  Rank idle_hint = kNoRank;  ///< a worker that may have run dry
  struct EndedSpan {
    Index group;
    std::uint32_t element;
    std::uint32_t count;
  };
  struct Firing {
    Index group;
    std::uint32_t element;
    Index waiter;
  };
  std::vector<EndedSpan> ended_spans;
  std::vector<Firing> firings;
  std::vector<Index> to_free;
  std::vector<Index> to_recheck;  ///< groups whose arguments may be pending again
  bool values_were_lost = false;  ///< once true, arguments are looked at again before a group is ready

  explicit State(const Limits& settings) : limits(settings) { rares.allocate(); }

  // ---- scheduler.cpp ----
  template <class Take>
  void handle(Time at, Commands& commands, Take take);
  void settle();
  void foresee(const Ticket& ticket, Rank worker) const;
  void foresee_closer(const Ticket& ticket, Rank worker) const;
  void foresee(ObjectId id) const;
  ClassId intern(const TaskClass& options);
  LaneId intern_lane(const TaskClass& options, Kind kind);
  std::uint64_t memory_bytes() const;
  template <class C>
  void emit(C&& command) {
    out->emplace_back(std::forward<C>(command));
  }

  // ---- groups.cpp: results, references, lifetimes ----
  const Result* find_result(const Group& group, std::uint32_t element) const;
  Result& result(Group& group, std::uint32_t element);
  bool pending(const Group& group, std::uint32_t element) const {
    const Result* result = find_result(group, element);
    return result == nullptr || result->state == ObjectState::pending;
  }
  const Rare& rare(const Group& group) const { return rares[group.rare]; }
  Rare& own_rare(Group& group);
  Index new_group(ObjectId first, std::uint32_t count, Kind kind);
  Index new_link(const Link& link, Index& head);
  void hold(Index group, Rank rank);
  bool unhold(Index group, Rank rank);
  bool holds(const Group& group, Rank rank) const;
  bool referenced(const Group& group) const { return group.holder != kNoRank || group.pins != 0; }
  void pin(Index group) { ++groups[group].pins; }
  void unpin(Index group);
  void maybe_free(Index group);
  void free_group(Index group);
  void drop_values(Index group);
  void free_value(const Result& result);
  void give_up();
  void drop_arguments(Index group);
  void pin_inside(Index group, ObjectId inner);
  void pin_into(Index group, ObjectId inner, Index& list);
  void unpin_all(Index& list);
  void complete(Index group);
  std::uint64_t lineage_cost(const Group& group) const;
  void keep_lineage(Index group);
  void forget_lineage(Index group);
  void release_record(Index group);
  static std::uint64_t failure_key(Index group, std::uint32_t element) {
    return std::uint64_t{group} << 32 | element;
  }

  // ---- ends.cpp: how elements end and who learns of it ----
  void seal(Index group, std::uint32_t element, const Value& value);
  void fail(Index group, std::uint32_t element, const Failure& failure, Value error = {});
  void fail_unfinished(Index group, const Failure& failure);
  void note_ended(Index group, std::uint32_t element, std::uint64_t waiters);
  void process_ended(const EndedSpan& span);
  void fire_waiters(const Firing& firing);
  void dependency_failed(Index group, Index cause_group, std::uint32_t cause_element);
  void deliver(Rank rank, ObjectId first, std::uint32_t count) { emit(Deliver{rank, first, count}); }
  ObjectView view(ObjectId id) const;

  // ---- lanes.cpp: what is ready ----
  void add_arguments(Index group, std::span<const ObjectId> dependencies, std::span<const ObjectId> pins);
  bool await_dependencies(Index group);
  void make_ready(Index group);
  bool has_undispatched(const Group& group) const {
    return group.cursor < group.count || rare(group).returned != kNone;
  }
  std::uint32_t undispatched(const Group& group) const;
  void enter_lane(Index group);
  void leave_lane(Index group);
  void count_undispatched(const Group& group, std::int64_t change);
  void add_wait(Index group);
  void remove_wait(Index group);
  /// Of a piece, of a start or a run: not 0, not even after 4 billion.
  std::uint32_t new_serial() {
    if (next_serial == 0) next_serial = 1;
    return next_serial++;
  }
  Index new_piece(Index group, std::uint32_t element, std::uint32_t count);
  void delete_piece(Index piece);
  void return_piece(Index piece);
  void unreturn_piece(Index piece);
  void materialise(Index group);
  LaneId lane_id(const Group& group) const {
    if (group.kind == Kind::task) [[likely]]
      return classes[static_cast<std::size_t>(group.task_class)].lane;
    return group.kind == Kind::actor ? actors[rare(group).extra].lane : gangs[rare(group).extra].lane;
  }
  std::string describe(const PlacementRequest& request) const;
  Lane& lane_of(const Group& group) { return lanes[lane_id(group)]; }
  ClassState& class_of(const Group& group) { return classes[static_cast<std::size_t>(group.task_class)]; }
  const ClassState& class_of(const Group& group) const {
    return classes[static_cast<std::size_t>(group.task_class)];
  }

  // ---- queues.cpp: what workers have ----
  PieceList& list_of(Worker& worker, PieceState state);
  void push_back(PieceList& list, Index piece);
  void push_front(PieceList& list, Index piece);
  void unlink(PieceList& list, Index piece);
  void put_on_worker(Index piece, Worker& worker, PieceState state);
  void take_off_worker(Index piece);
  void set_estimate(Index piece, Nanoseconds estimate);
  void activate_next(Worker& worker);
  void activate(Index piece, Worker& worker);
  void recall_misfits(Worker& worker);
  void on_activated(Index piece);
  void refresh(Worker& worker);
  LaneId lane_with_room(const Worker& worker) const;
  void unlink_room(Worker& worker);
  void update_room(Worker& worker);
  void update_stealable(Worker& worker);
  void set_recalling(Index piece, bool recalling);
  Index find_piece(const Ticket& ticket, Rank worker, TaskId task, std::uint16_t attempt) const;
  Ticket ticket_of(Index piece) const { return {pieces[piece].serial, piece, pieces[piece].group}; }
  TaskId first_of(const Piece& piece) const { return offset(groups[piece.group].first, piece.element); }
  void record(Index piece, PieceEvent event);

  // ---- dispatch.cpp: ready work meets workers ----
  void schedule();
  Lane* best_lane();
  bool place_head(Lane& lane);
  Rank busy_worker_for(const Lane& lane, LaneId id, const ClassState& task_class, bool waking) const;
  Index cut_piece(Index group);
  std::uint32_t piece_size(const Group& group, std::uint32_t remaining) const;
  void dispatch(Index group, Rank rank, bool behind, std::uint8_t choice);
  bool place_task(Lane& lane, LaneId id);
  bool place_near_data(const Lane& lane, LaneId id);
  NodeId home_of(const Group& group) const;
  bool never_is_final();
  void fail_never(Index group);
  void steal_for(Rank idle);
  bool recall_from(Worker& victim);
  void send_recall(Index piece, std::uint32_t element, std::uint32_t count);

  // ---- handlers_task.cpp ----
  void on(const Submitted& event);
  void seal_known(Index group, std::span<const Known> known);
  void adopt(Index group, bool same, Payload payload, Rank submitter);
  void on(const Started& event);
  void on(const Finished& event);
  bool would_take(const Finished& event) const;
  void end_element(Piece& piece, std::uint32_t element, const Outcome& outcome);
  void on(const Blocked& event);
  void on(const Unblocked& event);
  void on(const Recalled& event);

  // ---- handlers_cancel.cpp ----
  void on(const CancelRequested& event);
  void on(const EverythingCancelled& event);
  void cancel_group(Index index, std::uint32_t element, std::uint32_t count, bool force);
  void cancel(Index group, std::uint32_t element, std::uint32_t count, bool force);
  void cancel_piece(Index piece, std::uint32_t element, std::uint32_t count, bool force);
  void mark_cancelled(Index group, std::uint32_t element, std::uint32_t count);
  void give_back(Index group, std::uint32_t element, std::uint32_t count, const Piece& like);

  // ---- handlers_object.cpp ----
  void on(const Put& event);
  void on(const Held& event);
  void on(const Released& event);
  void on(const Wanted& event);
  void want(Index group, std::uint32_t element, std::uint32_t count, Rank rank);
  void on(const ObjectVanished& event);
  void lose_value(Index group, std::uint32_t element, std::string_view why);
  void remake(Index group, std::uint32_t element);
  void remake_dropped(Index group);
  void recheck_dependants(Index group, std::uint32_t element);

  // ---- handlers_promise.cpp ----
  void on(const Promised& event);
  void on(const Fulfilled& event);
  void leave_promises(Index group);
  void break_promise(Index group, std::string text);
  void lose_promises(Rank owner);

  // ---- loans.cpp ----
  void on(const Lent& event);
  void on(const LoanReturned& event);
  void count_loan(const LoanKey& key, std::int32_t change);
  void drop_loans_of(Index group);
  void lose_loans(Rank rank);

  // ---- handlers_worker.cpp ----
  void on(const WorkerJoined& event);
  void on(const WorkerLost& event);
  void lose_piece(Index piece, const Worker& worker, TaskId culprit);
  void lose_culprit(const Piece& like, std::uint32_t element, Rank rank, bool others_ran);
  void retry_or_fail(Piece like, Rank rank, Suspicion suspicion);
  void vanish_holdings(Rank rank);
  void lose_node(NodeId node);
  std::string death_text(Index deaths) const;
  Index note_death(Rank rank, Index earlier);
  Index prune_deaths(Index kept);

  // ---- handlers_time.cpp ----
  void on(const Tick& event);
  void arm_timer(Index piece);
  void push_timer(const Timer& timer);
  void keep_timer(const Timer& timer);
  bool over(const Timer& timer) const;
  void prune_timers();
  void piece_over_time(const Timer& timer);
  std::string timeout_text(const Piece& piece) const;

  // ---- drain.cpp ----
  void on(const DrainRequested& event);
  bool too_late_for(const Group& group) const;
  bool set_aside_late(const Lane& lane);
  std::uint64_t running() const;
  std::string explain_end_of_time(const Group& group) const;

  // ---- collectives.cpp: what actors and gangs share ----
  template <class E>
  bool known_already(ObjectId id, std::uint32_t count, Kind kind, const E& event) {
    const IdTable::Place place = ids.find(id);
    if (place.group != kNone) {
      const Group& there = groups[place.group];
      const bool same = there.kind == kind && there.first == id && there.count == count;
      adopt(place.group, same, event.payload, event.submitter);
      return true;
    }
    if (!nodes.lost(event.submitter)) return false;
    if (event.payload != kNoPayload) emit(FreePayload{event.payload});
    return true;
  }
  template <class E>
  Index new_collective(ObjectId id, std::uint32_t count, Kind kind, const E& event) {
    const Index index = new_group(id, count, kind);
    Group& group = groups[index];
    group.key = event.key;
    group.payload = event.payload;
    group.task_class = event.task_class;
    group.submitter = event.submitter;
    return index;
  }
  void await_room(Index group, const std::span<const ObjectId>& dependencies,
                  const std::span<const ObjectId>& pins);
  void leave_for_record(Index group);
  void return_pending(Index group);
  void note_ready(Group& group);
  void note_waits(Group& group);
  void note_given_up(Group& group);
  bool retire(Index group);
  void free_record(const Group& group);
  bool place_collective(Lane& lane);
  void occupy(Worker& worker, ShapeId shape, bool gang);
  void vacate(Rank rank, ShapeId shape, bool gang);
  void lose_places(Rank rank, TaskId culprit);
  void lose_checkpoints(NodeId node);
  void free_stale(const Value& value);
  void require(ObjectId id, ObjectState state, ObjectEvent event);

  // ---- handlers_actor.cpp ----
  void on(const ActorSpawned& event);
  void on(const ActorReady& event);
  void on(const ActorFailed& event);
  void on(const ActorCheckpointed& event);
  void on(const ActorKilled& event);
  Actor* find_actor(ObjectId id, std::uint16_t attempt);
  bool allowed(const Actor& actor, ActorEvent event);
  void start_actor(Index group, Rank rank, std::uint8_t choice);
  void place_restarting();
  void place_again(Index group);
  void stop_actor(Index group);
  void kill_actor(Index group, bool restart);
  void restart_actor(Index group);
  void end_actor(Index group, const Failure& failure, Value error = {});
  void lose_actor(Index group, Rank rank);
  void actor_over_time(const Timer& timer);
  std::string start_timeout_text(const Actor& actor) const;
  void deliver_to_holders(Index group);

  // ---- handlers_gang.cpp ----
  void on(const GangSubmitted& event);
  void on(const GangMemberReady& event);
  void on(const GangMemberFinished& event);
  Index find_gang(ObjectId id, std::uint16_t attempt) const;
  GangMember* find_member(Gang& gang, Rank rank);
  bool allowed(const Gang& gang, GangEvent event);
  std::vector<Rank> gang_members(TaskId id) const;
  void keep_value(Gang& gang, std::uint32_t member, const GangMemberFinished& event);
  void drop_attempt_values(Gang& gang);
  void seal_values(Index group);
  void fail_pending(Index group, const Failure& failure, Value error = {});
  void break_gang(Gang& gang, Nanoseconds grace);
  void kill_members(Gang& gang);
  void gang_over_time(const Timer& timer);
  void gang_remakes(Gang& gang);
  void cancel_gang(Index group, bool force);
  void lose_member(Index group, Rank rank, TaskId culprit);
  void conclude(Index group);
  void retry_gang(Index group);

  // ---- room.cpp: who needs more than is free at once ----
  bool place_gang_head(Index group, LaneId lane);
  void launch(Index group);
  void fail_no_room(Index group, const PlacementRequest& request);
  bool place_in_kept_room(LaneId lane);
  bool overtaken_too_long(Lane& lane);
  bool front_yields(const Lane& lane);
  bool front_keeps_from(const Lane& lane) const;
  Placement::Verdict keep_room(LaneId lane, Index group, std::uint32_t ranks);
  bool has_its_room(LaneId lane, Index group) const;
  Front take_front();
  void release_front();
  void reserve_on(Worker& worker);
  void swap_kept(std::uint32_t a, std::uint32_t b);
  void room_changed(Worker& worker);
  void take_over(Worker& worker);

  // ---- invariants.cpp, invariants_workers.cpp, explain.cpp ----
  std::string broken_elements(const Group& group) const;
  std::string broken_group(Index group) const;
  std::string broken_loans() const;
  struct References {  ///< to each group, and how many groups each rank holds
    std::map<Index, std::uint32_t> pins;
    std::map<Index, std::uint32_t> waits;
    std::vector<std::uint32_t> held;
  };
  void add_references(const Group& group, References& to) const;
  std::string broken_references() const;
  std::string broken_groups() const;
  std::string broken_workers() const;
  std::string broken_lanes() const;
  std::uint32_t on_record(const Group& group) const;
  std::string broken_promises() const;
  std::string broken_actor(Index group) const;
  std::string broken_gang(Index group) const;
  std::string broken_front() const;
  struct Kept {  ///< of one worker, by actors, gang members and the gang in front
    Places places;
    std::uint32_t count = 0;
    std::vector<ShapeId> reserved;
  };
  using KeptByRank = std::map<Rank, Kept>;
  KeptByRank list_places() const;
  std::string broken_places(const Worker& worker, const KeptByRank& all, Supply& free) const;
  struct PieceSum {  ///< of the pieces on one worker
    Supply free;     ///< what they leave
    Nanoseconds load = 0;
    std::uint64_t elements = 0;
    std::uint32_t started = 0;
    std::uint32_t recalls = 0;
  };
  std::string broken_pieces(const Worker& worker, PieceState state, const PieceList& list,
                            PieceSum& sum) const;
  std::string broken_worker(const Worker& worker, const KeptByRank& kept, PieceSum& sum) const;
  std::string broken_invariant() const;
  Explanation explain(TaskId id, Time at) const;
  void explain_collective(const Group& group, Time at, Explanation& said) const;
  void explain_piece(const Group& group, std::uint32_t element, Time at, Explanation& said) const;
  void explain_waiting(const Group& group, Explanation& said) const;
  void explain_ready(Index group, Explanation& said) const;
};

}  // namespace rankine::scheduler
