// SPDX-License-Identifier: Apache-2.0
// The workers, what each has and has free, and for each distinct request ("shape") the workers that may have
// room for it, most recently active first. Placement asks here; the cost of an answer does not grow with the
// number of workers. It decides nothing and knows no task.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/records.hpp"
#include "scheduler/types.hpp"

namespace rankine::scheduler {

using ShapeId = std::uint32_t;
using LaneId = std::uint32_t;

/// Resources with custom names replaced by numbers. The fourth amount bounds the pieces a worker has active
/// at once, so that tasks which ask for nothing do not all pile up on one worker.
struct Demand {
  std::array<std::int64_t, 4> base{};  ///< cpus, gpus, memory in GiB, pieces at once; fixed point
  std::vector<std::pair<std::uint32_t, std::int64_t>> custom;
  friend bool operator==(const Demand&, const Demand&) = default;
};

inline constexpr std::size_t kPiecesAtOnce = 3;  ///< in `base`

/// What a worker has. May fall below zero for a while: a task that goes on after waiting takes its share back
/// at once.
struct Supply {
  std::array<std::int64_t, 4> base{};
  std::vector<std::int64_t> custom;  ///< by number of the name; missing: none

  bool fits(const Demand& demand) const;
  void take(const Demand& demand);
  void give(const Demand& demand);
  friend bool operator==(const Supply&, const Supply&) = default;
};

/// What actors and gangs keep of a worker until they end, however long that is.
struct Places {
  Supply actors;
  Supply gangs;
};

/// What each task that comes and goes touches is in the first two cache lines.
struct alignas(64) Worker {
  Nanoseconds load = 0;  ///< estimated work in active and queued pieces
  Rank rank = kNoRank;
  NodeId node = kNoNode;
  PieceList active;
  PieceList queued;
  std::uint32_t started = 0;       ///< active pieces that were reported as long-running
  std::uint32_t recalls = 0;       ///< pieces with a Recall under way
  LaneId room_lane = kNone;        ///< the lane that may send more work behind what runs
  Index steal_position = kNone;    ///< in the list of workers with queued pieces
  Index reserve_position = kNone;  ///< among the workers that the gang in front has reserved
  bool live = false;
  bool lost = false;
  bool kill_asked = false;  ///< a forced Interrupt was sent: only its target is to blame
  Supply free;
  Index room_next = kNone;
  Index room_previous = kNone;
  PieceList blocked;
  std::uint32_t actors = 0;  ///< actors and gang members that live here
  Supply total;

  bool idle() const { return live && active.size == 0 && queued.size == 0; }
};

class NodeTable {
 public:
  ShapeId intern(const Resources& request);
  const Demand& demand(ShapeId shape) const { return shapes_[shape].demand; }
  /// Live workers that could hold the request if they had nothing else to do.
  std::uint32_t capable(ShapeId shape) const { return shapes_[shape].capable; }
  std::string describe(ShapeId shape) const;
  std::string describe_largest() const;

  void join(Rank rank, NodeId node, const Resources& resources);
  void lose(Rank rank);

  bool known(Rank rank) const {
    return index(rank) >= 0 && static_cast<std::size_t>(index(rank)) < workers_.size() &&
           worker(rank).rank == rank;
  }
  bool live(Rank rank) const { return known(rank) && worker(rank).live; }
  bool lost(Rank rank) const { return known(rank) && worker(rank).lost; }
  WorkerState state(Rank rank) const {
    if (!known(rank)) return WorkerState::unknown;
    return worker(rank).live ? WorkerState::live : WorkerState::lost;
  }
  Worker& worker(Rank rank) { return workers_[static_cast<std::size_t>(index(rank))]; }
  const Worker& worker(Rank rank) const { return workers_[static_cast<std::size_t>(index(rank))]; }
  /// It will have other pieces soon: as Slab::foresee.
  void foresee(Rank rank) const {
    const auto at = static_cast<std::size_t>(index(rank));
    if (at >= workers_.size()) return;
    const char* worker = reinterpret_cast<const char*>(&workers_[at]);
    fetch_soon(worker);
    fetch_soon(worker + 64);
    fetch_soon(&links_[at * stride_]);
  }
  /// It will have another neighbour in a list of workers.
  void foresee_links(Rank rank) const { fetch_soon(&worker(rank).room_next); }
  const std::vector<Worker>& all() const { return workers_; }
  /// Ranks that ever joined on a node, in order of joining.
  const std::vector<Rank>& on_node(NodeId node) const;
  /// More than one node ever had a worker.
  bool several() const { return node_count_ > 1; }
  std::uint32_t live_count() const { return live_count_; }
  std::uint32_t seen_count() const { return seen_count_; }

  bool fits(const Worker& worker, ShapeId shape) const { return worker.free.fits(shapes_[shape].demand); }
  /// ... and nothing is queued there: the worker starts what it has in the order of arrival.
  bool has_room(const Worker& worker, ShapeId shape) const {
    return worker.queued.size == 0 && fits(worker, shape);
  }
  /// Resources change hands. After `give`, touch() must follow before the next placement.
  void take(Worker& worker, ShapeId shape) { worker.free.take(shapes_[shape].demand); }
  void give(Worker& worker, ShapeId shape) { worker.free.give(shapes_[shape].demand); }
  /// Makes the worker the most recently active one of every shape it has room for.
  void touch(Worker& worker);

  /// Notes that an actor or a gang keeps (no more keeps) so much; the resources themselves go by take and
  /// give.
  void note_place(const Worker& worker, ShapeId shape, bool gang);
  void forget_place(const Worker& worker, ShapeId shape, bool gang);
  const Places& places(const Worker& worker) const;
  /// The worker will have room when its tasks (`after_gangs`: and gangs) have ended.
  bool could_hold(const Worker& worker, ShapeId shape, bool after_gangs) const;
  /// Nothing that the shape asks for is overdrawn: what was taken for it is there.
  bool covers(const Worker& worker, ShapeId shape) const;

  /// The most recently active live worker with room, or kNoRank. Forgets those without room until they get
  /// some.
  Rank most_recent_with_room(ShapeId shape);

  std::string broken_invariant() const;
  std::uint64_t memory_bytes() const;

 private:
  static constexpr Index kNotListed = kNone - 1;
  struct Links {
    Index next = kNotListed;
    Index previous = kNotListed;
  };
  struct Shape {
    Demand demand;
    Resources request;
    std::uint32_t capable = 0;
    Index head = kNone;
  };
  Links& link(ShapeId shape, Index rank) { return links_[std::size_t{rank} * stride_ + shape]; }
  const Links& link(ShapeId shape, Index rank) const { return links_[std::size_t{rank} * stride_ + shape]; }

  std::uint32_t custom_number(const std::string& name);
  Supply supply(const Resources& resources);
  void unlink(ShapeId shape, Index rank);
  void push_front(ShapeId shape, Index rank);
  void widen();

  std::vector<Worker> workers_;
  std::vector<Places> places_;  ///< by rank; empty before the first actor or gang
  std::vector<Shape> shapes_;
  /// By rank, and for each the shapes next to each other: a worker that gets room enters all their lists.
  std::vector<Links> links_;
  std::size_t stride_ = 4;
  std::vector<std::vector<Rank>> nodes_;
  std::vector<std::string> custom_names_;
  std::uint32_t live_count_ = 0;
  std::uint32_t seen_count_ = 0;
  std::uint32_t node_count_ = 0;
};

/// "2 cpus, 1 gpus, 0.5 GiB, 1 licence"; "nothing" for an empty request.
std::string describe(const Resources& resources);

}  // namespace rankine::scheduler
