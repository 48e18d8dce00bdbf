// SPDX-License-Identifier: Apache-2.0
// The shell around the scheduler on rank 0: messages become events, commands become messages. No decision is
// taken here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <rankine/core/clock.hpp>
#include <rankine/core/ids.hpp>

#include "runtime/blob_pool.hpp"
#include "runtime/head_port.hpp"
#include "runtime/messages.hpp"
#include "runtime/topology.hpp"
#include "scheduler/scheduler.hpp"
#include "store/store.hpp"
#include "transport/transport.hpp"

namespace rankine::runtime {

class Client;

/// All calls are made with the progress lock held.
class Head final : public HeadPort {
 public:
  Head(const Topology& topology, transport::Transport& transport, Store& store, BlobPool& blobs);
  ~Head();

  /// Where deliveries to rank 0 go. Set before the first event.
  void connect(Client& local) { local_ = &local; }
  void worker_joined(Rank rank, const scheduler::Resources& resources);

  void on_message(Rank source, const Header& header, std::span<const std::byte> message);

  // HeadPort, for the client of rank 0
  void submit(const detail::Submission& submission, const Names& names, Blob* arguments) override;
  void put(ObjectId object, Blob* value, std::span<const ObjectId> inside) override;
  void note(MessageType type, ObjectId first, std::uint32_t count, bool flag) override;

  scheduler::Counts counts() const { return scheduler_.counts(); }
  bool all_ended() const;

  /// The next instant the scheduler wants to be asked at; ns is the largest number if never.
  Time timer() const { return timer_; }
  void tick();
  /// What time the next events happen at.
  void set_time(Time time) { time_ = time; }

 private:
  void submit_from(Rank submitter, const detail::Submission& submission, const Names& names, Blob* arguments);
  void note_from(Rank rank, MessageType type, ObjectId first, std::uint32_t count, bool flag);
  void on_refs(Rank source, MessageReader& reader);
  std::vector<ObjectId> take_refs(Rank source);
  void on_submit(Rank source, MessageReader& reader);
  void on_put(Rank source, MessageReader& reader);
  void on_finished(Rank source, MessageReader& reader);
  void on_note(Rank source, MessageReader& reader);

  void handle(const scheduler::Event& event);
  void run(const scheduler::Command& command);
  void carry_out(const scheduler::Start& start);
  void carry_out(const scheduler::Recall& recall);
  void carry_out(const scheduler::Interrupt& interrupt);
  void carry_out(const scheduler::Deliver& deliver);
  void carry_out(const scheduler::FreeValue& free);
  void carry_out(const scheduler::FreePayload& free);
  void carry_out(const scheduler::SetTimer& timer);
  template <class Other>
  void carry_out(const Other& command);

  ClassId class_of(const detail::Submission& submission);
  void send_dependency(Rank worker, ObjectId id);
  void send_note(Rank to, MessageType type, ObjectId first, std::uint32_t count, std::uint16_t attempt,
                 bool flag);
  void deliver_here(const scheduler::Deliver& deliver);
  void deliver_there(const scheduler::Deliver& deliver);
  Blob* failure_blob(ObjectId object) const;
  scheduler::ObjectView root_of(ObjectId object) const;
  void drop(Blob* blob);

  const Topology& topology_;
  transport::Transport& transport_;
  Store& store_;
  BlobPool& blobs_;
  scheduler::Scheduler scheduler_;
  Client* local_ = nullptr;
  scheduler::Commands commands_;
  std::vector<scheduler::Outcome> outcomes_;
  std::vector<std::vector<scheduler::Inside>> staged_refs_;  ///< by rank: of its next submit, put or finished
  std::vector<ClassId> default_classes_;                     ///< by function; kNoClass where none yet
  Time timer_;
  Time time_ = now();  ///< read once for many events
  bool running_commands_ = false;
};

}  // namespace rankine::runtime
