// SPDX-License-Identifier: Apache-2.0
// The head's messages and commands about actors, promised objects and loans.
#include <utility>

#include <rankine/core/check.hpp>

#include "runtime/arguments.hpp"
#include "runtime/body.hpp"
#include "runtime/failure.hpp"
#include "runtime/head.hpp"
#include "runtime/options_codec.hpp"
#include "runtime/registry.hpp"

namespace rankine::runtime {

using scheduler::ObjectState;

namespace {

std::string read_text(MessageReader& reader, std::size_t bytes) {
  return {reinterpret_cast<const char*>(reader.bytes(bytes)), bytes};
}

}  // namespace

// ---- messages: events ----

/// True if it was one of them.
bool Head::on_actor_message(Rank source, const Header& header, std::span<const std::byte> message) {
  MessageReader reader(message);
  switch (header.type) {
    case MessageType::promised:
      handle(scheduler::Promised{reader.record<NoteMessage>().first, source});
      return true;
    case MessageType::fulfilled:
      on_fulfilled(source, reader);
      return true;
    case MessageType::lent: {
      const auto note = reader.record<NoteMessage>();
      const Rank borrower{static_cast<std::int32_t>(note.header.count)};
      handle(scheduler::Lent{note.first, borrower, source});
      if (order_.lent(source, borrower)) read_kept(borrower);
      return true;
    }
    case MessageType::follows: {
      const auto note = reader.record<NoteMessage>();
      order_.follows(source, Rank{static_cast<std::int32_t>(note.header.count)}, note.attempt);
      return true;
    }
    case MessageType::loan_returned: {
      const auto note = reader.record<NoteMessage>();
      handle(scheduler::LoanReturned{note.first, source, Rank{static_cast<std::int32_t>(note.header.count)}});
      return true;
    }
    case MessageType::actor_spawn:
      on_spawn(source, reader);
      return true;
    case MessageType::actor_ready:
      on_actor_ready(source, reader);
      return true;
    case MessageType::actor_failed: {
      const auto note = reader.record<ActorNote>();
      const auto attempt = static_cast<std::uint16_t>(note.attempt);
      handle(scheduler::ActorFailed{note.actor, source, attempt, as_value(read_body(reader, blobs_).blob)});
      return true;
    }
    case MessageType::actor_checkpoint:
      on_checkpoint(source, reader);
      return true;
    case MessageType::actor_kill: {
      const auto note = reader.record<ActorNote>();
      handle(scheduler::ActorKilled{note.actor, note.header.flags != 0});
      return true;
    }
    case MessageType::name_query:
      on_name_query(source, reader);
      return true;
    default:
      return false;
  }
}

void Head::on_fulfilled(Rank source, MessageReader& reader) {
  const auto message = reader.record<PutMessage>();
  const std::vector<ObjectId> inside = take_refs(source);
  const auto [blob, failed] = read_body(reader, blobs_);
  handle(scheduler::Fulfilled{message.object, source, as_value(blob), failed, inside});
}

void Head::on_spawn(Rank source, MessageReader& reader) {
  const auto message = reader.record<SpawnMessage>();
  const Options options = unpack_options({reader.bytes(message.options_bytes), message.options_bytes});
  prune_actors();
  ActorRecord& record = actors_.add(message.actor);
  record.traits = message.traits;
  record.constructor = FunctionId{message.constructor};
  record.class_hash = message.class_hash;
  record.class_name = read_text(reader, message.class_bytes);
  record.name = options.name;
  const auto* ids = reinterpret_cast<const ObjectId*>(reader.bytes(sizeof(ObjectId) * message.dependencies));
  const std::vector<ObjectId> inside = take_refs(source);
  Blob* arguments = read_body(reader, blobs_).blob;
  if (arguments->located && message.dependencies > 0) {
    Blob* with_ids = blobs_.make_located(arguments->location(), {ids, message.dependencies});
    blobs_.drop(std::exchange(arguments, with_ids));
  }
  scheduler::TaskClass task_class = task_class_of(record.constructor, options);
  task_class.name = record.title();
  scheduler::ActorSpawned event;
  event.actor = message.actor;
  event.parent = message.parent;
  event.key = message.key;
  event.submitter = source;
  event.task_class = scheduler_.intern(task_class);
  event.max_restarts = message.traits.max_restarts;
  event.payload = as_payload(arguments);
  event.dependencies = {ids, message.dependencies};
  event.pins = inside;
  if (ledger_ != nullptr && !record.name.empty()) {
    if (Blob* state = ledger_->restored(record.name, record.class_hash)) event.checkpoint = as_value(state);
  }
  handle(event);
  // A loan that is never returned: it lives until the run ends.
  if (message.header.flags != 0) handle(scheduler::Lent{message.actor, kHead, kHead});
}

void Head::on_actor_ready(Rank source, MessageReader& reader) {
  const auto note = reader.record<ActorNote>();
  const auto attempt = static_cast<std::uint16_t>(note.attempt);
  const scheduler::ObjectView view = scheduler_.object(note.actor);
  ActorRecord* record = actors_.find(note.actor);
  if (record != nullptr && view.attempt == attempt) record->ready = attempt;
  handle(scheduler::ActorReady{note.actor, source, attempt});
}

/// The saved state replaces the former one, and so do the objects that it names.
void Head::on_checkpoint(Rank source, MessageReader& reader) {
  const auto note = reader.record<ActorNote>();
  const auto attempt = static_cast<std::uint16_t>(note.attempt);
  const std::vector<ObjectId> inside = take_refs(source);
  Blob* blob = read_body(reader, blobs_).blob;
  ActorRecord* record = actors_.find(note.actor);
  const scheduler::ObjectView view = scheduler_.object(note.actor);
  const bool accepted = record != nullptr && view.state == ObjectState::sealed && view.attempt == attempt &&
                        view.worker == source;
  if (accepted) {
    for (const ObjectId id : inside) handle(scheduler::Lent{id, kHead, kHead});
    drop_saved_refs(*record);
    record->saved_refs = inside;
    if (ledger_ != nullptr && !record->name.empty() && inside.empty())
      ledger_->on_checkpoint(record->name, record->class_name, record->class_hash, *blob);
  }
  handle(scheduler::ActorCheckpointed{note.actor, attempt, as_value(blob)});
  if (!accepted) return;
  ActorNote answer = note;
  answer.header.type = MessageType::actor_saved;
  MessageWriter(transport_.append(source, sizeof answer)).record(answer);
}

void Head::drop_saved_refs(ActorRecord& record) {
  for (const ObjectId id : std::exchange(record.saved_refs, {}))
    handle(scheduler::LoanReturned{id, kHead, kHead});
}

/// Forgets actors that nobody can name any more, when there are twice as many records as were left last time.
void Head::prune_actors() {
  if (actors_.size() < actors_prune_at_) return;
  const auto gone = [this](ObjectId id) { return is_unknown(id); };
  actors_.prune(gone, [this](ActorRecord& record) { drop_saved_refs(record); });
  actors_prune_at_ = 2 * actors_.size() + 64;
}

void Head::on_name_query(Rank source, MessageReader& reader) {
  const auto query = reader.record<NameQuery>();
  const std::string name = read_text(reader, query.name_bytes);
  ActorBook::Named* named = actors_.named(name);
  ActorRecord* record = named != nullptr ? actors_.find(named->actor) : nullptr;
  const ObjectState state = named != nullptr ? scheduler_.object(named->actor).state : ObjectState::unknown;
  // Reserved by somebody whose spawn has not come yet, or alive.
  const bool taken = named != nullptr &&
                     (record == nullptr || state == ObjectState::pending || state == ObjectState::sealed);
  const std::string who = record != nullptr ? record->title() : "an actor that is being spawned";
  NameAnswer answer;
  std::string text;
  if (query.header.flags != 0) {
    if (taken) {
      text = "rankine: the name \"" + name + "\" belongs to " + who +
             ", which lives. Remedy: choose another name, or find_actor it";
    } else {
      actors_.give_name(name, {query.actor, query.class_hash});
      answer.actor = query.actor;
    }
  } else if (!taken || record == nullptr) {
    text = "rankine: no living actor has the name \"" + name +
           "\": it was never spawned, has ended, or was killed";
  } else if (named->class_hash != query.class_hash) {
    text = "rankine: the name \"" + name + "\" belongs to " + who + ", which is of another class";
  } else {
    handle(scheduler::Lent{named->actor, source, kHead});
    answer.actor = named->actor;
  }
  answer.header.type = MessageType::name_answer;
  answer.question = query.question;
  answer.text_bytes = static_cast<std::uint32_t>(text.size());
  MessageWriter writer(transport_.append(source, sizeof answer + padded(text.size())));
  writer.record(answer);
  writer.bytes(text.data(), text.size());
}

// ---- commands: messages ----

void Head::carry_out(const scheduler::StartActor& start) {
  const ActorRecord* record = actors_.find(start.actor);
  check(record != nullptr, "a started actor was spawned");
  const Blob& arguments = *as_blob(start.payload);
  const Blob* checkpoint = as_blob(start.checkpoint.payload);
  for (const ObjectId id : dependencies_of(arguments))
    send_dependency(start.worker, id, MessageType::actor_dependency);
  ActorStartMessage message;
  message.header.type = MessageType::actor_start;
  message.header.flags = checkpoint != nullptr;
  message.actor = start.actor;
  message.key = start.key;
  message.constructor = static_cast<std::uint32_t>(record->constructor);
  message.attempt = start.attempt;
  message.traits = record->traits;
  const std::size_t bytes =
      body_bytes(arguments) + (checkpoint != nullptr ? body_bytes(*checkpoint) : std::size_t{0});
  MessageWriter writer(transport_.append(start.worker, sizeof message + bytes));
  writer.record(message);
  write_body(writer, arguments, false);
  if (checkpoint != nullptr) write_body(writer, *checkpoint, false);
}

void Head::carry_out(const scheduler::StopActor& stop) {
  ActorNote message;
  message.header.type = MessageType::actor_stop;
  message.actor = stop.actor;
  MessageWriter(transport_.append(stop.worker, sizeof message)).record(message);
}

/// Where an actor lives now, or why it does not.
void Head::send_place(Rank to, ObjectId actor, const scheduler::ObjectView& view) {
  ActorRecord& record = *actors_.find(actor);
  PlaceMessage message;
  message.header.type = MessageType::actor_place;
  message.actor = actor;
  message.rank = index(view.worker);
  message.attempt = view.attempt;
  message.traits = record.traits;
  Blob* failure = nullptr;
  if (view.state != ObjectState::sealed) {
    message.header.flags = static_cast<std::uint8_t>(PlaceMessage::State::dead);
    drop_saved_refs(record);
    failure = death_of(actor, record);
  } else {
    const bool alive = view.worker != kNoRank && record.ready == view.attempt;
    message.header.flags =
        static_cast<std::uint8_t>(alive ? PlaceMessage::State::alive : PlaceMessage::State::away);
  }
  MessageWriter writer(
      transport_.append(to, sizeof message + (failure != nullptr ? body_bytes(*failure) : std::size_t{0})));
  writer.record(message);
  if (failure != nullptr) write_body(writer, *failure, true);
  blobs_.drop(failure);
}

/// What every call of a dead actor fails with.
Blob* Head::death_of(ObjectId actor, const ActorRecord& record) {
  Blob* cause = failure_blob(actor);
  const Failure why = unpack_failure(cause->inline_bytes());
  blobs_.drop(cause);
  Failure failure;
  failure.kind = scheduler::FailureKind::actor_died;
  failure.parts.text = "rankine: " + record.title() + " is dead: ";
  if (why.kind == scheduler::FailureKind::threw) {
    failure.parts.text += TaskError(why.parts).what();
  } else {
    failure.parts.text += why.parts.text;
  }
  const std::vector<std::byte> bytes = pack_failure(failure);
  Blob* blob = blobs_.make_inline(bytes.size());
  std::memcpy(blob->body(), bytes.data(), bytes.size());
  return blob;
}

}  // namespace rankine::runtime
