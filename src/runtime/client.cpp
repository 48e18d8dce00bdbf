// SPDX-License-Identifier: Apache-2.0
#include "runtime/client.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <rankine/core/check.hpp>
#include <rankine/core/clock.hpp>
#include <rankine/core/hash.hpp>

#include "runtime/account.hpp"
#include "runtime/aligned.hpp"
#include "runtime/arguments.hpp"
#include "runtime/body.hpp"
#include "runtime/explanation.hpp"
#include "runtime/failure.hpp"
#include "runtime/options_codec.hpp"

namespace rankine::runtime {

using detail::EntryElement;
using detail::EntryHandle;
using detail::ObjectEntry;

namespace {

constexpr const char* kDrainedText =
    "rankine: the run is draining: what the driver waits for will not come in this run. Remedy: let "
    "Runtime::run see this exception; run again with the same run directory to go on";

/// A task that was asked to stop does not go on waiting.
void throw_if_interrupted(const Waiter& waiter) {
  const TaskFrame& frame = thread_frame();
  const bool stop = waiter.interruptible && frame.interrupted != nullptr && *frame.interrupted;
  if (waiter.remaining == 0 || !stop) return;
  if (frame.id == kDriver) throw Drained(kDrainedText);
  throw TaskCancelled("rankine: the task was cancelled while it waited");
}

Entry& as_entry(ObjectEntry& entry) {
  return static_cast<Entry&>(entry);
}

/// Takes the handles that outlive their runtime, `left` of its entries: they may be dropped, and say so when
/// used. With the last one it goes itself.
class ClosedContext final : public detail::Context {
 public:
  ClosedContext(scheduler::Slab<Entry>&& entries, std::size_t left)
      : entries_(std::move(entries)), left_(left) {}
  detail::Buffer allocate(std::size_t) override { fail(); }
  void discard(void* blob) override { Blob::drop(static_cast<Blob*>(blob)); }
  EntryHandle submit(const detail::Submission&, detail::Buffer&&) override { fail(); }
  EntryHandle put(detail::Buffer&&, std::span<const ObjectId>) override { fail(); }
  EntryHandle adopt(ObjectId, std::uint32_t) override { fail(); }
  void release(ObjectEntry* entry) override {
    if (entry->references.fetch_sub(1) > 1) return;
    as_entry(*entry).clear();
    if (left_.fetch_sub(1) == 1) delete this;
  }
  void cancel(EntryElement, std::uint32_t, bool) override { fail(); }
  bool ready(EntryElement) override { fail(); }
  std::vector<std::uint32_t> wait(std::span<const EntryElement>, std::size_t, Nanoseconds) override {
    fail();
  }
  bool wait_all(ObjectEntry&, Nanoseconds) override { fail(); }
  std::uint32_t ended(ObjectEntry&) override { fail(); }
  detail::ValueBytes value(EntryElement) override { fail(); }
  detail::ActorContext& actors() override { fail(); }
  Philox& random() override { fail(); }
  bool cancelled() override { fail(); }
  bool draining() override { fail(); }
  std::optional<Nanoseconds> time_left() override { fail(); }
  void watch_draining(int) override {}
  Granted resources() override { fail(); }
  Explanation explain(EntryElement) override { fail(); }
  TaskKey task_key() const override { fail(); }
  Statistics statistics() override { fail(); }
  void save_state(const std::string&, std::span<const std::byte>) override { fail(); }
  std::optional<std::vector<std::byte>> load_state(const std::string&) override { fail(); }

 private:
  [[noreturn]] static void fail() { throw Error("rankine: this handle's Runtime has ended"); }

