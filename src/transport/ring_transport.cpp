// SPDX-License-Identifier: Apache-2.0
#include "transport/ring_transport.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <rankine/core/check.hpp>

#include "transport/futex.hpp"

namespace rankine::transport {
namespace {

// With ranks on other nodes, a poll that found mail drives MPI's progress only this often.
constexpr unsigned kBusyPollsPerProgress = 8;
constexpr int kProgressStepsIdle = 16;
constexpr std::size_t kQueueBytesKept = std::size_t{1} << 20;

template <class T>
T load_relaxed(T& word) {
  return std::atomic_ref<T>(word).load(std::memory_order_relaxed);
}
template <class T>
void store_relaxed(T& word, T value) {
  std::atomic_ref<T>(word).store(value, std::memory_order_relaxed);
}

std::size_t relay_cost_bytes(std::size_t message_bytes) {
  return record_bytes(sizeof(Envelope) + message_bytes);
}

}  // namespace

RingTransport::RingTransport(Rank rank, const Layout& layout, Doorbells doorbells,
                             std::unique_ptr<Fabric> fabric)
    : rank_(rank),
      layout_(layout),
      sleeper_(rank, layout.ranks, std::move(doorbells)),
      self_mail_(layout.ring_bytes),
      fabric_(std::move(fabric)),
      memory_(fabric_->memory()),
      outboxes_(static_cast<std::size_t>(layout.ranks)),
      slots_(static_cast<std::size_t>(layout.slots(rank))),
      consumed_(slots_.size(), 0),
      slot_excluded_(slots_.size(), 0) {
  for (int i = 0; i < layout_.ranks; ++i) {
    Outbox& outbox = outboxes_[i];
    outbox.ring = OutgoingRing(layout_.ring_bytes);
    if (Rank{i} == rank_) {
      outbox.route = Route::kSelf;
    } else if (rank_ == kHead || Rank{i} == kHead) {
      outbox.route = Route::kDirect;
      outbox.slot = rank_ == kHead ? 0 : index(rank_) - 1;
    }
  }
  if (rank_ == kHead) {
    relay_owed_bytes_.assign(outboxes_.size(), 0);
    for (std::size_t slot = 0; slot < slots_.size(); ++slot)
      slots_[slot].source = Rank{static_cast<int>(slot) + 1};
  } else {
    slots_[0].source = kHead;
  }
}

std::uint64_t RingTransport::load_word(std::size_t offset) {
  return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(memory_ + offset))
      .load(std::memory_order_acquire);
}

bool RingTransport::is_excluded(Rank rank) const {
  return outboxes_[index(rank)].route == Route::kExcluded;
}

// ---- sending

std::span<std::byte> RingTransport::append(Rank destination, std::size_t bytes) {
  check(index(destination) >= 0 && index(destination) < layout_.ranks,
        "append to a rank that does not exist");
  check(bytes <= message_bytes_max(),
        "append of more than message_bytes_max(): large data goes through the store");
  return enqueue(destination, RecordKind::kMessage, bytes);
}

std::span<std::byte> RingTransport::enqueue(Rank destination, RecordKind kind, std::size_t payload_bytes) {
  Outbox& outbox = outboxes_[index(destination)];
  if (outbox.route == Route::kExcluded) {
    // The caller still fills the space; nobody will read it.
    outbox.ring = OutgoingRing(layout_.ring_bytes);
    return outbox.ring.append(kind, payload_bytes);
  }
  if (outbox.route == Route::kSelf) return self_mail_.append(payload_bytes);
  if (!outbox.dirty) {
    outbox.dirty = true;
    dirty_.push_back(index(destination));
  }
  return outbox.ring.append(kind, payload_bytes);
}

void RingTransport::flush() {
  send_pending();
}

// Puts must not be followed by appends to the same queue before publish_flags(), which ends the use of its
// memory. Hence the order: relays (which append to the head's queue), puts, flags, then credits for relayed
// bytes, again.
void RingTransport::send_pending() {
  try {
    do {
      // Grows while we look: relaying makes the head's queue dirty.
      for (std::size_t i = 0; i < dirty_.size(); ++i) {
        const std::int32_t destination = dirty_[i];
        Outbox& outbox = outboxes_[destination];
        if (outbox.route == Route::kUnknown) resolve_route(outbox, Rank{destination});
        if (outbox.route == Route::kRelay) relay_queued(Rank{destination});
      }
      for (const std::int32_t destination : dirty_) {
        Outbox& outbox = outboxes_[destination];
        if (outbox.route == Route::kDirect) put_queued(Rank{destination});
        outbox.dirty = false;
      }
      dirty_.clear();
      publish_flags();
    } while (append_relay_credits());
  } catch (...) {
    // A fabric call failed; what is left in the queues is tried again by the next flush.
    for (const std::int32_t destination : dirty_) outboxes_[destination].dirty = true;
    throw;
  }
  own_records_ = false;
  waits_for_credit_.store(!blocked_.empty(), std::memory_order_relaxed);
}

