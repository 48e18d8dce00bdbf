// SPDX-License-Identifier: Apache-2.0
// The shell around the scheduler on rank 0: messages become events, commands become messages. No decision is
// taken here.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rankine/core/clock.hpp>
#include <rankine/core/ids.hpp>

#include "runtime/actor_book.hpp"
#include "runtime/blob_pool.hpp"
#include "runtime/client.hpp"
#include "runtime/gang_desk.hpp"
#include "runtime/head_port.hpp"
#include "runtime/ledger.hpp"
#include "runtime/mail_order.hpp"
#include "runtime/messages.hpp"
#include "runtime/puller.hpp"
#include "runtime/spread.hpp"
#include "runtime/topology.hpp"
#include "runtime/tracer.hpp"
#include "runtime/walltime.hpp"
#include "scheduler/scheduler.hpp"
#include "store/store.hpp"
#include "transport/transport.hpp"

namespace rankine::runtime {

struct HeadSettings {
  std::uint64_t pending_tasks_max = 2'000'000;
  std::uint64_t pending_bytes_max = 0;  ///< of arguments; 0: a quarter of the memory of rank 0
  Nanoseconds timeout_grace = 5 * kSecond;
  Time deadline = kNeverEnds;  ///< what is known to end later is not started
  bool reserve = false;        ///< rank 0 executes when workers were lost and too few are left
  bool can_kill = false;       ///< ranks are processes, and there is one to spare
};

/// All calls are made with the progress lock held.
class Head final : public HeadPort, public StateKeeper {
 public:
  Head(const Topology& topology, transport::Transport& transport, Store& store, Puller& puller,
       BlobPool& blobs, const HeadSettings& settings);
  ~Head();

  /// Where deliveries to rank 0 go. Set before the first event.
  void connect(Client& local) { local_ = &local; }
  /// What lets rank 0 execute. Set before the first event.
  void on_enlist(std::function<void()> enlist) { enlist_ = std::move(enlist); }
  void worker_joined(Rank rank, const scheduler::Resources& resources);

  void on_message(Rank source, const Header& header, std::span<const std::byte> message);

  // HeadPort, for the client of rank 0
  void submit(const detail::Submission& submission, const Names& names, Blob* arguments) override;
  void put(ObjectId object, Blob* value, std::span<const ObjectId> inside, std::uint64_t content) override;
  void note(MessageType type, ObjectId first, std::uint32_t count, bool flag) override;
  void vanished(ObjectId object, const Location& place) override;
  void explain(ObjectId object, std::uint64_t ticket) override;

  // StateKeeper
  void save_state(const std::string& name, std::span<const std::byte> value) override;
  std::optional<std::vector<std::byte>> load_state(const std::string& name) override;

  /// From now on the journal is kept. Throws InputError where the one that is there is not this program's.
  void keep_journal(const LedgerSettings& settings);
  /// Lets go of results that have been written.
  void settle_journal();
  /// No result is on its way into the journal.
  bool journal_is_settled() const { return ledger_ == nullptr || !ledger_->busy(); }
  /// `finished`: nothing is left for a resume.
  void end_journal(bool finished);
  /// Waits until the journal is safe, at most so long. Without the progress lock.
  void flush_journal(Nanoseconds at_most);
  std::uint64_t resumed() const { return ledger_ != nullptr ? ledger_->resumed() : 0; }

  /// From now on a trace is kept there. Throws InputError, SystemError.
  void keep_trace(const std::string& path, const trace::Begin& begin,
                  std::span<const scheduler::Resources> workers);
  Tracer* tracer() { return tracer_.get(); }

  /// The driver failed.
  void cancel_everything() { handle(scheduler::EverythingCancelled{}); }
  /// Nothing is started any more.
  void drain() { handle(scheduler::DrainRequested{}); }
  std::uint64_t running() const { return scheduler_.running(); }
  bool only_late_left() const { return scheduler_.only_late_left(); }
  scheduler::Counts counts() const { return scheduler_.counts(); }
  bool all_ended() const;
  /// Whether the driver may submit so much more. What is larger than the limit must be alone.
  bool has_room(std::uint32_t count, std::size_t bytes) const {
    const std::uint64_t pending = scheduler_.pending();
    return pending == 0 || (pending + count <= settings_.pending_tasks_max &&
                            payload_bytes_ + static_cast<std::int64_t>(bytes) <=
                                static_cast<std::int64_t>(settings_.pending_bytes_max));
  }
  /// The rank is dead: what it had is done again elsewhere.
  /// `with_node`: it was the last one of its node, whose memory is gone with it.
  void rank_lost(Rank rank, bool with_node, TaskId culprit);
  std::uint64_t workers() const { return scheduler_.counts().workers; }
  /// Whether anybody ever spawned one.
  bool had_actors() const { return !actors_.empty(); }

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
  void journal_finished(const scheduler::Finished& event);
  void on_piece(Rank source, MessageReader& reader);
  void on_note(Rank source, MessageReader& reader);
  void on_gang_finished(Rank source, MessageReader& reader);
  void submit_gang(Rank submitter, const detail::Submission& submission, const Names& names, Blob* arguments);
  void vanished_for(Rank rank, ObjectId object, std::uint64_t place);
  void send_explained(Rank asker, ObjectId object, std::uint64_t ticket);

