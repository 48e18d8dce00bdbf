// SPDX-License-Identifier: Apache-2.0
// The mirror of the head on a rank that executes: a queue of pieces, the fibers they run on, the results they
// send. Takes no decision about what should run where.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rankine/core/ids.hpp>

#include "runtime/account.hpp"
#include "runtime/blob_pool.hpp"
#include "runtime/head_link.hpp"
#include "runtime/messages.hpp"
#include "runtime/piece.hpp"
#include "runtime/room.hpp"
#include "runtime/topology.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

class Client;

/// Elements of a piece at most, so that its results (at least a place or a short error each) fit into one
/// message.
constexpr std::uint32_t piece_elements_max(std::size_t message_bytes_max) {
  return static_cast<std::uint32_t>(message_bytes_max / 256);
}

struct WorkerLimits {
  std::size_t inline_bytes = 8192;  ///< larger results go to the arena
  scheduler::Resources resources;   ///< of this rank
  std::vector<std::int32_t> gpus;   ///< its devices
};

/// All calls are made with the progress lock held, except where said.
class Worker {
 public:
  Worker(const Topology& topology, HeadLink& link, Store& store, Room& room, BlobPool& blobs,
         const WorkerLimits& limits);
  ~Worker();
  /// Who knows of results that the head does not.
  void connect(Client& client) { client_ = &client; }
  /// These names are about to leave the rank inside a result.
  void publish(std::span<const InsideRecord> inside);

  // Messages from the head.
  void on_task_class(MessageReader& message);
  void on_dependency(MessageReader& message);
  /// The dependencies that came last, for what is no piece.
  std::vector<Blob*> take_dependencies() { return std::exchange(staged_dependencies_, {}); }
  void on_start(MessageReader& message);
  void on_recall(const NoteMessage& note);
  /// True: it is to be stopped by force and has started, so this rank must end.
  bool on_interrupt(const NoteMessage& note, std::vector<Waiter*>& waiting);
  /// Everything that was not started goes back to the head.
  void give_back_queued();

  /// The piece that came first may start: what it asks for is free.
  bool has_startable() const { return !queue_.empty() && fits(*queue_.front()); }
  bool has_queued() const { return !queue_.empty(); }
  /// That piece, to be run by an executor. It holds its resources from now on.
  Job& next();
  /// How long pieces ran lately.
  Nanoseconds typical_piece() const { return typical_piece_; }
  /// For actors and gang members, which hold resources too.
  Account& account() { return account_; }
  /// What a class asks for; the head has told it.
  const ClassDemand& demand(std::uint32_t task_class) const;
  /// Runs this task next if it is queued here: somebody waits for it.
  void promote(ObjectId awaited);

 private:
  Piece* take_piece();
  void recycle(Piece* piece);
  void describe(Piece& piece, std::span<const detail::Call::Dependency> dependencies);
  void run(Piece& piece);
  void run_element(Piece& piece, std::uint32_t i, std::span<const detail::Call::Dependency> dependencies);
  void store_failure(Piece& piece, std::size_t bodies_before, std::size_t inside_before);
  void finish(Piece& piece);
  void send_finished(Piece& piece);
  void note(MessageType type, const Piece& piece, ObjectId first, std::uint32_t count);

  bool fits(const Piece& piece) const {
    return piece.demand == nullptr ? account_.fits_plain() : account_.fits(piece.holding.resources);
  }
  void ask(Piece& piece, const StartMessage& start);
  void hold(Piece& piece);
  void let_go(Piece& piece);

  class DependencyValues;
  friend class ResultBuilder;
  friend struct Piece;

  const Topology& topology_;
  HeadLink& link_;
  Store& store_;
  Room& room_;
  BlobPool& blobs_;
  WorkerLimits limits_;
  Client* client_ = nullptr;
  Account account_;
  std::vector<std::unique_ptr<ClassDemand>> demands_;  ///< by class; null: plain or not met yet
  Nanoseconds typical_piece_ = 0;
  std::deque<Piece*> queue_;
  std::vector<Blob*> staged_dependencies_;
  std::vector<std::unique_ptr<Piece>> all_pieces_;
  std::vector<Piece*> free_pieces_;
  std::vector<Piece*> started_;  ///< running or suspended
};

}  // namespace rankine::runtime
