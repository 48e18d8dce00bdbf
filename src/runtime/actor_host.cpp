// SPDX-License-Identifier: Apache-2.0
// Messages and queues of the hosting side. What runs on fibers is in actor_turn.cpp.
#include "runtime/actor_host.hpp"

#include <algorithm>
#include <utility>

#include <rankine/core/check.hpp>

#include "runtime/actor_result.hpp"
#include "runtime/body.hpp"

namespace rankine::runtime {

ActorHost::ActorHost(const Topology& topology, Waiting& waiting, JobQueue& jobs,
                     transport::Transport& transport, HeadLink& link, Store& store, Room& room,
                     BlobPool& blobs, Client& client, ActorCaller& caller, std::size_t inline_bytes)
    : topology_(topology),
      waiting_(waiting),
      jobs_(jobs),
      transport_(transport),
      link_(link),
      store_(store),
      room_(room),
      blobs_(blobs),
      client_(client),
      caller_(caller),
      inline_bytes_(inline_bytes),
      staged_refs_(static_cast<std::size_t>(topology.size())) {}

ActorHost::~ActorHost() {
  for (Blob* blob : staged_dependencies_) blobs_.drop(blob);
  for (HostedCall& call : all_calls_) blobs_.drop(call.arguments);
  for (const auto& instance : instances_) {
    blobs_.drop(instance->arguments);
    blobs_.drop(instance->checkpoint);
    for (Blob* blob : instance->dependencies) blobs_.drop(blob);
  }
}

void ActorHost::close() {
  for (const auto& instance : instances_) {
    void* object = std::exchange(instance->object.object, nullptr);
    if (object != nullptr) instance->object.ops->destroy(object);
  }
  const std::lock_guard lock(waiting_.progress_mutex());
  for (HostedCall& call : all_calls_) client_.unhold_all(call.refs);
  for (std::vector<Entry*>& staged : staged_refs_) client_.unhold_all(staged);
}

ActorInstance* ActorHost::find(ObjectId actor) const {
  const auto found = by_id_.find(number(actor));
  return found != by_id_.end() ? found->second : nullptr;
}

// ---- from the head ----

void ActorHost::on_dependency(MessageReader& message) {
  staged_dependencies_.push_back(read_dependency(message, blobs_));
}

void ActorHost::on_start(MessageReader& reader) {
  const auto message = reader.record<ActorStartMessage>();
  instances_.push_back(std::make_unique<ActorInstance>());
  ActorInstance& instance = *instances_.back();
  instance.id = message.actor;
  instance.attempt = static_cast<std::uint16_t>(message.attempt);
  instance.key = message.key;
  instance.constructor = FunctionId{message.constructor};
  instance.traits = message.traits;
  instance.arguments = read_body(reader, blobs_).blob;
  if (message.header.flags != 0) instance.checkpoint = read_body(reader, blobs_).blob;
  instance.dependencies.swap(staged_dependencies_);
  by_id_[number(instance.id)] = &instance;
  post_turn(instance);
}

/// No call is answered any more; the callers learn from the head what becomes of theirs.
void ActorHost::on_stop(const ActorNote& note) {
  ActorInstance* instance = find(note.actor);
  if (instance == nullptr) return;
  by_id_.erase(number(note.actor));
  instance->stopping = true;
  save_over(*instance);
  drop_calls(*instance);
  for (Turn* turn : instance->turns) {
    if (turn->call_ != nullptr) turn->call_->ticket = 0;
    interrupt(*turn);
  }
  settle(*instance);
}

/// What it runs sees rk::cancelled(); if it waits, it stops waiting.
void ActorHost::interrupt(Turn& turn) {
  turn.interrupted = true;
  if (turn.waiting != nullptr) waiting_.wake(*turn.waiting);
}

void ActorHost::drop_calls(ActorInstance& instance) {
  while (!instance.ready.empty()) recycle(instance.ready.pop());
  instance.inner_ready = 0;
  for (auto& [caller, queue] : instance.held_back) {
    while (!queue.empty()) recycle(queue.pop());
  }
  instance.held_back.clear();
}

bool ActorHost::can_save(const ActorInstance& instance) const {
  return instance.phase == ActorInstance::Phase::alive && !instance.stopping && instance.suspended == 0 &&
         instance.object.ops->save != nullptr;
}

void ActorHost::save_all() {
  saves_left_ = 1;  // this function itself: it may be that none has to be waited for
  for (const auto& instance : instances_) {
    if (!can_save(*instance) || instance->save_asked) continue;
    instance->save_asked = true;
    ++saves_left_;
    settle(*instance);
  }
  if (--saves_left_ == 0) say_saved();
}

void ActorHost::save_over(ActorInstance& instance) {
  if (std::exchange(instance.save_asked, false) && --saves_left_ == 0) say_saved();
}

void ActorHost::say_saved() {
  Header header;
  header.type = MessageType::actors_saved;
  link_.send(sizeof header, [&](std::span<std::byte> into) { MessageWriter(into).record(header); });
}

/// The head has the checkpoint: callers need not keep what it covers.
void ActorHost::on_saved(const ActorNote& saved) {
  ActorInstance* instance = find(saved.actor);
  if (instance == nullptr || instance->attempt != saved.attempt) return;
  const auto marks = instance->unsaved.find(saved.number);
  if (marks == instance->unsaved.end()) return;
  for (const auto& [rank, low] : marks->second) {
    ActorNote covered;
    covered.header.type = MessageType::actor_covered;
    covered.actor = instance->id;
    covered.number = low;
    if (rank == topology_.rank) {
      caller_.on_covered(covered);
    } else {
      MessageWriter(transport_.append(rank, sizeof covered)).record(covered);
    }
  }
  instance->unsaved.erase(instance->unsaved.begin(), std::next(marks));
}

void ActorHost::send_note(MessageType type, const ActorInstance& instance, std::uint64_t number,
                          const Blob* body, bool failed) {
  ActorNote message;
  message.header.type = type;
  message.actor = instance.id;
  message.number = number;
  message.attempt = instance.attempt;
  const std::size_t bytes = sizeof message + (body != nullptr ? body_bytes(*body) : 0);
  link_.send(bytes, [&](std::span<std::byte> into) {
    MessageWriter writer(into);
    writer.record(message);
    if (body != nullptr) write_body(writer, *body, failed);
  });
}

// ---- from other ranks ----

/// This rank holds what the next message names, before the lender may let go.
void ActorHost::on_call_refs(Rank source, MessageReader& message) {
  const auto header = message.record<Header>();
  const auto loans = message.record<std::uint64_t>();
  // The head must have read the lender's mail before this rank's. Rank 0 gets both in one channel.
  if (source != kHead && topology_.rank != kHead) send_loan_note(MessageType::follows, {}, source, loans);
  std::vector<Entry*>& staged = staged_refs_[static_cast<std::size_t>(index(source))];
  for (std::uint32_t i = 0; i < header.count; ++i) {
    const auto group = message.record<ObjectGroup>();
    staged.push_back(client_.hold(group.first, static_cast<std::uint32_t>(group.count)));
    send_loan_note(MessageType::loan_returned, group.first, source, 0);
  }
}

void ActorHost::send_loan_note(MessageType type, ObjectId object, Rank lender, std::uint64_t loans) {
  NoteMessage note;
  note.header.type = type;
  note.header.count = static_cast<std::uint32_t>(index(lender));
  note.first = object;
  note.attempt = loans;
  link_.send(sizeof note, [&](std::span<std::byte> into) { MessageWriter(into).record(note); });
}

void ActorHost::on_call(Rank source, MessageReader& reader) {
  const auto message = reader.record<CallMessage>();
  HostedCall* call = take_call();
  call->from = source;
  call->ticket = message.ticket;
  call->caller = message.caller;
  call->sequence = message.sequence;
  call->key = message.key;
  call->position = message.position;
  call->method = FunctionId{message.method};
  call->attempt = message.attempt;
  call->resent = message.header.flags != 0;
  const auto* chain =
      reinterpret_cast<const ObjectId*>(reader.bytes(sizeof(ObjectId) * message.header.count));
  call->chain.assign(chain, chain + message.header.count);
  const auto* ids = reinterpret_cast<const ObjectId*>(reader.bytes(sizeof(ObjectId) * message.dependencies));
  call->refs.swap(staged_refs_[static_cast<std::size_t>(index(source))]);
  call->arguments = read_body(reader, blobs_).blob;
  accept(message.actor, call, {ids, message.dependencies});
}

void ActorHost::on_reply(Rank source, MessageReader& reader) {
  const auto message = reader.record<ReplyMessage>();
  const auto [blob, failed] = read_body(reader, blobs_);
  caller_.on_reply(message, blob, failed, staged_refs_[static_cast<std::size_t>(index(source))]);
}

void ActorHost::cancel(ObjectId actor, Rank from, std::uint64_t ticket) {
  ActorInstance* instance = find(actor);
  if (instance == nullptr) return;
  const auto is_it = [&](const HostedCall& call) { return call.from == from && call.ticket == ticket; };
  for (Turn* turn : instance->turns) {
    if (turn->call_ != nullptr && is_it(*turn->call_)) interrupt(*turn);
  }
  if (HostedCall* call = instance->ready.take_first(is_it)) {
    if (call->inner) --instance->inner_ready;
    return reply_cancelled(call);
  }
  for (auto& [caller, queue] : instance->held_back) {
    HostedCall* call = queue.take_first(is_it);
    if (call == nullptr) continue;
    const std::uint64_t whose = caller;
    reply_cancelled(call);
    return release_held_back(*instance, whose);
  }
}

void ActorHost::reply_failure(const HostedCall& call, scheduler::FailureKind kind, const char* text) {
  ResultHolder result(store_, room_, blobs_, inline_bytes_);
  Failure failure;
  failure.kind = kind;
  failure.parts.text = text;
  const std::vector<std::byte> bytes = pack_failure(failure);
  Blob* blob = blobs_.make_inline(bytes.size());
  std::memcpy(blob->body(), bytes.data(), bytes.size());
  result.fail(blob);
  reply(call, result);
}

void ActorHost::reply_cancelled(HostedCall* call) {
  reply_failure(*call, scheduler::FailureKind::cancelled,
                "rankine: the call was cancelled before its turn came");
  note_applied(*call);
  recycle(call);
}

// ---- queues ----

HostedCall* ActorHost::take_call() {
  if (free_calls_.empty()) {
    all_calls_.emplace_back();
    all_calls_.back().host = this;
    return &all_calls_.back();
  }
  HostedCall* call = free_calls_.back();
  free_calls_.pop_back();
  return call;
}

void ActorHost::recycle(HostedCall* call) {
  if (call->awaiting) {
    for (const detail::EntryElement& what : call->dependencies) {
      static_cast<Entry*>(what.entry)->unwatch(*call);
    }
  }
  client_.unhold_all(call->refs);
  blobs_.drop(std::exchange(call->arguments, nullptr));
  call->dependencies.clear();
  call->chain.clear();
  call->instance = nullptr;
  call->inner = call->awaiting = false;
  call->woken = false;
  free_calls_.push_back(call);
}

void ActorHost::accept(ObjectId actor, HostedCall* call, std::span<const ObjectId> dependencies) {
  ActorInstance* instance = find(actor);
  if (instance == nullptr || instance->attempt != call->attempt) return recycle(call);
  call->instance = instance;
  call->inner = std::find(call->chain.begin(), call->chain.end(), actor) != call->chain.end();
  if (instance->traits.recorded()) {
    AppliedMarks& marks = instance->marks[call->from];
    marks.next = std::max(marks.next, call->position + 1);
    marks.unapplied.insert(call->position);
  }
  if (!dependencies.empty()) await_arguments(call, dependencies);
  queue(call);
}

void ActorHost::await_arguments(HostedCall* call, std::span<const ObjectId> dependencies) {
  call->remaining = 0;
  for (const ObjectId id : dependencies) {
    Entry* entry = client_.find(id);
    check(entry != nullptr, "an argument that was lent is held");
    const auto element = static_cast<std::uint32_t>(number(id) - number(entry->first));
    call->dependencies.push_back({entry, element});
    client_.want(*entry, element, 1);
    if (!entry->slot(element).pending()) continue;
    ++call->remaining;
    entry->extra().watchers.push_back({call, element, 0});
  }
  call->awaiting = call->remaining > 0;
  call->notify = &on_arguments;
}

void ActorHost::on_arguments(Waiter& waiter) {
  auto& call = static_cast<HostedCall&>(waiter);
  call.awaiting = false;
  call.host->release_held_back(*call.instance, number(call.caller));
}

void ActorHost::queue(HostedCall* call) {
  ActorInstance& instance = *call->instance;
  if (call->awaiting || !instance.held_back.empty()) {
    const auto held_back = instance.held_back.find(number(call->caller));
    if (held_back != instance.held_back.end()) return held_back->second.push(call);
    if (call->awaiting) return instance.held_back[number(call->caller)].push(call);
  }
  instance.ready.push(call);
  if (call->inner) ++instance.inner_ready;
  settle(instance);
}

void ActorHost::release_held_back(ActorInstance& instance, std::uint64_t caller) {
  const auto held_back = instance.held_back.find(caller);
  if (held_back == instance.held_back.end()) return;
  CallQueue& queue = held_back->second;
  while (!queue.empty() && !queue.first->awaiting) {
    HostedCall* call = queue.pop();
    instance.ready.push(call);
    if (call->inner) ++instance.inner_ready;
  }
  if (queue.empty()) instance.held_back.erase(held_back);
  settle(instance);
}

// ---- who has the object ----

bool ActorHost::may_start(const ActorInstance& instance) const {
  if (instance.phase != ActorInstance::Phase::alive || instance.stopping || instance.closed) return false;
  return instance.suspended < instance.traits.max_concurrency ? !instance.ready.empty()
                                                              : instance.inner_ready > 0;
}

HostedCall* ActorHost::next_call(ActorInstance& instance) {
  if (!may_start(instance)) return nullptr;
  HostedCall* call = instance.suspended < instance.traits.max_concurrency
                         ? instance.ready.pop()
                         : instance.ready.take_first([](const HostedCall& c) { return c.inner; });
  if (call->inner) --instance.inner_ready;
  return call;
}

/// Gives the object, if nobody has it, to who may go on with it: first those that have waited.
void ActorHost::settle(ActorInstance& instance) {
  if (instance.active != nullptr) return;
  if (!instance.resumers.empty()) {
    Turn* turn = instance.resumers.front();
    instance.resumers.pop_front();
    --instance.suspended;
    instance.active = turn;
    return jobs_.resume(*turn);
  }
  const bool nothing_left = instance.stopping && instance.suspended == 0;
  if (nothing_left || may_start(instance) || instance.save_asked) post_turn(instance);
}

void ActorHost::post_turn(ActorInstance& instance) {
  if (free_turns_.empty()) {
    all_turns_.push_back(std::make_unique<Turn>(*this));
    free_turns_.push_back(all_turns_.back().get());
  }
  Turn* turn = free_turns_.back();
  free_turns_.pop_back();
  turn->instance_ = &instance;
  turn->interrupted = false;
  instance.active = turn;
  instance.turns.push_back(turn);
  jobs_.post(*turn);
}

void ActorHost::turn_blocked(Turn& turn) {
  ActorInstance& instance = *turn.instance_;
  instance.active = nullptr;
  ++instance.suspended;
  settle(instance);
}

bool ActorHost::may_go_on(Turn& turn) {
  ActorInstance& instance = *turn.instance_;
  if (instance.active != nullptr) {
    instance.resumers.push_back(&turn);
    return false;
  }
  --instance.suspended;
  instance.active = &turn;
  return true;
}

void ActorHost::turn_ended(Turn& turn) {
  ActorInstance& instance = *std::exchange(turn.instance_, nullptr);
  std::erase(instance.turns, &turn);
  free_turns_.push_back(&turn);
  instance.active = nullptr;
  if (instance.phase == ActorInstance::Phase::gone && instance.turns.empty()) return retire(instance);
  settle(instance);
}

void ActorHost::retire(ActorInstance& instance) {
  drop_calls(instance);
  blobs_.drop(std::exchange(instance.arguments, nullptr));
  blobs_.drop(std::exchange(instance.checkpoint, nullptr));
  for (Blob* blob : instance.dependencies) blobs_.drop(blob);
  instance.dependencies.clear();
  if (find(instance.id) == &instance) by_id_.erase(number(instance.id));
  const auto mine = std::find_if(instances_.begin(), instances_.end(),
                                 [&](const auto& other) { return other.get() == &instance; });
  std::swap(*mine, instances_.back());
  instances_.pop_back();
}

}  // namespace rankine::runtime
