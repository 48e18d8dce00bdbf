// SPDX-License-Identifier: Apache-2.0
// What the host of actors does on fibers: constructing, running calls, saving and destroying, without the
// progress lock wherever user code runs.
#include <algorithm>
#include <bit>
#include <exception>
#include <utility>

#include <rankine/core/check.hpp>
#include <rankine/core/clock.hpp>

#include "runtime/actor_host.hpp"
#include "runtime/actor_result.hpp"
#include "runtime/body.hpp"
#include "runtime/failure.hpp"
#include "runtime/fiber.hpp"
#include "runtime/registry.hpp"
#include "runtime/remote_head.hpp"

namespace rankine::runtime {

namespace {

/// A turn goes on with further calls for so long; then mail is looked at.
constexpr Nanoseconds kTurn = 20 * kMicrosecond;
constexpr std::size_t kStateAlignment = 64;

/// Constructors give nothing back.
struct NoResult final : detail::Call::ResultSink {
  std::span<std::byte> allocate(std::size_t) override { return {}; }
  std::vector<ObjectId>* refs() override { return nullptr; }
};

}  // namespace

void Turn::run() {
  host_.run(*this);
}
void Turn::ended() {
  host_.turn_ended(*this);
}
void Turn::blocked() {
  host_.turn_blocked(*this);
}
bool Turn::may_go_on() {
  return host_.may_go_on(*this);
}

void ActorHost::run(Turn& turn) {
  try {
    Lock lock(waiting_.progress_mutex());
    ActorInstance& instance = *turn.instance_;
    if (instance.stopping && instance.turns.size() == 1) {
      destroy(turn, lock);
    } else if (instance.phase == ActorInstance::Phase::constructing) {
      construct(turn, lock);
    } else {
      run_calls(turn, lock);
    }
  } catch (const FiberClosed&) {
    // The runtime ends; nobody waits for this actor any more.
  }
  turn.frame.chain = nullptr;
  turn.frame.running.what = nullptr;
}

// ---- birth and death ----

void ActorHost::construct(Turn& turn, Lock& lock) {
  ActorInstance& instance = *turn.instance_;
  lock.unlock();
  Blob* failure = nullptr;
  try {
    make_object(turn);
    if (instance.checkpoint != nullptr) load_object(instance);
  } catch (const FiberClosed&) {
    throw;
  } catch (...) {
    failure = failure_blob(instance.constructor, instance.attempt);
    void* object = std::exchange(instance.object.object, nullptr);
    if (object != nullptr) instance.object.ops->destroy(object);
  }
  lock.lock();
  if (failure == nullptr) {
    instance.phase = ActorInstance::Phase::alive;
    if (!instance.stopping) send_note(MessageType::actor_ready, instance, 0, nullptr, false);
  } else {
    instance.phase = ActorInstance::Phase::gone;
    if (!instance.stopping) send_note(MessageType::actor_failed, instance, 0, failure, true);
    blobs_.drop(failure);
  }
}

/// For a crash report; nullptr: the turn runs nothing of the user.
void ActorHost::describe(Turn& turn, const char* what, FunctionId id, std::uint64_t argument_bytes) {
  Running& running = turn.frame.running;
  running.function = function(id).display.c_str();
  running.attempt = turn.instance_->attempt;
  running.argument_bytes = argument_bytes;
  running.what = what;
}

void ActorHost::make_object(Turn& turn) {
  ActorInstance& instance = *turn.instance_;
  turn.frame.begin(instance.id, instance.key);
  turn.view_.open(client_.bytes_of(*instance.arguments), false, 0, 1);
  std::vector<detail::Call::Dependency> dependencies;
  for (const Blob* blob : instance.dependencies) {
    detail::ValueBytes value = client_.bytes_of(*blob);
    dependencies.push_back({value.bytes, std::move(value.owner)});
  }
  Reader common(turn.view_.common(), turn.view_.owner());
  NoResult nothing;
  detail::Call call;
  call.common = &common;
  call.future_mask = turn.view_.future_mask();
  call.dependencies = dependencies;
  call.result = &nothing;
  call.actor = &instance.object;
  describe(turn, "the constructor of actor", instance.constructor, turn.view_.common().size());
  function(instance.constructor).invoke(call);
  turn.view_.close();
}

/// A checkpoint is: how many callers, (caller, sequence applied last) of each, the user's state.
void ActorHost::load_object(ActorInstance& instance) {
  const detail::ValueBytes bytes = client_.bytes_of(*instance.checkpoint);
  std::uint64_t callers = 0;
  std::memcpy(&callers, bytes.bytes.data(), sizeof callers);
  for (std::uint64_t i = 0; i < callers; ++i) {
    std::uint64_t pair[2];
    std::memcpy(pair, bytes.bytes.data() + sizeof callers + i * sizeof pair, sizeof pair);
    instance.applied[pair[0]] = pair[1];
  }
  Reader state(bytes.bytes.subspan(detail::align_up(8 + 16 * callers, kStateAlignment)));
  instance.object.ops->load(instance.object.object, state);
}

void ActorHost::destroy(Turn& turn, Lock& lock) {
  ActorInstance& instance = *turn.instance_;
  instance.phase = ActorInstance::Phase::gone;
  void* object = std::exchange(instance.object.object, nullptr);
  if (object == nullptr) return;
  turn.frame.begin(child_id(instance.id, ~std::uint64_t{0}), instance.key);
  lock.unlock();
  describe(turn, "the destructor of actor", instance.constructor, 0);
  instance.object.ops->destroy(object);
  lock.lock();
}

// ---- calls ----

void ActorHost::run_calls(Turn& turn, Lock& lock) {
  ActorInstance& instance = *turn.instance_;
  const Time start = now();
  save_if_asked(turn, lock);
  while (HostedCall* call = next_call(instance)) {
    const auto applied = call->resent ? instance.applied.find(number(call->caller)) : instance.applied.end();
    if (applied == instance.applied.end() || applied->second < call->sequence) {
      run_one(turn, *call, lock);
    } else {
      // Answers what its caller has the answer of, most often: then this one goes unread.
      reply_failure(*call, scheduler::FailureKind::actor_restarted,
                    "rankine: the call was applied by a former life of the actor, whose checkpoint holds its "
                    "effect, but its result was lost with that life");
    }
    note_applied(*call);
    recycle(call);
    const std::uint32_t every = instance.traits.checkpoint_every;
    if (every > 0 && instance.since_checkpoint >= every && !instance.stopping) save(turn, lock);
    save_if_asked(turn, lock);
    if (!instance.resumers.empty() || now() - start > kTurn) return;
  }
}

/// At the end of the run. Not while another call waits in its middle: the former checkpoint stands then.
void ActorHost::save_if_asked(Turn& turn, Lock& lock) {
  ActorInstance& instance = *turn.instance_;
  if (!instance.save_asked) return;
  if (can_save(instance)) {
    save(turn, lock);
    instance.closed = true;
  }
  save_over(instance);
}

void ActorHost::run_one(Turn& turn, HostedCall& call, Lock& lock) {
  ActorInstance& instance = *turn.instance_;
  turn.call_ = &call;
  turn.interrupted = false;
  lock.unlock();
  ResultHolder result(store_, room_, blobs_, inline_bytes_);
  execute(turn, call, result);
  std::vector<detail::EntryHandle> held = std::exchange(turn.frame.held_until_sent, {});
  lock.lock();
  turn.call_ = nullptr;
  reply(call, result);
  ++instance.since_checkpoint;
  if (instance.traits.recorded() && !instance.stopping) instance.applied[number(call.caller)] = call.sequence;
  if (held.empty()) return;
  lock.unlock();  // dropping handles takes the lock
  held.clear();
  lock.lock();
}

void ActorHost::execute(Turn& turn, HostedCall& call, ResultHolder& result) {
  TaskFrame& frame = turn.frame;
  frame.begin(child_id(call.caller, call.sequence), call.key);
  turn.chain_ = call.chain;
  turn.chain_.push_back(call.instance->id);
  frame.chain = &turn.chain_;
  try {
    invoke(turn, call, result);
  } catch (const FiberClosed&) {
    frame.result_refs = nullptr;
    throw;
  } catch (...) {
    frame.result_refs = nullptr;
    result.fail(failure_blob(call.method, call.instance->attempt));
  }
}

void ActorHost::invoke(Turn& turn, HostedCall& call, ResultHolder& result) {
  turn.view_.open(client_.bytes_of(*call.arguments), false, 0, 1);
  std::vector<detail::Call::Dependency> dependencies;
  std::uint64_t argument_bytes = turn.view_.common().size();
  for (const detail::EntryElement& what : call.dependencies) {
    const Slot& slot = static_cast<Entry*>(what.entry)->slot(what.element);
    if (slot.state == Slot::State::failed) {
      const std::span<const std::byte> failure = slot.blob->inline_bytes();
      Blob* copy = blobs_.make_inline(failure.size());
      std::memcpy(copy->body(), failure.data(), failure.size());
      return result.fail(copy);
    }
    detail::ValueBytes value = client_.value(what);
    argument_bytes += value.bytes.size();
    dependencies.push_back({value.bytes, std::move(value.owner)});
  }
  Reader common(turn.view_.common(), turn.view_.owner());
  detail::Call wrapped;
  wrapped.common = &common;
  wrapped.future_mask = turn.view_.future_mask();
  wrapped.dependencies = dependencies;
  wrapped.result = &result;
  wrapped.actor = &call.instance->object;
  turn.frame.result_refs = result.refs();
  describe(turn, "the actor's method", call.method, argument_bytes);
  function(call.method).invoke(wrapped);
  turn.frame.result_refs = nullptr;
  result.seal();
  turn.view_.close();
}

/// The exception in flight, packed.
Blob* ActorHost::failure_blob(FunctionId id, std::uint16_t attempt) const {
  Failure failure = describe_exception(std::current_exception());
  failure.parts.function = function(id).display;
  failure.parts.host = topology_.host;
  failure.parts.rank = index(topology_.rank);
  failure.parts.attempt = attempt;
  const std::size_t room = link_.message_bytes_max();
  failure.parts.text.resize(std::min(failure.parts.text.size(), room / 8));
  failure.parts.type.resize(std::min(failure.parts.type.size(), room / 16));
  failure.parts.function.resize(std::min(failure.parts.function.size(), room / 16));
  const std::vector<std::byte> bytes = pack_failure(failure);
  Blob* blob = blobs_.make_inline(bytes.size());
  std::memcpy(blob->body(), bytes.data(), bytes.size());
  return blob;
}

void ActorHost::reply(const HostedCall& call, ResultHolder& result) {
  if (call.ticket == 0) return caller_.drop_value(result.take());
  if (call.from == topology_.rank) {
    std::vector<Entry*> inside;
    for (const ObjectId id : result.names()) {
      Entry* entry = client_.find(id);
      entry->references.fetch_add(1, std::memory_order_relaxed);
      inside.push_back(entry);
    }
    ReplyMessage message;
    message.ticket = call.ticket;
    return caller_.on_reply(message, result.take(), result.failed(), inside);
  }
  caller_.lend(result.names(), call.from);
  ReplyMessage message;
  message.header.type = MessageType::actor_reply;
  message.ticket = call.ticket;
  MessageWriter writer(transport_.append(call.from, sizeof message + body_bytes(result.blob())));
  writer.record(message);
  write_body(writer, result.blob(), result.failed());
  waiting_.sent();
}

void ActorHost::note_applied(HostedCall& call) {
  if (!call.instance->traits.recorded()) return;
  call.instance->marks[call.from].unapplied.erase(call.position);
}

/// Sends the state to the head, with what it covers.
void ActorHost::save(Turn& turn, Lock& lock) {
  ActorInstance& instance = *turn.instance_;
  instance.since_checkpoint = 0;
  const std::uint64_t number = ++instance.checkpoints;
  auto& marks = instance.unsaved[number];
  for (const auto& [rank, mark] : instance.marks) marks.emplace_back(rank, mark.low());
  std::vector<std::uint64_t> front{instance.applied.size()};
  for (const auto& [caller, sequence] : instance.applied) front.insert(front.end(), {caller, sequence});
  front.resize(detail::align_up(8 * front.size(), kStateAlignment) / 8);
  lock.unlock();
  ResultHolder state(store_, room_, blobs_, inline_bytes_, std::as_bytes(std::span(front)));
  bool saved = false;
  try {
    turn.frame.result_refs = state.refs();
    describe(turn, "save() of actor", instance.constructor, 0);
    instance.object.ops->save(instance.object.object, state);
    state.seal();
    saved = true;
  } catch (const FiberClosed&) {
    throw;
  } catch (...) {
    // The former checkpoint stands; callers keep their calls.
  }
  turn.frame.result_refs = nullptr;
  std::vector<detail::EntryHandle> held = std::exchange(turn.frame.held_until_sent, {});
  lock.lock();
  if (saved && !instance.stopping) {
    std::vector<InsideRecord> refs;
    for (const ObjectId id : state.names()) {
      client_.publish({&id, 1});
      refs.push_back({0, id});
    }
    send_refs(link_, refs);
    send_note(MessageType::actor_checkpoint, instance, number, &state.blob(), false);
  } else {
    caller_.drop_value(state.take());
    instance.unsaved.erase(number);
  }
  if (held.empty()) return;
  lock.unlock();
  held.clear();
  lock.lock();
}

}  // namespace rankine::runtime
