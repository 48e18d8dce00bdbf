// SPDX-License-Identifier: Apache-2.0
#include "runtime/actor_caller.hpp"

#include <algorithm>
#include <utility>

#include <rankine/core/check.hpp>
#include <rankine/core/hash.hpp>

#include "runtime/actor_host.hpp"
#include "runtime/actor_options.hpp"
#include "runtime/body.hpp"
#include "runtime/failure.hpp"
#include "runtime/options_codec.hpp"
#include "runtime/registry.hpp"
#include "runtime/remote_head.hpp"

namespace rankine::runtime {

using detail::EntryHandle;

namespace {

Blob* copy_of(const Blob& blob, BlobPool& blobs) {
  if (blob.located) return blobs.make_located(blob.location());
  Blob* copy = blobs.make_inline(blob.bytes);
  std::memcpy(copy->body(), blob.body(), blob.bytes);
  return copy;
}

Blob* blob_of(std::span<const std::byte> bytes, BlobPool& blobs) {
  Blob* blob = blobs.make_inline(bytes.size());
  if (!bytes.empty()) std::memcpy(blob->body(), bytes.data(), bytes.size());
  return blob;
}

}  // namespace

ActorCaller::ActorCaller(const Topology& topology, Waiting& waiting, transport::Transport& transport,
                         HeadLink& link, Store& store, BlobPool& blobs, Client& client)
    : topology_(topology),
      waiting_(waiting),
      transport_(transport),
      link_(link),
      store_(store),
      blobs_(blobs),
      client_(client) {}

ActorCaller::~ActorCaller() = default;

void ActorCaller::close() {
  const std::lock_guard lock(waiting_.progress_mutex());
  for (std::uint32_t index = 1; index < calls_.size(); ++index) {
    MadeCall& made = at(index);
    if (made.link == nullptr) continue;
    Entry* actor = made.link->actor;
    Entry* result = std::exchange(made.result, nullptr);
    remove(index);
    if (result == nullptr) continue;
    result->call = 0;
    client_.unhold(result);
    client_.unhold(actor);
  }
}

// ---- births and deaths ----

EntryHandle ActorCaller::spawn(const detail::ActorSpawn& spawn, detail::Buffer&& arguments) {
  static const ActorOptions defaults;
  const ActorOptions& options = spawn.options != nullptr ? *spawn.options : defaults;
  const std::string class_name = demangle(spawn.type->name());
  SpawnMessage message;
  message.traits = traits_of(options, spawn.can_be_saved, class_name);
  const Options placement = placement_of(options);
  task_class_of(spawn.constructor, placement);  // throws here, if at all
  const std::vector<std::byte> packed = pack_options(placement);
  TaskFrame& frame = thread_frame();
  const TaskFrame::Names names = frame.next(1);
  if (!options.name.empty()) ask_name(options.name, *spawn.type, names.first);
  client_.seal(arguments);

  const std::lock_guard lock(waiting_.progress_mutex());
  client_.publish(spawn.dependencies);
  client_.publish(spawn.inside);
  Entry* actor = client_.make_actor(names.first);
  link_of(*actor);
  message.header.type = MessageType::actor_spawn;
  message.header.flags = options.detached;
  message.actor = names.first;
  message.parent = frame.id;
  message.key = options.key != 0 ? TaskKey{options.key} : names.key;
  message.class_hash = hash_text(spawn.type->name(), 0);
  message.constructor = static_cast<std::uint32_t>(spawn.constructor);
  message.options_bytes = static_cast<std::uint32_t>(packed.size());
  message.class_bytes = static_cast<std::uint32_t>(class_name.size());
  message.dependencies = static_cast<std::uint32_t>(spawn.dependencies.size());
  std::vector<InsideRecord> inside;
  for (const ObjectId id : spawn.inside) inside.push_back({0, id});
  send_refs(link_, inside);
  auto* blob = static_cast<Blob*>(arguments.take());
  const std::size_t bytes = sizeof message + padded(packed.size()) + padded(class_name.size()) +
                            spawn.dependencies.size_bytes() + body_bytes(*blob);
  link_.send(bytes, [&](std::span<std::byte> into) {
    MessageWriter writer(into);
    writer.record(message);
    writer.bytes(packed.data(), packed.size());
    writer.bytes(class_name.data(), class_name.size());
    writer.bytes(spawn.dependencies.data(), spawn.dependencies.size_bytes());
    write_body(writer, *blob, false);
  });
  blobs_.drop(blob);
  waiting_.sent();
  return EntryHandle(actor);
}

void ActorCaller::kill(detail::ObjectEntry& actor, bool restart) {
  const std::lock_guard lock(waiting_.progress_mutex());
  ActorNote message;
  message.header.type = MessageType::actor_kill;
  message.header.flags = restart;
  message.actor = actor.first;
  link_.send(sizeof message, [&](std::span<std::byte> into) { MessageWriter(into).record(message); });
  waiting_.sent();
}

EntryHandle ActorCaller::find(std::string_view name, const std::type_info& type) {
  const ObjectId actor = ask_name(name, type, kNoObject);
  // The head lent it to this rank with its answer.
  const std::lock_guard lock(waiting_.progress_mutex());
  Entry* entry = client_.hold(actor, 1);
  note(MessageType::loan_returned, actor, static_cast<std::uint32_t>(index(kHead)));
  return EntryHandle(entry);
}

/// Waits for the head's answer; throws InputError if it is no.
ObjectId ActorCaller::ask_name(std::string_view name, const std::type_info& type, ObjectId reserve_for) {
  if (name.empty()) throw InputError("rankine: an actor's name is empty");
  if (name.size() > 256) throw InputError("rankine: an actor's name is longer than 256 characters");
  Lock lock(waiting_.progress_mutex());
  Question question;
  question.number = ++questions_asked_;
  questions_.push_back(&question);
  struct Forget {
    std::vector<Question*>& questions;
    Question* mine;
    ~Forget() { std::erase(questions, mine); }
  } const forget{questions_, &question};
  NameQuery query;
  query.header.type = MessageType::name_query;
  query.header.flags = reserve_for != kNoObject;
  query.actor = reserve_for;
  query.class_hash = hash_text(type.name(), 0);
  query.question = question.number;
  query.name_bytes = static_cast<std::uint32_t>(name.size());
  link_.send(sizeof query + padded(name.size()), [&](std::span<std::byte> into) {
    MessageWriter writer(into);
    writer.record(query);
    writer.bytes(name.data(), name.size());
  });
  transport_.flush();
  waiting_.block(question.waiter, -1, lock);
  if (question.actor == kNoObject) throw InputError(question.text);
  return question.actor;
}

void ActorCaller::on_name_answer(MessageReader& message) {
  const auto answer = message.record<NameAnswer>();
  for (Question* question : questions_) {
    if (question->number != answer.question) continue;
    question->actor = answer.actor;
    question->text.assign(reinterpret_cast<const char*>(message.bytes(answer.text_bytes)), answer.text_bytes);
    question->waiter.remaining = 0;
    return waiting_.wake(question->waiter);
  }
  if (answer.actor != kNoObject && answer.text_bytes == 0)
    note(MessageType::loan_returned, answer.actor, static_cast<std::uint32_t>(index(kHead)));
}

void ActorCaller::note(MessageType type, ObjectId object, std::uint32_t count) {
  NoteMessage message;
  message.header.type = type;
  message.header.count = count;
  message.first = object;
  link_.send(sizeof message, [&](std::span<std::byte> into) { MessageWriter(into).record(message); });
}

ActorLink& ActorCaller::link_of(Entry& actor) {
  if (actor.link() != nullptr) return *actor.link();
  links_.push_back(std::make_unique<ActorLink>());
  ActorLink& link = *links_.back();
  link.slot = links_.size() - 1;
  link.actor = &actor;
  actor.extra().link = &link;
  client_.want(actor, 0, 1);
  return link;
}

/// A new life, or the first: what was sent to a former one fails or is sent again, in order, and what waited
/// for news goes out.
void ActorCaller::begin_life(ActorLink& link) {
  for (std::uint32_t index = link.first, next; index != MadeCall::kNone; index = next) {
    MadeCall& made = at(index);
    next = made.next;
    if (made.sent && made.attempt != link.attempt) {
      if (made.covered) continue;  // its reply is on its way
      if (!link.traits.recorded()) {
        fail(index, scheduler::FailureKind::actor_restarted,
             "it was restarted while the call was under way, and max_task_retries is 0");
        continue;
      }
      if (made.result != nullptr && link.traits.max_task_retries >= 0 &&
          made.resends++ >= link.traits.max_task_retries) {
        fail(index, scheduler::FailureKind::actor_restarted,
             "it was restarted while the call was under way, which had been sent " +
                 std::to_string(made.resends) + " times");
        continue;
      }
      made.sent = false;
      made.resent = true;
    }
    if (!made.sent) send(index);
  }
}

/// Dead for good.
void ActorCaller::end_all(ActorLink& link) {
  while (link.first != MadeCall::kNone) {
    const std::uint32_t index = link.first;
    if (at(index).result != nullptr) {
      fail_packed(index, link.death);
    } else {
      remove(index);
    }
  }
}

void ActorCaller::on_place(MessageReader& reader) {
  const auto message = reader.record<PlaceMessage>();
  Entry* actor = client_.find(message.actor);
  if (actor == nullptr || actor->link() == nullptr) return;
  ActorLink& link = *actor->link();
  if (link.state == ActorLink::State::dead) return;
  actor->references.fetch_add(1, std::memory_order_relaxed);
  switch (static_cast<PlaceMessage::State>(message.header.flags)) {
    case PlaceMessage::State::alive:
      if (message.attempt < link.attempt) break;
      link.traits = message.traits;
      link.state = ActorLink::State::alive;
      link.rank = Rank{message.rank};
      link.attempt = static_cast<std::uint16_t>(message.attempt);
      begin_life(link);
      break;
    case PlaceMessage::State::away:
      if (message.attempt > link.attempt) link.state = ActorLink::State::away;
      break;
    case PlaceMessage::State::dead: {
      Blob* blob = read_body(reader, blobs_).blob;
      link.death.assign(blob->inline_bytes().begin(), blob->inline_bytes().end());
      blobs_.drop(blob);
      link.state = ActorLink::State::dead;
      end_all(link);
    }
  }
  client_.unhold(actor);
}

void ActorCaller::on_rank_lost(Rank dead) {
  for (std::uint32_t index = 1; index < calls_.size(); ++index) {
    MadeCall& made = at(index);
    if (made.link == nullptr || made.result == nullptr || !made.covered || made.to != dead) continue;
    fail(index, scheduler::FailureKind::actor_restarted,
         "its effect is in the actor's checkpoint, but its result was lost with a rank");
  }
}

// ---- calls ----

std::uint32_t ActorCaller::take_call() {
  if (free_calls_.empty()) {
    calls_.emplace_back();
    return static_cast<std::uint32_t>(calls_.size() - 1);
  }
  const std::uint32_t index = free_calls_.back();
  free_calls_.pop_back();
  return index;
}

void ActorCaller::append(ActorLink& link, std::uint32_t index) {
  MadeCall& made = at(index);
  made.link = &link;
  made.previous = link.last;
  made.next = MadeCall::kNone;
  (link.last != MadeCall::kNone ? at(link.last).next : link.first) = index;
  link.last = index;
}

/// Out of its actor's list, and the record free for another call.
void ActorCaller::remove(std::uint32_t index) {
  MadeCall& made = at(index);
  ActorLink& link = *made.link;
  (made.previous != MadeCall::kNone ? at(made.previous).next : link.first) = made.next;
  (made.next != MadeCall::kNone ? at(made.next).previous : link.last) = made.previous;
  let_go(made);
  if (made.arguments != nullptr) drop_value(std::exchange(made.arguments, nullptr));
  made.link = nullptr;
  made.resends = 0;
  made.sent = made.resent = made.covered = false;
  made.chain.clear();
  made.dependencies.clear();
  made.refs.clear();
  ++made.life;
  free_calls_.push_back(index);
}

void ActorCaller::hold_refs(MadeCall& made) {
  for (const ObjectId id : made.refs) {
    Entry* entry = client_.find(id);
    check(entry != nullptr, "an object whose handle is an argument is known");
    entry->references.fetch_add(1, std::memory_order_relaxed);
    made.held.push_back(entry);
  }
}

void ActorCaller::let_go(MadeCall& made) {
  client_.unhold_all(made.held);
}

EntryHandle ActorCaller::call(detail::ObjectEntry& object_entry, const detail::MethodCall& method,
                              detail::Buffer&& arguments) {
  client_.seal(arguments);
  const std::lock_guard lock(waiting_.progress_mutex());
  auto& actor = static_cast<Entry&>(object_entry);
  ActorLink& link = link_of(actor);
  TaskFrame& frame = thread_frame();
  const TaskFrame::Names names = frame.next(1);
  Entry* result = client_.make_secret(names.first);
  auto* blob = static_cast<Blob*>(arguments.take());
  if (link.state == ActorLink::State::dead) {
    drop_value(blob);
    client_.fill(*result, Slot::State::failed, blob_of(link.death, blobs_));
    return EntryHandle(result);
  }
  const std::uint32_t index = take_call();
  append(link, index);
  MadeCall& made = at(index);
  made.result = result;
  made.method = method.method;
  made.caller = frame.id;
  made.sequence = frame.children;
  made.key = names.key;
  made.position = ++link.positions;
  made.arguments = blob;
  if (frame.chain != nullptr) made.chain = *frame.chain;
  made.dependencies.assign(method.dependencies.begin(), method.dependencies.end());
  made.refs = made.dependencies;
  made.refs.insert(made.refs.end(), method.inside.begin(), method.inside.end());
  result->call = index;
  result->references.fetch_add(1, std::memory_order_relaxed);
  actor.references.fetch_add(1, std::memory_order_relaxed);
  ++calls_made_;
  ++under_way_;
  const bool now = link.state == ActorLink::State::alive;
  if (!now || link.traits.recorded()) hold_refs(made);
  if (now) send(index);
  EntryHandle handle(result);
  waiting_.sent();
  return handle;
}

void ActorCaller::send(std::uint32_t index) {
  MadeCall& made = at(index);
  const ActorLink& link = *made.link;
  made.sent = true;
  made.to = link.rank;
  made.attempt = link.attempt;
  const std::uint64_t ticket =
      made.result != nullptr ? std::uint64_t{made.life} << 32 | index : std::uint64_t{0};
  if (is_here(link)) {
    send_here(made, ticket);
  } else {
    lend(made.refs, link.rank);
    send_message(made, ticket);
    if (!link.traits.recorded() && !made.arguments->located)
      blobs_.drop(std::exchange(made.arguments, nullptr));
  }
  if (!link.traits.recorded()) let_go(made);
}

void ActorCaller::send_here(MadeCall& made, std::uint64_t ticket) {
  const ActorLink& link = *made.link;
  HostedCall* call = host_->take_call();
  call->from = topology_.rank;
  call->ticket = ticket;
  call->caller = made.caller;
  call->sequence = made.sequence;
  call->key = made.key;
  call->position = made.position;
  call->method = made.method;
  call->attempt = link.attempt;
  call->resent = made.resent;
  call->chain = made.chain;
  for (const ObjectId id : made.refs) {
    Entry* entry = client_.find(id);
    entry->references.fetch_add(1, std::memory_order_relaxed);
    call->refs.push_back(entry);
  }
  const bool keep = made.arguments->located || link.traits.recorded();
  call->arguments = keep ? copy_of(*made.arguments, blobs_) : std::exchange(made.arguments, nullptr);
  host_->accept(link.actor->first, call, made.dependencies);
}

void ActorCaller::send_message(const MadeCall& made, std::uint64_t ticket) {
  const ActorLink& link = *made.link;
  CallMessage message;
  message.header.type = MessageType::actor_call;
  message.header.flags = made.resent;
  message.header.count = static_cast<std::uint32_t>(made.chain.size());
  message.actor = link.actor->first;
  message.caller = made.caller;
  message.sequence = made.sequence;
  message.key = made.key;
  message.ticket = ticket;
  message.position = made.position;
  message.method = static_cast<std::uint32_t>(made.method);
  message.attempt = link.attempt;
  message.dependencies = static_cast<std::uint16_t>(made.dependencies.size());
  const std::size_t ids = sizeof(ObjectId) * (made.chain.size() + made.dependencies.size());
  MessageWriter writer(transport_.append(link.rank, sizeof message + ids + body_bytes(*made.arguments)));
  writer.record(message);
  writer.bytes(made.chain.data(), sizeof(ObjectId) * made.chain.size());
  writer.bytes(made.dependencies.data(), sizeof(ObjectId) * made.dependencies.size());
  write_body(writer, *made.arguments, false);
}

void ActorCaller::lend(std::span<const ObjectId> refs, Rank to) {
  if (refs.empty() || to == topology_.rank) return;
  client_.publish(refs);
  const std::size_t fit =
      (transport_.message_bytes_max() - sizeof(Header) - sizeof(std::uint64_t)) / sizeof(ObjectGroup);
  while (!refs.empty()) {
    const std::span<const ObjectId> some = refs.first(std::min(refs.size(), fit));
    for (const ObjectId id : some) note(MessageType::lent, id, static_cast<std::uint32_t>(index(to)));
    Header header;
    header.type = MessageType::call_refs;
    header.count = static_cast<std::uint32_t>(some.size());
    std::uint64_t& loans = loans_[to];
    loans += some.size();
    MessageWriter writer(
        transport_.append(to, sizeof header + sizeof loans + some.size() * sizeof(ObjectGroup)));
    writer.record(header);
    writer.record(loans);
    for (const ObjectId id : some) {
      const Entry* entry = client_.find(id);
      check(entry != nullptr, "an object whose handle is sent is known");
      writer.record(ObjectGroup{entry->first, entry->count});
    }
    refs = refs.subspan(some.size());
  }
}

// ---- ends ----

void ActorCaller::on_reply(const ReplyMessage& reply, Blob* blob, bool failed, std::vector<Entry*>& inside) {
  const auto index = static_cast<std::uint32_t>(reply.ticket);
  const bool known =
      index < calls_.size() && at(index).life == reply.ticket >> 32 && at(index).result != nullptr;
  if (!known) {
    drop_value(blob);
    return client_.unhold_all(inside);
  }
  if (!inside.empty()) at(index).result->extra().inside.swap(inside);
  end(index, failed ? Slot::State::failed : Slot::State::ready, blob);
}

/// The call is answered. May end the link of its actor.
void ActorCaller::end(std::uint32_t index, Slot::State state, Blob* blob) {
  MadeCall& made = at(index);
  Entry* result = std::exchange(made.result, nullptr);
  Entry* actor = made.link->actor;
  result->call = 0;
  client_.fill(*result, state, blob);
  if (!result->secret) fulfil(*result);
  const bool keep = made.link->traits.recorded() && made.sent && !made.covered;
  if (!keep) remove(index);
  client_.unhold(result);
  client_.unhold(actor);
  if (--under_way_ == 0 && quiet_asked_) send_quiet_answer();
}

void ActorCaller::fail(std::uint32_t index, scheduler::FailureKind kind, const std::string& text) {
  Failure failure;
  failure.kind = kind;
  failure.parts.text = "rankine: the call of " + function(at(index).method).display + " failed: " + text;
  fail_packed(index, pack_failure(failure));
}

void ActorCaller::fail_packed(std::uint32_t index, std::span<const std::byte> failure) {
  at(index).sent = false;  // it is not sent again either
  end(index, Slot::State::failed, blob_of(failure, blobs_));
}

void ActorCaller::on_covered(const ActorNote& covered) {
  const Entry* actor = client_.find(covered.actor);
  if (actor == nullptr || actor->link() == nullptr) return;
  ActorLink& link = *actor->link();
  for (std::uint32_t index = link.first, next; index != MadeCall::kNone; index = next) {
    MadeCall& made = at(index);
    next = made.next;
    if (made.position >= covered.number) break;
    made.covered = true;
    if (made.result == nullptr) remove(index);
  }
}

void ActorCaller::cancel(Entry& entry) {
  const std::uint32_t index = entry.call;
  const MadeCall& made = at(index);
  if (!made.sent) {
    return fail(index, scheduler::FailureKind::cancelled, "it was cancelled");
  }
  const std::uint64_t ticket = std::uint64_t{made.life} << 32 | index;
  const ObjectId actor = made.link->actor->first;
  if (is_here(*made.link)) return host_->cancel(actor, topology_.rank, ticket);
  CancelCallMessage message;
  message.header.type = MessageType::actor_cancel;
  message.actor = actor;
  message.ticket = ticket;
  MessageWriter(transport_.append(made.link->rank, sizeof message)).record(message);
  waiting_.sent();
}

// ---- results that become visible elsewhere ----

void ActorCaller::publish(Entry& entry) {
  client_.reveal(entry);
  note(MessageType::promised, entry.first, 0);
  if (!entry.single.pending()) fulfil(entry);
}

/// The head gets the value; a place in an arena is its own from now on.
void ActorCaller::fulfil(Entry& entry) {
  std::vector<InsideRecord> inside;
  for (Entry* inner : entry.inside()) {
    if (inner->secret) publish(*inner);
    inside.push_back({0, inner->first});
  }
  send_refs(link_, inside);
  const Blob& blob = *entry.single.blob;
  const bool failed = entry.single.state == Slot::State::failed;
  PutMessage message;
  message.header.type = MessageType::fulfilled;
  message.header.flags = failed;
  message.object = entry.first;
  link_.send(sizeof message + body_bytes(blob), [&](std::span<std::byte> into) {
    MessageWriter writer(into);
    writer.record(message);
    write_body(writer, blob, failed);
  });
}

void ActorCaller::forget(Entry& entry) {
  if (entry.link() != nullptr) {
    ActorLink& link = *std::exchange(entry.extra().link, nullptr);
    while (link.first != MadeCall::kNone) remove(link.first);
    const std::size_t slot = link.slot;
    std::swap(links_[slot], links_.back());
    links_[slot]->slot = slot;
    links_.pop_back();
  }
  if (!entry.inside().empty()) client_.unhold_all(entry.extra().inside);
  if (entry.secret && entry.single.blob != nullptr && entry.single.blob->located)
    free_place(entry.single.blob->location());
}

void ActorCaller::free_place(const Location& place) {
  const Rank lessee = topology_.rank_at(place.node, place.slot);
  if (lessee == topology_.rank) return store_.release(place);
  FreeBlockMessage message;
  message.header.type = MessageType::free_block;
  message.location = place;
  MessageWriter(transport_.append(lessee, sizeof message)).record(message);
}

void ActorCaller::drop_value(Blob* blob) {
  if (blob != nullptr && blob->located) free_place(blob->location());
  blobs_.drop(blob);
}

// ---- the end of the run ----

void ActorCaller::on_quiet_query(std::uint8_t round) {
  quiet_asked_ = true;
  quiet_round_ = round;
  if (under_way_ == 0) send_quiet_answer();
}

void ActorCaller::send_quiet_answer() {
  quiet_asked_ = false;
  QuietMessage message;
  message.header.type = MessageType::quiet_answer;
  message.header.flags = quiet_round_;
  message.calls = calls_made_;
  link_.send(sizeof message, [&](std::span<std::byte> into) { MessageWriter(into).record(message); });
}

}  // namespace rankine::runtime
