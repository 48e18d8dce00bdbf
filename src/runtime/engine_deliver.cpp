// SPDX-License-Identifier: Apache-2.0
// Messages that came to this rank, each to the part whose it is.
#include <cstring>
#include <utility>
#include <vector>

#include <rankine/core/check.hpp>

#include "runtime/engine.hpp"
#include "runtime/gang_runner.hpp"

namespace rankine::runtime {

void Engine::deliver(Rank source, std::span<const std::byte> message) {
  Header header;
  check(message.size() >= sizeof header, "a message is at least a header");
  std::memcpy(&header, message.data(), sizeof header);
  MessageReader reader(message);
  switch (header.type) {
    case MessageType::dependency:
      return worker_->on_dependency(reader);
    case MessageType::task_class:
      return worker_->on_task_class(reader);
    case MessageType::start:
      return worker_->on_start(reader);
    case MessageType::recall:
      return worker_->on_recall(reader.record<NoteMessage>());
    case MessageType::interrupt:
      return on_interrupt(reader.record<NoteMessage>());
    case MessageType::prepare_gang:
      return gangs_->on_prepare(reader, worker_->take_dependencies());
    case MessageType::run_gang:
    case MessageType::break_gang:
    case MessageType::gang_over:
      return gangs_->on_note(reader.record<NoteMessage>());
    case MessageType::explained: {
      const auto explained = reader.record<ExplainedMessage>();
      return client_->on_explained(explained.ticket,
                                   {reader.bytes(explained.header.count), explained.header.count});
    }
    case MessageType::deliver:
      return client_->on_deliver(reader);
    case MessageType::free_block:
      return store_.release(reader.record<FreeBlockMessage>().location);
    case MessageType::advice:
    case MessageType::forget:
    case MessageType::pull:
    case MessageType::pulled:
    case MessageType::pull_more:
    case MessageType::unpin:
      return puller_.on_message(source, header, message);
    case MessageType::make_room:
      return room_.on_make_room(source, reader.record<RoomMessage>());
    case MessageType::made_room:
      return room_.on_made_room(source, reader.record<RoomMessage>());
    case MessageType::ask_counters:
      return census_.on_ask(source, reader.record<CountersMessage>());
    case MessageType::counters:
      return census_.on_answer(source, reader.record<CountersMessage>());
    default:
      if (deliver_end_of_time(header, reader)) return;
      if (deliver_of_ranks(source, header, reader)) return;
      if (deliver_to_actors(source, header, message)) return;
      check(head_ != nullptr, "only rank 0 gets messages for the head");
      if (!std::exchange(time_is_read_, true)) head_->set_time(now());
      head_->on_message(source, header, message);
  }
}

void Engine::on_interrupt(const NoteMessage& note) {
  std::vector<Waiter*> waiting;
  must_leave_ = worker_->on_interrupt(note, waiting) || must_leave_;
  // A member that did not leave its broken gang in time: force is all that is left.
  if (note.header.flags != 0 && gangs_->is_member(note.first, note.attempt)) must_leave_ = true;
  for (Waiter* waiter : waiting) wake(*waiter);
}

/// True if it was about who is alive and who has left.
bool Engine::deliver_of_ranks(Rank source, const Header& header, MessageReader& reader) {
  switch (header.type) {
    case MessageType::leaving:
      lost_.push_back(source);
      return true;
    case MessageType::rank_lost:
      lost_.push_back(Rank{static_cast<std::int32_t>(number(reader.record<NoteMessage>().first))});
      return true;
    case MessageType::shutdown:
      over_ = true;
      given_up_ = header.flags != 0;
      return true;
    case MessageType::goodbye:
      on_goodbye(source);
      return true;
    case MessageType::heartbeat:
    case MessageType::rank_died:
    case MessageType::fence:
      watchman_->on_message(source, reader.record<NoteMessage>(), now());
      return true;
    default:
      return false;
  }
}

/// True if it was a message to this rank's callers or hosts of actors.
bool Engine::deliver_to_actors(Rank source, const Header& header, std::span<const std::byte> message) {
  MessageReader reader(message);
  switch (header.type) {
    case MessageType::actor_call:
      actor_host_->on_call(source, reader);
      return true;
    case MessageType::actor_reply:
      actor_host_->on_reply(source, reader);
      return true;
    case MessageType::call_refs:
      actor_host_->on_call_refs(source, reader);
      return true;
    case MessageType::actor_cancel: {
      const auto cancel = reader.record<CancelCallMessage>();
      actor_host_->cancel(cancel.actor, source, cancel.ticket);
      return true;
    }
    case MessageType::actor_covered:
      actor_caller_->on_covered(reader.record<ActorNote>());
      return true;
    case MessageType::actor_dependency:
      actor_host_->on_dependency(reader);
      return true;
    case MessageType::actor_start:
      actor_host_->on_start(reader);
      return true;
    case MessageType::actor_stop:
      actor_host_->on_stop(reader.record<ActorNote>());
      return true;
    case MessageType::actor_place:
      actor_caller_->on_place(reader);
      return true;
    case MessageType::actor_saved:
      actor_host_->on_saved(reader.record<ActorNote>());
      return true;
    case MessageType::name_answer:
      actor_caller_->on_name_answer(reader);
      return true;
    case MessageType::quiet_query:
      actor_caller_->on_quiet_query(header.flags);
      return true;
    case MessageType::quiet_answer:
      quiet_->on_answer(header.flags, reader.record<QuietMessage>().calls);
      return true;
    default:
      return false;
  }
}

}  // namespace rankine::runtime