  void read_kept(Rank rank);
  bool on_actor_message(Rank source, const Header& header, std::span<const std::byte> message);
  void on_fulfilled(Rank source, MessageReader& reader);
  void on_spawn(Rank source, MessageReader& reader);
  void on_actor_ready(Rank source, MessageReader& reader);
  void on_checkpoint(Rank source, MessageReader& reader);
  void on_name_query(Rank source, MessageReader& reader);

  /// One of scheduler::Event's alternatives, or an Event.
  template <class E>
  void handle(const E& event) {
    if (tracer_ != nullptr) [[unlikely]]
      tracer_->on(event, time_);
    scheduler_.handle(event, time_, commands_);
    if (!running_commands_) run_commands();  // else, from within a command, those of the event follow there
  }
  void run_commands();
  void carry_out(const scheduler::Start& start);
  void carry_out(const scheduler::Recall& recall);
  void carry_out(const scheduler::Interrupt& interrupt);
  void carry_out(const scheduler::Deliver& deliver);
  void carry_out(const scheduler::FreeValue& free);
  void carry_out(const scheduler::FreePayload& free);
  void carry_out(const scheduler::SetTimer& timer);
  void carry_out(const scheduler::PrepareGang& prepare);
  void carry_out(const scheduler::RunGang& run);
  void carry_out(const scheduler::BreakGang& broken);
  void carry_out(const scheduler::Enlist& enlist);
  void carry_out(const scheduler::StartActor& start);
  void carry_out(const scheduler::StopActor& stop);

  ClassId class_of(const detail::Submission& submission);
  /// True for a plain class; else the worker knows by now what it asks for.
  bool is_plain_for(Rank worker, ClassId id);
  void tell_class(Rank worker, ClassId id);
  void send_dependency(Rank worker, ObjectId id, MessageType type);
  void send_place(Rank to, ObjectId actor, const scheduler::ObjectView& view);
  Blob* death_of(ObjectId actor, const ActorRecord& record);
  void drop_saved_refs(ActorRecord& record);
  void prune_actors();
  void send_note(Rank to, MessageType type, ObjectId first, std::uint32_t count, std::uint16_t attempt,
                 bool flag);
  void deliver_here(const scheduler::Deliver& deliver);
  void deliver_there(const scheduler::Deliver& deliver);
  Blob* failure_blob(ObjectId object) const;
  scheduler::ObjectView root_of(ObjectId object) const;
  bool is_unknown(ObjectId id) const {
    return scheduler_.object(id).state == scheduler::ObjectState::unknown;
  }
  void drop(Blob* blob);
  void advise(Rank rank, const Blob& value);
  void forget(const Blob& value);

  const Topology& topology_;
  transport::Transport& transport_;
  Store& store_;
  Puller& puller_;
  BlobPool& blobs_;
  scheduler::Scheduler scheduler_;
  Spread spread_;
  Client* local_ = nullptr;
  std::function<void()> enlist_;
  scheduler::Commands commands_;
  std::vector<scheduler::Outcome> outcomes_;
  std::vector<std::vector<scheduler::Inside>> staged_refs_;  ///< by rank: of its next submit, put or finished
  struct ClassNote {
    bool seen = false;
    bool plain = false;
    std::vector<bool> told;  ///< by rank
  };
  std::vector<ClassNote> class_notes_;                    ///< by class
  std::vector<ClassId> default_classes_;                  ///< by function; kNoClass where none yet
  std::unique_ptr<Ledger> ledger_;                        ///< if there is a journal
  std::map<std::string, std::vector<std::byte>> states_;  ///< saved without one
  std::unique_ptr<Tracer> tracer_;                        ///< if there is a trace
  GangDesk gangs_;
  HeadSettings settings_;
  std::int64_t payload_bytes_ = 0;  ///< arguments of tasks that may still need them
  ActorBook actors_;
  MailOrder order_;
  std::size_t actors_prune_at_ = 64;
  Time timer_;
  Time time_ = now();  ///< read once for many events
  bool running_commands_ = false;
};

}  // namespace rankine::runtime
