// SPDX-License-Identifier: Apache-2.0
#include "runtime/client.hpp"

#include <algorithm>
#include <utility>

#include <rankine/core/check.hpp>

#include "runtime/aligned.hpp"
#include "runtime/body.hpp"
#include "runtime/failure.hpp"
#include "runtime/options_codec.hpp"

namespace rankine::runtime {

using detail::EntryElement;
using detail::EntryHandle;
using detail::ObjectEntry;

namespace {

constexpr std::size_t kEntriesKept = 1 << 16;

Entry& as_entry(ObjectEntry& entry) {
  return static_cast<Entry&>(entry);
}

/// Takes the handles that outlive their runtime: they may be dropped, and say so when used.
class ClosedContext final : public detail::Context {
 public:
  detail::Buffer allocate(std::size_t) override { fail(); }
  void discard(void* blob) override { Blob::drop(static_cast<Blob*>(blob)); }
  EntryHandle submit(const detail::Submission&, detail::Buffer&&) override { fail(); }
  EntryHandle put(detail::Buffer&&, std::span<const ObjectId>) override { fail(); }
  EntryHandle adopt(ObjectId, std::uint32_t) override { fail(); }
  void release(ObjectEntry* entry) override {
    if (entry->references.fetch_sub(1) == 1) delete static_cast<Entry*>(entry);
  }
  void cancel(EntryElement, std::uint32_t, bool) override { fail(); }
  bool ready(EntryElement) override { fail(); }
  std::vector<std::uint32_t> wait(std::span<const EntryElement>, std::size_t, Nanoseconds) override {
    fail();
  }
  bool wait_all(ObjectEntry&, Nanoseconds) override { fail(); }
  std::uint32_t ended(ObjectEntry&) override { fail(); }
  detail::ValueBytes value(EntryElement, bool) override { fail(); }
  Philox& random() override { fail(); }
  bool cancelled() override { fail(); }
  TaskKey task_key() const override { fail(); }
  Statistics statistics() override { fail(); }

