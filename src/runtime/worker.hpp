// SPDX-License-Identifier: Apache-2.0
// The mirror of the head on a rank that executes: a queue of pieces, the fibers they run on, the results they
// send. Takes no decision about what should run where.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <rankine/core/ids.hpp>

#include "runtime/blob_pool.hpp"
#include "runtime/fiber.hpp"
#include "runtime/head_link.hpp"
#include "runtime/messages.hpp"
#include "runtime/piece.hpp"
#include "runtime/topology.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

/// Elements of a piece at most, so that its results (at least a place or a short error each) fit into one
/// message.
constexpr std::uint32_t piece_elements_max(std::size_t message_bytes_max) {
  return static_cast<std::uint32_t>(message_bytes_max / 256);
}

struct WorkerLimits {
  std::size_t inline_bytes = 8192;  ///< larger results go to the arena
  std::size_t stack_bytes = 1 << 20;
  std::size_t fibers_max = 20000;
  std::uint64_t seed = 0;
};

/// What the worker asks of the rank it lives on, to keep a view of a shared object alive.
class ObjectKeeper {
 public:
  virtual std::shared_ptr<const void> keep(ObjectId group, std::uint32_t count) = 0;

 protected:
  ~ObjectKeeper() = default;
};

/// All calls are made with the progress lock held, except where said.
class Worker {
 public:
  Worker(const Topology& topology, HeadLink& link, Store& store, BlobPool& blobs, ObjectKeeper& keeper,
         const WorkerLimits& limits);
  ~Worker();

  // Messages from the head.
  void on_dependency(MessageReader& message);
  void on_start(const StartMessage& start, MessageReader& message);
  void on_recall(const NoteMessage& note);
  void on_interrupt(const NoteMessage& note);

  bool has_work() const { return !ready_.empty() || !queue_.empty(); }
  /// Runs the next piece, or goes on with a woken one, until it waits or ends; the lock is released
  /// meanwhile. `frame` is where the thread's current frame is kept, `now` a time not long ago.
  void step(std::unique_lock<std::mutex>& lock, TaskFrame*& frame, Time now);

  /// The running piece waits: its fiber is suspended (the lock is released meanwhile) until wake(piece).
  void suspend(Piece& piece, std::unique_lock<std::mutex>& lock);
  void wake(Piece* piece) { ready_.push_back(piece); }
  /// Runs this task next if it is queued here: somebody waits for it.
  void promote(ObjectId awaited);

  /// Tells the head about a piece that has been running for long. Called by the ticking thread.
  void announce_long_work(Time now);

  /// When a piece last ended or was suspended.
  Time last_switch() const { return last_switch_; }

 private:
  Piece* take_piece();
  void recycle(Piece* piece);
  void run(Piece& piece);
  void run_element(Piece& piece, std::uint32_t i, std::span<const detail::Call::Dependency> dependencies);
  void resume(Piece& piece, std::unique_lock<std::mutex>& lock, TaskFrame*& frame, Time now);
  void store_failure(Piece& piece, std::size_t bodies_before, std::size_t inside_before);
  void finish(Piece& piece);
  void send_finished(Piece& piece);
  void note(MessageType type, const Piece& piece, ObjectId first, std::uint32_t count);

  class DependencyValues;
  friend class ResultBuilder;

  const Topology& topology_;
  HeadLink& link_;
  Store& store_;
  BlobPool& blobs_;
  ObjectKeeper& keeper_;
  WorkerLimits limits_;
  FiberPool fibers_;
  ArgumentsCache arguments_cache_;
  std::deque<Piece*> queue_;
  std::deque<Piece*> ready_;  ///< suspended pieces that may go on
  std::vector<Blob*> staged_dependencies_;
  std::vector<ObjectGroup> staged_groups_;
  std::vector<std::unique_ptr<Piece>> all_pieces_;
  std::vector<Piece*> free_pieces_;
  std::vector<Piece*> started_;  ///< running or suspended
  Piece* running_ = nullptr;
  Time last_switch_;
};

}  // namespace rankine::runtime
