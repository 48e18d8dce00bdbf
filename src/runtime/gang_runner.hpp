// SPDX-License-Identifier: Apache-2.0
// Runs the members of gangs on this rank, each on a thread of its own: gets its arguments, tells the head
// that it is ready, makes the communicator with the others, calls the function, sends what came of it.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include <mpi.h>

#include <rankine/core/ids.hpp>

#include "runtime/blob_pool.hpp"
#include "runtime/gang_break.hpp"
#include "runtime/gang_host.hpp"
#include "runtime/gang_member.hpp"
#include "runtime/gang_threads.hpp"
#include "runtime/head_link.hpp"
#include "runtime/messages.hpp"
#include "runtime/room.hpp"
#include "runtime/topology.hpp"
#include "runtime/worker.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

struct GangInputs;

/// All calls are made with the progress lock held.
class GangRunner {
 public:
  struct Settings {
    std::size_t inline_bytes = 8192;  ///< larger values go to the arena
    Awake awake;
    GangComms* comms = nullptr;  ///< nullptr: ranks are threads of one process, gangs have no communicator
  };
  GangRunner(GangHost& host, const Topology& topology, HeadLink& link, Store& store, Client& client,
             Room& room, BlobPool& blobs, Worker& worker, const Settings& settings);
  /// Waits for the members. Called without the lock.
  ~GangRunner();

  /// Takes over the dependencies.
  void on_prepare(MessageReader& message, std::vector<Blob*>&& dependencies);
  void on_note(const NoteMessage& note);
  bool is_member(TaskId gang, std::uint64_t attempt) const { return find(gang, attempt) != nullptr; }
  /// Members that wait for a communicator which cannot come into being, because another one `died` while it
  /// was made, fail; their threads stay behind.
  void abandon_stuck(Time t, const std::function<bool(Rank)>& died);
  /// No member is here.
  bool idle() const { return members_.empty(); }

 private:
  GangMember* find(TaskId gang, std::uint64_t attempt) const;
  bool may_begin() const;
  void hold(GangMember& member, const PrepareGangMessage& prepare);
  bool is_stuck(const GangMember& member, Time t, const std::function<bool(Rank)>& died) const;
  void abandon(std::unique_ptr<GangMember> member);
  void say_ready(GangMember& member);
  // On the member's thread, without the lock.
  void run(GangMember& member, Breakable& breakable);
  void get_ready(GangMember& member);
  MPI_Comm create_communicator(GangMember& member);
  static void describe(GangMember& member, const GangInputs& inputs);
  void call(GangMember& member, const GangInputs& inputs, Breakable& breakable);
  void fail(GangMember& member, const std::exception_ptr& error);
  void report(GangMember& member);
  std::unique_ptr<GangMember> finish(GangMember& member, MPI_Comm comm);
  void free_communicators();

  GangHost& host_;
  const Topology& topology_;
  HeadLink& link_;
  Store& store_;
  Client& client_;
  Room& room_;
  BlobPool& blobs_;
  Worker& worker_;  ///< for its account
  Settings settings_;
  std::vector<std::unique_ptr<GangMember>> members_;
  std::unordered_map<std::uint32_t, MPI_Comm> returned_;  ///< by serial: until the gang is over
  std::vector<MPI_Comm> over_;                            ///< to be freed by the next member
  GangThreads threads_;                                   ///< last: they use the rest
};

}  // namespace rankine::runtime