  scheduler::Slab<Entry> entries_;
  std::atomic<std::size_t> left_;
};

}  // namespace

Client::Client(Waiting& waiting, HeadPort& head, Store& store, Puller& puller, Room& room, BlobPool& blobs,
               const Settings& settings, EndOfTime& end)
    : waiting_(waiting),
      head_(head),
      store_(store),
      puller_(puller),
      room_(room),
      blobs_(blobs),
      settings_(settings),
      end_(end) {}

Client::~Client() {
  close();
}

void Client::close() {
  const std::lock_guard lock(waiting_.progress_mutex());
  cut_off_entries();
}

void Client::cut_off_entries() {
  std::vector<Entry*> alive;
  std::vector<Entry*> inside;
  for (scheduler::Index at = 0; at < entries_.bound(); ++at) {
    if (entries_[at].context != nullptr) alive.push_back(&entries_[at]);
  }
  if (alive.empty()) return;
  auto* closed = new ClosedContext(std::move(entries_), alive.size());  // owned by those that are alive
  entries_ = {};
  ids_ = {};
  for (Entry* entry : alive) {
    for (std::uint32_t i = 0; i < entry->count; ++i) {
      if (!entry->slot(i).owned) entry->slot(i).blob = nullptr;
    }
    entry->context = closed;
    if (settings_.rank == kHead && !entry->secret)
      head_.note(MessageType::released, entry->first, entry->count, false);
    inside.insert(inside.end(), entry->inside().begin(), entry->inside().end());
    if (!entry->inside().empty()) entry->extra().inside.clear();
  }
  for (Entry* entry : inside) closed->release(entry);
}

// ---- entries ----

Entry* Client::find(ObjectId object) const {
  const scheduler::IdTable::Place place = ids_.find(object);
  return place.group != scheduler::kNone ? const_cast<Entry*>(&entries_[place.group]) : nullptr;
}

Entry* Client::make_entry(ObjectId first, std::uint32_t count, bool range) {
  const scheduler::Index at = entries_.allocate();
  Entry* entry = &entries_[at];
  entry->references.store(1, std::memory_order_relaxed);
  entry->first = first;
  entry->count = count;
  entry->context = this;
  if (range) {
    entry->range = true;
    entry->extra().many = std::make_unique<Slot[]>(count);
  }
  if (count == 0 || ids_.find(first).group != scheduler::kNone) [[unlikely]] {
    entry->extra().unlisted = at;
  } else {
    ids_.bind(first, count, at);
  }
  return entry;
}

/// Of what is submitted: a task that is tried again names its children as before, and a handle from the
/// earlier attempt may be alive.
Entry* Client::name_entry(ObjectId first, std::uint32_t count, bool range) {
  Entry* entry = find(first);
  if (entry == nullptr || entry->first != first || entry->count != count || entry->range != range) [[likely]]
    return make_entry(first, count, range);
  entry->references.fetch_add(1, std::memory_order_relaxed);
  return entry;
}

void Client::erase(Entry* entry) {
  const bool listed = entry->unlisted() == scheduler::kNone;
  const scheduler::Index at = listed ? ids_.find(entry->first).group : entry->unlisted();
  check(&entries_[at] == entry, "an entry is where its id leads to");
  if (listed) ids_.unbind(entry->first, entry->count);
  if (entry->secret || entry->link() != nullptr || !entry->inside().empty()) secrets_->forget(*entry);
  if (!entry->secret) {
    head_.note(MessageType::released, entry->first, entry->count, false);
  } else {
    --secret_count_;
  }
  entry->clear(blobs_);
  entries_.release(at);
}

EntryHandle Client::adopt(ObjectId first, std::uint32_t count) {
  const std::lock_guard lock(waiting_.progress_mutex());
  return EntryHandle(hold(first, count));
}

Entry* Client::hold(ObjectId first, std::uint32_t count) {
  Entry* entry = find(first);
  if (entry != nullptr && entry->first == first && entry->count == count) {
    entry->references.fetch_add(1, std::memory_order_relaxed);
    return entry;
  }
  entry = make_entry(first, count, count > 1);
  head_.note(MessageType::held, first, count, false);
  return entry;
}

void Client::unhold(Entry* entry) {
  if (entry->references.fetch_sub(1, std::memory_order_acq_rel) == 1) erase(entry);
}

void Client::unhold_all(std::vector<Entry*>& entries) {
  for (Entry* entry : entries) unhold(entry);
  entries.clear();
}

void Client::release(ObjectEntry* object_entry) {
  const std::lock_guard lock(waiting_.progress_mutex());
  TaskFrame* frame = thread_frame_or_null();
  if (frame != nullptr && frame->result_refs != nullptr && !frame->result_refs->empty()) {
    frame->held_until_sent.emplace_back(object_entry);
    return;
  }
  if (object_entry->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    erase(static_cast<Entry*>(object_entry));
  }
}

// ---- results of calls ----

Entry* Client::make_secret(ObjectId object) {
  Entry* entry = make_entry(object, 1, false);
  entry->unasked = true;
  entry->secret = true;
  ++secret_count_;
  return entry;
}

Entry* Client::make_actor(ObjectId actor) {
  Entry* entry = make_entry(actor, 1, false);
  entry->unasked = true;
  return entry;
}

void Client::publish(std::span<const ObjectId> objects) {
  if (secret_count_ == 0) return;
  for (const ObjectId id : objects) {
    Entry* entry = find(id);
    if (entry != nullptr && entry->secret) secrets_->publish(*entry);
  }
}

void Client::fill(Entry& entry, Slot::State state, Blob* blob) {
  entry.single.end(blob, state, true);
  complete(entry, 0);
}

// ---- submit, put, cancel ----

detail::Buffer Client::allocate(std::size_t bytes) {
  if (bytes <= settings_.inline_bytes) {
    Blob* blob = blobs_.make_inline(bytes);
    return {this, blob, blob->inline_bytes()};
  }
  const TaskFrame& frame = thread_frame();
  const bool in_task = frame.job != nullptr || frame.guest;
  std::optional<Reservation> reservation = in_task ? room_.reserve_for_task(bytes) : room_.reserve(bytes);
  if (!reservation) return allocate_for_disk(bytes);
  const std::span<std::byte> data = reservation->data();
  return {this, blobs_.make_located(store_.leave_open(std::move(*reservation))), data};
}

detail::Buffer Client::allocate_for_disk(std::size_t bytes) {
  ForDisk value{aligned_bytes(bytes), bytes};
  const std::span<std::byte> data(value.memory.get(), bytes);
  Blob* blob = blobs_.make_located(Location{});  // its place is known once it was written
  const std::lock_guard lock(disk_mutex_);
  for_disk_.emplace(blob, std::move(value));
  return {this, blob, data};
}

/// What allocate() gave has been written.
void Client::seal(const detail::Buffer& buffer) {
  auto* blob = static_cast<Blob*>(buffer.blob());
  if (!blob->located) return;
  ForDisk value;
  {
    const std::lock_guard lock(disk_mutex_);
    const auto found = for_disk_.find(blob);
    if (found == for_disk_.end()) return store_.seal(blob->location());
    value = found->second;
  }
  const Location place = store_.create_on_disk({value.memory.get(), value.bytes});
  std::memcpy(blob->body(), &place, sizeof place);
  blob->bytes = place.bytes;
  const std::lock_guard lock(disk_mutex_);
  for_disk_.erase(blob);
}

void Client::discard(void* memory) {
  auto* blob = static_cast<Blob*>(memory);
  const bool on_its_way = blob->located && blob->bytes == 0;  // no place yet
  if (on_its_way) {
    const std::lock_guard lock(disk_mutex_);
    for_disk_.erase(blob);
  } else if (blob->located) {
    store_.release(blob->location());
  }
  blobs_.drop(blob);
}

EntryHandle Client::submit(const detail::Submission& submission, detail::Buffer&& arguments) {
  if (submission.gang.ranks > 0 && !settings_.no_gangs.empty()) throw Error(settings_.no_gangs);
  if (submission.options != nullptr)
    task_class_of(submission.function, *submission.options);  // throws here, if at all
  TaskFrame& frame = thread_frame();
  const bool keyed = submission.options != nullptr && submission.options->key != 0;
  detail::Submission named = submission;
  std::vector<std::uint64_t> hashes;
  const bool journalled = submission.gang.ranks == 0 && submission.inside.empty() &&
                          (settings_.journal_all || (settings_.journal && keyed));
  if (journalled) [[unlikely]] {
    hashes = hash_arguments(arguments.bytes(), frame.id == kDriver);
    named.argument_hashes = hashes;
  }
  seal(arguments);
  Lock lock(waiting_.progress_mutex());
  if (!waiting_.hold_back(submission.count, arguments.bytes().size(), lock)) throw Drained(kDrainedText);
  publish(submission.dependencies);
  publish(submission.inside);
  const TaskFrame::Names names = frame.next(submission.count);
  Entry* entry = name_entry(names.first, submission.count, submission.range);
  entry->unasked = true;
  auto* blob = static_cast<Blob*>(arguments.take());
  head_.submit(named, {names.first, frame.id, keyed ? TaskKey{submission.options->key} : names.key}, blob);
  waiting_.sent();
  return EntryHandle(entry);
}

EntryHandle Client::put(detail::Buffer&& value, std::span<const ObjectId> inside) {
  const bool hashed = settings_.journal && settings_.rank == kHead && inside.empty();
  const std::uint64_t content = hashed ? hash_blocks(value.bytes()) | 1 : 0;
  seal(value);
  const std::lock_guard lock(waiting_.progress_mutex());
  publish(inside);
  const ObjectId id = thread_frame().next(1).first;
  Entry* entry = make_entry(id, 1, false);
  auto* blob = static_cast<Blob*>(value.take());
  // The maker reads its own copy: inline bytes are few, and a place in the arena is a few bytes too.
  Blob* mine = blob->located ? blobs_.make_located(blob->location()) : blobs_.make_inline(blob->bytes);
  if (!blob->located) std::memcpy(mine->body(), blob->body(), blob->bytes);
  entry->single.end(mine, Slot::State::ready, true);
  head_.put(id, blob, inside, content);
  waiting_.sent();
  return EntryHandle(entry);
}

void Client::cancel(EntryElement what, std::uint32_t count, bool force) {
  const std::lock_guard lock(waiting_.progress_mutex());
  Entry& entry = as_entry(*what.entry);
  if (entry.of_pending_call()) return secrets_->cancel(entry);
  if (entry.secret) return;
  const bool kill = force && settings_.no_force.empty();
  head_.note(MessageType::cancel, offset(what.entry->first, what.element), count, kill);
  waiting_.sent();
  if (force && !kill) {
    throw Error("rankine: cancel by force is not possible here: " + settings_.no_force +
                ". The task was only asked to stop; remedy: let it look at rk::cancelled()");
  }
}

// ---- ends ----

void Client::deliver(ObjectId object, Slot::State state, Blob* blob, bool owned) {
  Entry* entry = find(object);
  const auto element =
      entry != nullptr ? static_cast<std::uint32_t>(number(object) - number(entry->first)) : 0;
  if (entry == nullptr || !entry->slot(element).pending()) {
    if (owned) blobs_.drop(blob);  // the last handle went while the message was on its way
    return;
  }
  Slot& slot = entry->slot(element);
  slot.end(blob, state, owned);
  complete(*entry, element);
}

void Client::on_deliver(MessageReader& message) {
  const auto deliver_message = message.record<DeliverMessage>();
  for (std::uint32_t i = 0; i < deliver_message.header.count; ++i) {
    const auto [blob, failed] = read_body(message, blobs_);
    deliver(offset(deliver_message.first, i), failed ? Slot::State::failed : Slot::State::ready, blob, true);
  }
}

void Client::complete(Entry& entry, std::uint32_t element) {
  if (entry.range) ++entry.ended_of_range;
  if (!entry.watched()) return;
  const bool whole = entry.ended() == entry.count;
  std::erase_if(entry.extra().watchers, [&](const Watcher& watcher) {
    if (watcher.element != element && !(whole && watcher.element == Watcher::kWhole)) return false;
    Waiter& waiter = *watcher.waiter;
    if (waiter.order != nullptr) waiter.order->push_back(watcher.token);
    if (waiter.remaining > 0 && --waiter.remaining == 0) waiting_.wake(waiter);
    return true;
  });
}

// ---- waiting ----

void Client::want(Entry& entry, std::uint32_t element, std::uint32_t count) {
  // On rank 0 the head delivers what has ended before this returns.
  if (entry.unasked) return;
  for (std::uint32_t i = element; i < element + count; ++i) {
    Slot& slot = entry.slot(i);
    if (!slot.pending() || slot.wanted) continue;
    slot.wanted = true;
    head_.note(MessageType::wanted, offset(entry.first, i), 1, false);
  }
}

bool Client::ready(EntryElement what) {
  Lock lock(waiting_.progress_mutex());
  Entry& entry = as_entry(*what.entry);
  want(entry, what.element, 1);
  if (!entry.slot(what.element).pending()) return true;
  Waiter nobody;
  waiting_.block(nobody, 0, lock);  // a look at the mail
  return !entry.slot(what.element).pending();
}

std::uint32_t Client::ended(ObjectEntry& entry) {
  Lock lock(waiting_.progress_mutex());
  return as_entry(entry).ended();
}

/// A driver that watches the drain itself is not told by waits which end by themselves.
bool Client::may_be_told(Nanoseconds timeout_ns) const {
  return timeout_ns < 0 || end_.watchers == 0 || thread_frame().id != kDriver;
}

void Client::wait_one(Entry& entry, std::uint32_t element, Lock& lock) {
  want(entry, element, 1);
  if (!entry.slot(element).pending()) return;
  waiting_.promote(offset(entry.first, element));
  Waiter waiter;
  waiter.interruptible = true;
  waiter.awaited = offset(entry.first, element);
  entry.extra().watchers.push_back({&waiter, element, 0});
  waiting_.block(waiter, -1, lock);
  if (waiter.remaining > 0) entry.unwatch(waiter);
  throw_if_interrupted(waiter);
}

std::vector<std::uint32_t> Client::wait(std::span<const EntryElement> those, std::size_t count,
                                        Nanoseconds timeout_ns) {
  Lock lock(waiting_.progress_mutex());
  std::vector<std::uint32_t> order;
  order.reserve(those.size());
  for (std::uint32_t i = 0; i < those.size(); ++i) {
    Entry& entry = as_entry(*those[i].entry);
    if (entry.slot(those[i].element).pending()) want(entry, those[i].element, 1);
    if (!entry.slot(those[i].element).pending()) order.push_back(i);
  }
  if (order.size() >= count) return order;
  Waiter waiter;
  waiter.remaining = static_cast<std::uint32_t>(count - order.size());
  waiter.order = &order;
  waiter.interruptible = may_be_told(timeout_ns);
  for (std::uint32_t i = 0; i < those.size(); ++i) {
    Entry& entry = as_entry(*those[i].entry);
    if (!entry.slot(those[i].element).pending()) continue;
    entry.extra().watchers.push_back({&waiter, those[i].element, i});
  }
  if (!those.empty()) waiting_.promote(offset(those[0].entry->first, those[0].element));
  waiting_.block(waiter, timeout_ns, lock);
  for (const EntryElement& what : those) as_entry(*what.entry).unwatch(waiter);
  throw_if_interrupted(waiter);
  return order;
}

bool Client::wait_all(ObjectEntry& object_entry, Nanoseconds timeout_ns) {
  Lock lock(waiting_.progress_mutex());
  Entry& entry = as_entry(object_entry);
  want(entry, 0, entry.count);
  if (entry.ended() == entry.count) return true;
  waiting_.promote(entry.first);
  Waiter waiter;
  waiter.interruptible = may_be_told(timeout_ns);
  waiter.awaited = entry.first;
  waiter.awaited_count = entry.count;
  entry.extra().watchers.push_back({&waiter, Watcher::kWhole, 0});
  waiting_.block(waiter, timeout_ns, lock);
  entry.unwatch(waiter);
  throw_if_interrupted(waiter);
  return entry.ended() == entry.count;
}

detail::ValueBytes Client::value(EntryElement what) {
  Entry& entry = as_entry(*what.entry);
  const Slot& there = entry.slot(what.element);
  if (there.state.load(std::memory_order_acquire) == Slot::State::ready && !there.blob->located)
    return {there.blob->inline_bytes(), {}};  // it stays as it is while the caller has the handle
  for (Location gone;;) {
    Lock lock(waiting_.progress_mutex());
    wait_one(entry, what.element, lock);
    const Slot& slot = entry.slot(what.element);
    check(!slot.pending(), "a wait for an object ended with the object");
    if (slot.state == Slot::State::failed) {
      const Failure failure = unpack_failure(slot.blob->inline_bytes());
      lock.unlock();
      throw_failure(failure);
    }
    if (!slot.blob->located) return {slot.blob->inline_bytes(), {}};
    const Location place = slot.blob->location();
    if (entry.range) read_ahead(entry, what.element);
    lock.unlock();
    try {
      return puller_.get(place);
    } catch (const ObjectLost&) {
      if (place == gone || !ask_again(entry, what.element, place)) throw;
      gone = place;
    }
  }
}

/// Who reads the values of a range one after another gets those of other nodes in batches: without that each
/// of them would cost a round trip.
void Client::read_ahead(Entry& entry, std::uint32_t element) {
  constexpr std::uint32_t kAhead = 64;
  const auto before = std::exchange(last_read_, {&entry, element});
  if (before.entry != &entry || before.element + 1 != element) return;
  const std::uint32_t end = std::min(entry.count, element + kAhead);
  for (std::uint32_t i = element + 1; i < end; ++i) {
    const Slot& slot = entry.slot(i);
    if (slot.state != Slot::State::ready || !slot.blob->located) return;
    if (!puller_.fetch_ahead(slot.blob->location())) return;
  }
}

/// The value is not where it was: it is pending again, and the head makes it again or fails it as lost. False
/// for the result of a call, which nothing makes again.
bool Client::ask_again(Entry& entry, std::uint32_t element, const Location& gone) {
  const std::lock_guard lock(waiting_.progress_mutex());
  if (entry.secret || entry.of_pending_call()) return false;
  Slot& slot = entry.slot(element);
  if (slot.state != Slot::State::ready || !slot.blob->located || slot.blob->location() != gone) return true;
  if (slot.owned) blobs_.drop(slot.blob);
  slot.reset();
  if (entry.range) --entry.ended_of_range;
  head_.vanished(offset(entry.first, element), gone);
  waiting_.sent();
  return true;
}

detail::ValueBytes Client::bytes_of(const Blob& blob) {
  if (!blob.located) return {blob.inline_bytes(), {}};
  try {
    return puller_.get(blob.location());
  } catch (const ObjectLost&) {
    if (blob.located_ids().size() != 1) throw;
  }
  const EntryHandle handle = adopt(blob.located_ids()[0], 1);
  return value({handle.get(), 0});
}

// ---- the running task ----

Philox& Client::random() {
  TaskFrame& frame = thread_frame();
  if (!frame.random) frame.random.emplace(settings_.seed, static_cast<std::uint64_t>(frame.key));
  return *frame.random;
}

bool Client::cancelled() {
  const TaskFrame& frame = thread_frame();
  return frame.interrupted != nullptr && *frame.interrupted;
}

std::optional<Nanoseconds> Client::time_left() {
  const Time cut{end_.cut_at};
  if (cut == kNeverEnds) return std::nullopt;
  return std::max<Nanoseconds>(0, cut - now());
}

Granted Client::resources() {
  const TaskFrame& frame = thread_frame();
  Granted granted;
  if (frame.holding == nullptr) {
    granted.cpus = frame.id == kDriver ? 0 : 1;
    return granted;
  }
  const scheduler::Resources& held = frame.holding->resources;
  granted.cpus = held.cpus.value();
  granted.gpus = held.gpus.value();
  granted.gpu_ids = frame.holding->gpus;
  granted.memory_bytes = static_cast<std::uint64_t>(
      std::llround(held.memory_gib.value() * static_cast<double>(std::uint64_t{1} << 30)));
  for (const auto& [name, amount] : held.custom) granted.custom.emplace_back(name, amount.value());
  granted.choice = frame.holding->choice;
  return granted;
}

Explanation Client::explain(EntryElement what) {
  Lock lock(waiting_.progress_mutex());
  const ObjectId object = offset(what.entry->first, what.element);
  publish({&object, 1});
  const std::uint64_t ticket = ++last_ticket_;
  Question question;
  questions_.emplace(ticket, &question);
  head_.explain(object, ticket);
  waiting_.sent();
  if (question.waiter.remaining > 0) waiting_.block(question.waiter, -1, lock);
  questions_.erase(ticket);
  return question.answer;
}

void Client::on_explained(std::uint64_t ticket, std::span<const std::byte> packed) {
  const auto at = questions_.find(ticket);
  if (at == questions_.end()) return;
  at->second->answer = unpack_explanation(packed);
  at->second->waiter.remaining = 0;
  waiting_.wake(at->second->waiter);
}

namespace {

void check_in_driver(const char* what, const std::string& name) {
  if (thread_frame().id == kDriver) return;
  throw Error(std::string("rankine: ") + what + "(\"" + name +
              "\") in a task: what a program keeps from run to run is the driver's. Remedy: return the value "
              "to the driver and save it there");
}

}  // namespace

void Client::save_state(const std::string& name, std::span<const std::byte> value) {
  check_in_driver("save_state", name);
  const std::lock_guard lock(waiting_.progress_mutex());
  states_->save_state(name, value);
}

std::optional<std::vector<std::byte>> Client::load_state(const std::string& name) {
  check_in_driver("load_state", name);
  const std::lock_guard lock(waiting_.progress_mutex());
  return states_->load_state(name);
}

TaskKey Client::task_key() const {
  return thread_frame().key;
}

Statistics Client::statistics() {
  return waiting_.statistics();
}

}  // namespace rankine::runtime