void RingTransport::resolve_route(Outbox& outbox, Rank destination) {
  const std::uint64_t claim = fabric_->fetch_add(destination, layout_.claims_offset(), 1);
  if (claim >= static_cast<std::uint64_t>(layout_.spares)) {
    outbox.route = Route::kRelay;
    return;
  }
  outbox.slot = 1 + static_cast<std::int32_t>(claim);
  outbox.route = Route::kDirect;
  ++counters_.claimed_rings;
  const Flag owner{destination, layout_.owner_offset(outbox.slot),
                   static_cast<std::uint64_t>(index(rank_)) + 1};
  fabric_->publish({&owner, 1});
}

/// Moves messages for `destination` into the head's queue, as far as the relay window allows.
void RingTransport::relay_queued(Rank destination) {
  Outbox& outbox = outboxes_[index(destination)];
  OutgoingRing::Record record;
  while (outbox.ring.peek(record)) {
    const std::size_t cost_bytes = relay_cost_bytes(record.payload.size());
    if (relay_in_flight_bytes_ + cost_bytes > layout_.ring_bytes) {
      if (!outbox.blocked) {
        outbox.blocked = true;
        blocked_.push_back(index(destination));
      }
      return;
    }
    relay_in_flight_bytes_ += cost_bytes;
    ++counters_.relayed_messages;
    const std::span<std::byte> space =
        enqueue(kHead, RecordKind::kRelayed, sizeof(Envelope) + record.payload.size());
    const Envelope envelope{index(rank_), index(destination)};
    std::memcpy(space.data(), &envelope, sizeof envelope);
    if (!record.payload.empty()) {
      std::memcpy(space.data() + sizeof envelope, record.payload.data(), record.payload.size());
    }
    outbox.ring.pop();
  }
  outbox.ring.trim(kQueueBytesKept);
}

/// Puts what the credit of `destination` allows and notes the flag that will make it visible.
void RingTransport::put_queued(Rank destination) {
  Outbox& outbox = outboxes_[index(destination)];
  const std::uint64_t credit = load_word(layout_.credit_offset(destination));
  const std::size_t ring_offset = layout_.ring_offset(destination, outbox.slot);
  bool any = false;
  while (!outbox.ring.empty()) {
    const OutgoingRing::Extent extent = outbox.ring.take_extent(credit);
    if (extent.bytes.empty()) break;
    if (outbox.carries_relayed) count_relayed(extent.bytes);
    fabric_->put(destination, ring_offset + extent.ring_offset, extent.bytes);
    any = true;
  }
  if (any)
    flags_.push_back({destination, layout_.tail_offset(destination, outbox.slot), outbox.ring.position()});
  if (outbox.ring.empty()) {
    outbox.carries_relayed = false;
  } else if (!outbox.blocked) {
    outbox.blocked = true;
    blocked_.push_back(index(destination));
  }
}

void RingTransport::owe_relay_credit(std::int32_t origin, std::size_t bytes) {
  std::uint64_t& owed_bytes = relay_owed_bytes_[origin];
  const std::uint64_t before = owed_bytes;
  owed_bytes += bytes;
  const std::size_t step_bytes = layout_.credit_step_bytes();
  if (before < step_bytes && owed_bytes >= step_bytes) relay_creditors_.push_back(origin);
}

/// At the head: the relayed ones among records that leave the queue are owed to their origins as credit.
void RingTransport::count_relayed(std::span<const std::byte> records) {
  for (std::size_t at = 0; at < records.size();) {
    RecordHeader header;
    std::memcpy(&header, records.data() + at, sizeof header);
    if (header.kind() == RecordKind::kRelayed) {
      Envelope envelope;
      std::memcpy(&envelope, records.data() + at + sizeof header, sizeof envelope);
      owe_relay_credit(envelope.origin, record_bytes(header.bytes()));
    }
    at += record_bytes(header.bytes());
  }
}

/// True if there is something more to send.
bool RingTransport::append_relay_credits() {
  if (relay_creditors_.empty()) return false;
  for (const std::int32_t origin : std::exchange(relay_creditors_, {})) {
    const std::uint64_t bytes = std::exchange(relay_owed_bytes_[origin], 0);
    if (bytes == 0 || is_excluded(Rank{origin})) continue;
    std::memcpy(enqueue(Rank{origin}, RecordKind::kRelayCredit, sizeof bytes).data(), &bytes, sizeof bytes);
  }
  return !dirty_.empty();
}