 private:
  [[noreturn]] static void fail() { throw Error("rankine: this handle's Runtime has ended"); }
};

ClosedContext& closed_context() {
  static ClosedContext context;
  return context;
}

}  // namespace

Client::Client(Waiting& waiting, HeadPort& head, Store& store, BlobPool& blobs, const Settings& settings)
    : waiting_(waiting), head_(head), store_(store), blobs_(blobs), settings_(settings) {}

Client::~Client() {
  close();
}

void Client::close() {
  const std::lock_guard lock(waiting_.progress_mutex());
  const auto cut_off = [](Entry* entry) {
    for (std::uint32_t i = 0; i < entry->count; ++i) {
      if (!entry->slot(i).owned) entry->slot(i).blob = nullptr;
    }
    entry->context = &closed_context();
  };
  const auto tell_head = [this](const Entry* entry) {
    head_.note(MessageType::released, entry->first, entry->count, false);
  };
  for (const auto& [id, entry] : singles_) cut_off(entry);
  for (const auto& [id, entry] : ranges_) cut_off(entry);
  if (settings_.rank == kHead) {
    for (const auto& [id, entry] : singles_) tell_head(entry);
    for (const auto& [id, entry] : ranges_) tell_head(entry);
  }
  singles_.clear();
  ranges_.clear();
  for (Entry* entry : free_entries_) delete entry;
  free_entries_.clear();
}

// ---- entries ----

void Client::cancel_all() {
  for (const auto& [id, entry] : singles_) head_.note(MessageType::cancel, entry->first, 1, false);
  for (const auto& [id, entry] : ranges_) head_.note(MessageType::cancel, entry->first, entry->count, false);
}

Entry* Client::find(ObjectId object) const {
  const auto single = singles_.find(number(object));
  if (single != singles_.end()) return single->second;
  const auto after = ranges_.upper_bound(number(object));
  if (after == ranges_.begin()) return nullptr;
  Entry* entry = std::prev(after)->second;
  return number(object) - number(entry->first) < entry->count ? entry : nullptr;
}

Entry* Client::make_entry(ObjectId first, std::uint32_t count, bool range) {
  Entry* entry;
  if (free_entries_.empty()) {
    entry = new Entry;
  } else {
    entry = free_entries_.back();
    free_entries_.pop_back();
  }
  entry->references.store(1, std::memory_order_relaxed);
  entry->first = first;
  entry->count = count;
  entry->context = this;
  if (range) {
    entry->many = std::make_unique<Slot[]>(count);
    ranges_.emplace(number(first), entry);
  } else {
    singles_.emplace(number(first), entry);
  }
  return entry;
}

void Client::erase(Entry* entry) {
  if (entry->many) {
    ranges_.erase(number(entry->first));
  } else {
    singles_.erase(number(entry->first));
  }
  head_.note(MessageType::released, entry->first, entry->count, false);
  entry->clear(blobs_);
  if (free_entries_.size() < kEntriesKept) {
    free_entries_.push_back(entry);
  } else {
    delete entry;
  }
}

EntryHandle Client::adopt(ObjectId first, std::uint32_t count) {
  const std::lock_guard lock(waiting_.progress_mutex());
  Entry* entry = find(first);
  if (entry != nullptr && entry->first == first && entry->count == count) {
    entry->references.fetch_add(1, std::memory_order_relaxed);
    return EntryHandle(entry);
  }
  entry = make_entry(first, count, count > 1);
  head_.note(MessageType::held, first, count, false);
  return EntryHandle(entry);
}

std::shared_ptr<const void> Client::keep(ObjectId group, std::uint32_t count) {
  return std::make_shared<EntryHandle>(adopt(group, count));
}

void Client::release(ObjectEntry* object_entry) {
  const std::lock_guard lock(waiting_.progress_mutex());
  const TaskFrame& frame = waiting_.frame();
  if (frame.result_refs != nullptr && !frame.result_refs->empty()) {
    frame.piece->held_until_sent.emplace_back(object_entry);
    return;
  }
  if (object_entry->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    erase(static_cast<Entry*>(object_entry));
  }
}

// ---- submit, put, cancel ----

detail::Buffer Client::allocate(std::size_t bytes) {
  if (bytes <= settings_.inline_bytes) {
    Blob* blob = blobs_.make_inline(bytes);
    return {this, blob, blob->inline_bytes()};
  }
  Reservation reservation = store_.create(bytes);
  const std::span<std::byte> data = reservation.data();
  return {this, blobs_.make_located(store_.seal(std::move(reservation))), data};
}

void Client::discard(void* memory) {
  auto* blob = static_cast<Blob*>(memory);
  if (blob->located) store_.release(blob->location());
  blobs_.drop(blob);
}

EntryHandle Client::submit(const detail::Submission& submission, detail::Buffer&& arguments) {
  if (submission.options != nullptr)
    task_class_of(submission.function, *submission.options);  // throws here, if at all
  const std::lock_guard lock(waiting_.progress_mutex());
  TaskFrame& frame = waiting_.frame();
  const TaskFrame::Names names = frame.next(submission.count);
  const bool keyed = submission.options != nullptr && submission.options->key != 0;
  Entry* entry = make_entry(names.first, submission.count, submission.range);
  entry->unasked = true;
  auto* blob = static_cast<Blob*>(arguments.take());
  head_.submit(submission, {names.first, frame.id, keyed ? TaskKey{submission.options->key} : names.key},
               blob);
  waiting_.sent();
  return EntryHandle(entry);
}

EntryHandle Client::put(detail::Buffer&& value, std::span<const ObjectId> inside) {
  const std::lock_guard lock(waiting_.progress_mutex());
  const ObjectId id = waiting_.frame().next(1).first;
  Entry* entry = make_entry(id, 1, false);
  auto* blob = static_cast<Blob*>(value.take());
  // The maker reads its own copy: inline bytes are few, and a place in the arena is a few bytes too.
  Blob* mine = blob->located ? blobs_.make_located(blob->location()) : blobs_.make_inline(blob->bytes);
  if (!blob->located) std::memcpy(mine->body(), blob->body(), blob->bytes);
  entry->single = {mine, Slot::State::ready, true, true};
  entry->ended = 1;
  head_.put(id, blob, inside);
  waiting_.sent();
  return EntryHandle(entry);
}

void Client::cancel(EntryElement what, std::uint32_t count, bool force) {
  const std::lock_guard lock(waiting_.progress_mutex());
  head_.note(MessageType::cancel, offset(what.entry->first, what.element), count, force);
  waiting_.sent();
}

// ---- ends ----

void Client::deliver(ObjectId object, Slot::State state, Blob* blob, bool owned) {
  Entry* entry = find(object);
  const auto element =
      entry != nullptr ? static_cast<std::uint32_t>(number(object) - number(entry->first)) : 0;
  if (entry == nullptr || entry->slot(element).state != Slot::State::pending) {
    if (owned) blobs_.drop(blob);  // the last handle went while the message was on its way
    return;
  }
  Slot& slot = entry->slot(element);
  slot.blob = blob;
  slot.owned = owned;
  slot.state = state;
  complete(*entry, element);
}

void Client::on_deliver(const DeliverMessage& deliver_message, MessageReader& message) {
  for (std::uint32_t i = 0; i < deliver_message.header.count; ++i) {
    const auto [blob, failed] = read_body(message, blobs_);
    deliver(offset(deliver_message.first, i), failed ? Slot::State::failed : Slot::State::ready, blob, true);
  }
}

void Client::complete(Entry& entry, std::uint32_t element) {
  ++entry.ended;
  if (entry.watchers.empty()) return;
  const bool whole = entry.ended == entry.count;
  std::erase_if(entry.watchers, [&](const Watcher& watcher) {
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
    if (slot.state != Slot::State::pending || slot.wanted) continue;
    slot.wanted = true;
    head_.note(MessageType::wanted, offset(entry.first, i), 1, false);
  }
}

bool Client::ready(EntryElement what) {
  std::unique_lock lock(waiting_.progress_mutex());
  Entry& entry = as_entry(*what.entry);
  want(entry, what.element, 1);
  if (entry.slot(what.element).state != Slot::State::pending) return true;
  Waiter nobody;
  waiting_.block(nobody, 0, lock);  // a look at the mail
  return entry.slot(what.element).state != Slot::State::pending;
}

std::uint32_t Client::ended(ObjectEntry& entry) {
  std::unique_lock lock(waiting_.progress_mutex());
  return as_entry(entry).ended;
}

void Client::wait_one(Entry& entry, std::uint32_t element, std::unique_lock<std::mutex>& lock) {
  want(entry, element, 1);
  if (entry.slot(element).state != Slot::State::pending) return;
  waiting_.promote(offset(entry.first, element));
  Waiter waiter;
  entry.watchers.push_back({&waiter, element, 0});
  waiting_.block(waiter, -1, lock);
}

std::vector<std::uint32_t> Client::wait(std::span<const EntryElement> those, std::size_t count,
                                        Nanoseconds timeout_ns) {
  std::unique_lock lock(waiting_.progress_mutex());
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < those.size(); ++i) {
    Entry& entry = as_entry(*those[i].entry);
    want(entry, those[i].element, 1);
    if (entry.slot(those[i].element).state != Slot::State::pending) order.push_back(i);
  }
  if (order.size() >= count) return order;
  Waiter waiter;
  waiter.remaining = static_cast<std::uint32_t>(count - order.size());
  waiter.order = &order;
  for (std::uint32_t i = 0; i < those.size(); ++i) {
    Entry& entry = as_entry(*those[i].entry);
    if (entry.slot(those[i].element).state != Slot::State::pending) continue;
    entry.watchers.push_back({&waiter, those[i].element, i});
  }
  if (!those.empty()) waiting_.promote(offset(those[0].entry->first, those[0].element));
  waiting_.block(waiter, timeout_ns, lock);
  for (const EntryElement& what : those) {
    std::vector<Watcher>& watchers = as_entry(*what.entry).watchers;
    if (!watchers.empty()) std::erase_if(watchers, [&](const Watcher& w) { return w.waiter == &waiter; });
  }
  return order;
}

bool Client::wait_all(ObjectEntry& object_entry, Nanoseconds timeout_ns) {
  std::unique_lock lock(waiting_.progress_mutex());
  Entry& entry = as_entry(object_entry);
  want(entry, 0, entry.count);
  if (entry.ended == entry.count) return true;
  waiting_.promote(entry.first);
  Waiter waiter;
  entry.watchers.push_back({&waiter, Watcher::kWhole, 0});
  waiting_.block(waiter, timeout_ns, lock);
  std::erase_if(entry.watchers, [&](const Watcher& w) { return w.waiter == &waiter; });
  return entry.ended == entry.count;
}

detail::ValueBytes Client::value(EntryElement what, bool keep) {
  std::unique_lock lock(waiting_.progress_mutex());
  Entry& entry = as_entry(*what.entry);
  wait_one(entry, what.element, lock);
  const Slot& slot = entry.slot(what.element);
  check(slot.state != Slot::State::pending, "a wait for an object ended with the object");
  if (slot.state == Slot::State::failed) {
    const Failure failure = unpack_failure(slot.blob->inline_bytes());
    lock.unlock();
    throw_failure(failure);
  }
  lock.unlock();
  return bytes_of(entry, *slot.blob, keep);
}

detail::ValueBytes Client::bytes_of(Entry& entry, const Blob& blob, bool keep) {
  if (!blob.located) return {blob.inline_bytes(), {}};
  const Location place = blob.location();
  if (!store_.is_here(place)) {
    const std::shared_ptr<std::byte[]> copy = aligned_bytes(place.bytes);
    store_.fetch(place, {copy.get(), place.bytes});
    return {{copy.get(), place.bytes}, copy};
  }
  std::shared_ptr<const void> owner;
  if (keep) {
    entry.references.fetch_add(1, std::memory_order_relaxed);
    owner = std::make_shared<EntryHandle>(&entry);
  }
  return {store_.view(place), std::move(owner)};
}

// ---- the running task ----

Philox& Client::random() {
  TaskFrame& frame = waiting_.frame();
  if (!frame.random) frame.random.emplace(settings_.seed, static_cast<std::uint64_t>(frame.key));
  return *frame.random;
}

bool Client::cancelled() {
  const TaskFrame& frame = waiting_.frame();
  return frame.piece != nullptr && frame.piece->interrupted;
}

TaskKey Client::task_key() const {
  return waiting_.frame().key;
}

Statistics Client::statistics() {
  return waiting_.statistics();
}

}  // namespace rankine::runtime