void RingTransport::publish_flags() {
  if (flags_.empty()) return wake_receivers();
  fabric_->publish(flags_);
  full_fence();  // pairs with the one in sleep(): either we see the sleeper, or it sees the flag
  for (const Flag& flag : flags_) {
    if (holds_wakes_) {
      if (std::ranges::find(unwoken_, flag.target) == unwoken_.end()) unwoken_.push_back(flag.target);
    } else {
      sleeper_.wake(flag.target);
    }
  }
  wake_receivers();
  for (const Flag& flag : flags_) outboxes_[index(flag.target)].ring.trim(kQueueBytesKept);
  flags_.clear();
}

/// Those that were sent to while wakes were held.
void RingTransport::wake_receivers() {
  if (holds_wakes_ || unwoken_.empty()) return;
  for (const Rank target : unwoken_) sleeper_.wake(target);
  unwoken_.clear();
}

void RingTransport::retry_blocked() {
  if (blocked_.empty()) return;
  // Before looking at credits one by one: a later change shows up as a different sum in sleep().
  credit_sum_seen_.store(credit_sum(), std::memory_order_relaxed);
  for (const std::int32_t destination : std::exchange(blocked_, {})) {
    Outbox& outbox = outboxes_[destination];
    outbox.blocked = false;
    if (outbox.route == Route::kExcluded || outbox.dirty) continue;
    outbox.dirty = true;
    dirty_.push_back(destination);
  }
  send_pending();
}

std::uint64_t RingTransport::credit_sum() {
  std::uint64_t sum = 0;
  for (int i = 0; i < layout_.ranks; ++i) sum += load_word(layout_.credit_offset(Rank{i}));
  return sum;
}

std::size_t RingTransport::queued_bytes() const {
  std::size_t bytes = 0;
  for (const std::int32_t destination : blocked_) bytes += outboxes_[destination].ring.queued_bytes();
  return bytes;
}

// ---- receiving

std::size_t RingTransport::poll(MailSink& sink, std::size_t messages_max) {
  std::size_t count = self_mail_.deliver(rank_, sink, messages_max, kQueueBytesKept);
  const int slots = slots_in_use();
  if (next_slot_ >= slots) next_slot_ = 0;
  const int first = next_slot_;
  count += scan(first, slots, sink, messages_max - count);
  if (count < messages_max) count += scan(0, first, sink, messages_max - count);
  retry_blocked();
  if (own_records_) send_pending();
  publish_flags();
  if (count > 0) sleeper_.mail_came();
  if (sleeper_.ranks_elsewhere()) drive_progress(count > 0);
  return count;
}

/// Where a put from another node needs this process, a message takes a dozen steps of MPI's progress: one a
/// poll would make the sender wait for a dozen naps.
void RingTransport::drive_progress(bool busy) {
  if (busy) {
    if (++polls_ % kBusyPollsPerProgress == 0) fabric_->progress();
    return;
  }
  for (int step = 0; step < kProgressStepsIdle && !mail_waits(); ++step) fabric_->progress();
}

int RingTransport::slots_in_use() {
  if (rank_ == kHead || layout_.spares == 0) return static_cast<int>(slots_.size());
  const std::uint64_t claims = load_word(layout_.claims_offset());
  return 1 + static_cast<int>(std::min<std::uint64_t>(claims, static_cast<std::uint64_t>(layout_.spares)));
}

/// Whose ring a slot is. False if it belongs to an excluded rank.
bool RingTransport::resolve_source(int slot) {
  if (slots_[slot].source != kNoRank) return true;
  const std::uint64_t owner = load_word(layout_.owner_offset(slot));
  check(owner >= 1 && owner <= static_cast<std::uint64_t>(layout_.ranks), "a ring has a tail but no owner");
  slots_[slot].source = Rank{static_cast<std::int32_t>(owner - 1)};
  if (!is_excluded(slots_[slot].source)) return true;
  store_relaxed(slot_excluded_[slot], std::uint8_t{1});
  return false;
}

/// Takes mail from the slots begin .. end-1 that have some. An empty slot costs two loads and a comparison.
std::size_t RingTransport::scan(int begin, int end, MailSink& sink, std::size_t messages_max) {
  auto* const tails = reinterpret_cast<std::uint64_t*>(memory_ + layout_.tail_offset(rank_, 0));
  const std::uint64_t* const consumed = consumed_.data();
  std::size_t count = 0;
  for (int slot = begin; slot < end && count < messages_max; ++slot) {
    const std::uint64_t tail = std::atomic_ref<std::uint64_t>(tails[slot]).load(std::memory_order_acquire);
    if (tail == consumed[slot] || slot_excluded_[slot] != 0) [[likely]]
      continue;
    if (!resolve_source(slot)) continue;
    count += drain_slot(slot, sink, messages_max - count);
    next_slot_ = slot + 1;
  }
  return count;
}

std::size_t RingTransport::drain_slot(int at, MailSink& sink, std::size_t messages_max) {
  Slot& slot = slots_[at];
  const Rank source = slot.source;
  const std::byte* const ring = memory_ + layout_.ring_offset(rank_, at);
  const std::uint64_t tail = load_word(layout_.tail_offset(rank_, at));
  std::uint64_t position = consumed_[at];
  std::size_t count = 0;
  while (position < tail && count < messages_max) {
    const ArrivedRecord record =
        read_record(ring, layout_.ring_bytes, position, tail, slot.sequence++, source);
    position = record.next;
    // Before delivery: a sink that throws has had its message.
    store_relaxed(consumed_[at], position);
    if (record.kind == RecordKind::kMessage) [[likely]] {
      sink.deliver(source, record.payload);
      ++count;
    } else if (accept(source, record, sink)) {
      ++count;
    }
    if (slot_excluded_[at] != 0) [[unlikely]]
      return count;  // the sink excluded the sender
  }
  if (position - slot.credited >= layout_.credit_step_bytes()) {
    slot.credited = position;
    ++counters_.credits_written;
    full_fence();  // the records were read before the sender may overwrite them
    flags_.push_back({source, layout_.credit_offset(rank_), position});
  }
  return count;
}

/// Records that are not plain messages. True if one was delivered.
bool RingTransport::accept(Rank source, const ArrivedRecord& record, MailSink& sink) {
  switch (record.kind) {
    case RecordKind::kMessage:
    case RecordKind::kWrap:
      return false;
    case RecordKind::kRelayCredit: {
      std::uint64_t bytes = 0;
      check(record.payload.size() == sizeof bytes, "a relay credit of the wrong size");
      std::memcpy(&bytes, record.payload.data(), sizeof bytes);
      check(bytes <= relay_in_flight_bytes_, "more relay credit than was relayed");
      relay_in_flight_bytes_ -= bytes;
      return false;
    }
    case RecordKind::kRelayed: {
      Envelope envelope;
      check(record.payload.size() >= sizeof envelope, "a relayed message without an envelope");
      std::memcpy(&envelope, record.payload.data(), sizeof envelope);
      if (Rank{envelope.destination} != rank_) {
        check(rank_ == kHead && Rank{envelope.origin} == source, "only the head relays");
        forward(envelope, record.payload);
        return false;
      }
      if (is_excluded(Rank{envelope.origin})) return false;
      sink.deliver(Rank{envelope.origin}, record.payload.subspan(sizeof envelope));
      return true;
    }
  }
  return false;
}

/// At the head: passes a relayed record on, envelope and all.
void RingTransport::forward(const Envelope& envelope, std::span<const std::byte> payload) {
  own_records_ = true;
  Outbox& outbox = outboxes_[envelope.destination];
  if (outbox.route == Route::kExcluded) {
    owe_relay_credit(envelope.origin, record_bytes(payload.size()));
    return;
  }
  ++counters_.forwarded_messages;
  outbox.carries_relayed = true;
  const std::span<std::byte> space =
      enqueue(Rank{envelope.destination}, RecordKind::kRelayed, payload.size());
  std::memcpy(space.data(), payload.data(), payload.size());
}

// ---- waiting

bool RingTransport::mail_waits() {
  if (self_mail_.waits()) return true;
  const int slots = slots_in_use();
  for (int slot = 0; slot < slots; ++slot) {
    if (load_word(layout_.tail_offset(rank_, slot)) != load_relaxed(consumed_[slot]) &&
        load_relaxed(slot_excluded_[slot]) == 0) {
      return true;
    }
  }
  return waits_for_credit_.load(std::memory_order_relaxed) &&
         credit_sum() != credit_sum_seen_.load(std::memory_order_relaxed);
}

void RingTransport::sleep(Nanoseconds timeout_ns) {
  sleeper_.sleep(timeout_ns, false, [this] { return mail_waits(); });
}

void RingTransport::exclude(Rank dead) {
  check(dead != rank_, "a rank cannot exclude itself");
  Outbox& outbox = outboxes_[index(dead)];
  if (outbox.route == Route::kExcluded) return;
  OutgoingRing::Record record;
  while (outbox.ring.peek(record)) {  // what others relayed to it counts as passed on
    if (record.kind == RecordKind::kRelayed && rank_ == kHead) {
      Envelope envelope;
      std::memcpy(&envelope, record.payload.data(), sizeof envelope);
      owe_relay_credit(envelope.origin, record_bytes(record.payload.size()));
      own_records_ = true;
    }
    outbox.ring.pop();
  }
  outbox.route = Route::kExcluded;
  outbox.ring = OutgoingRing(layout_.ring_bytes);
  std::erase_if(flags_, [&](const Flag& flag) { return flag.target == dead; });
  std::erase(blocked_, index(dead));
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].source == dead) store_relaxed(slot_excluded_[slot], std::uint8_t{1});
  }
}

}  // namespace rankine::transport
