// SPDX-License-Identifier: Apache-2.0
#include "transport/batch_transport.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include <rankine/core/check.hpp>
#include <rankine/core/error.hpp>

#include "transport/futex.hpp"

namespace rankine::transport {
namespace {

constexpr std::size_t kQueueBytesKept = std::size_t{1} << 20;
constexpr std::size_t kSpareSmall = 64;
constexpr std::size_t kSpareLarge = 8;
constexpr std::size_t kSmallBytes = sizeof(BatchHeader) + BatchTransport::kBatchBytes;

}  // namespace

std::size_t choose_window_bytes(int ranks, int ranks_on_node, const RingLimits& limits) {
  check_ring_limits(limits);
  const std::size_t pairs = static_cast<std::size_t>(ranks_on_node) * static_cast<std::size_t>(ranks);
  const std::size_t fair = std::bit_floor(std::max<std::size_t>(1, limits.node_budget_bytes / pairs));
  return std::clamp(fair, limits.ring_bytes_min, limits.ring_bytes_max);
}

BatchTransport::BatchTransport(Rank rank, int ranks, std::size_t window_bytes, Doorbells doorbells,
                               std::unique_ptr<Post> post)
    : rank_(rank),
      window_bytes_(window_bytes),
      sleeper_(rank, ranks, std::move(doorbells)),
      self_mail_(window_bytes),
      post_(std::move(post)),
      peers_(static_cast<std::size_t>(ranks)),
      announced_before_(sleeper_.own().announced.load()) {
  for (Peer& peer : peers_) peer.ring = OutgoingRing(window_bytes_);
  announced_seen_ = announced_before_;
}

BatchTransport::~BatchTransport() {
  for (Ticket ticket = 0; ticket < operations_.size(); ++ticket) {
    if (is_under_way(operations_[ticket]))
      post_->abandon(ticket, std::move(operations_[ticket].buffer.bytes));
  }
}

// ---- sending

std::span<std::byte> BatchTransport::append(Rank destination, std::size_t bytes) {
  check(index(destination) >= 0 && index(destination) < size(), "append to a rank that does not exist");
  check(bytes <= message_bytes_max(),
        "append of more than message_bytes_max(): large data goes through the store");
  if (destination == rank_) return self_mail_.append(bytes);
  Peer& peer = peers_[index(destination)];
  if (peer.excluded) {
    // The caller still fills the space; nobody will read it.
    peer.ring = OutgoingRing(window_bytes_);
  } else {
    mark_dirty(index(destination));
  }
  return peer.ring.append(RecordKind::kMessage, bytes);
}

void BatchTransport::mark_dirty(std::int32_t destination) {
  if (std::exchange(peers_[destination].dirty, true)) return;
  dirty_.push_back(destination);
}

void BatchTransport::send_pending() {
  std::size_t done = 0;
  try {
    for (; done < dirty_.size(); ++done) {
      peers_[dirty_[done]].dirty = false;
      send_queued(Rank{dirty_[done]});
    }
  } catch (...) {
    // The network failed; what is left in the queues is tried again by the next flush.
    peers_[dirty_[done]].dirty = true;
    dirty_.erase(dirty_.begin(), dirty_.begin() + static_cast<std::ptrdiff_t>(done));
    throw;
  }
  dirty_.clear();
  if (sends_ > 0) looks_needed_.store(true, std::memory_order_relaxed);
}

bool BatchTransport::may_send(const Peer& peer) const {
  return peer.sends < kSendsPerTarget && sends_ < kSends;
}

/// Sends what credit and the bounds allow; the rest waits in blocked_.
void BatchTransport::send_queued(Rank destination) {
  Peer& peer = peers_[index(destination)];
  if (peer.excluded) return;
  bool any = false;
  while (!peer.ring.empty() && may_send(peer)) {
    const OutgoingRing::Extent extent = peer.ring.take_extent(peer.credit, kBatchBytes);
    if (extent.bytes.empty()) break;
    start_send(destination, extent.bytes);
    any = true;
  }
  if (owes_credit(peer) && may_send(peer)) {
    start_send(destination, {});
    any = true;
  }
  if (any) {
    full_fence();  // pairs with the one in sleep(): either we see the sleeper, or it sees the announcement
    sleeper_.wake(destination);
  }
  if (peer.ring.empty()) peer.ring.trim(kQueueBytesKept);
  if ((!peer.ring.empty() || owes_credit(peer)) && !std::exchange(peer.blocked, true)) {
    blocked_.push_back(index(destination));
  }
}

void BatchTransport::start_send(Rank destination, std::span<const std::byte> records) {
  Peer& peer = peers_[index(destination)];
  const std::size_t bytes = sizeof(BatchHeader) + records.size();
  const Ticket ticket = new_operation(bytes);
  Operation& operation = operations_[ticket];
  operation.peer = destination;
  operation.is_send = true;
  std::byte* const to = operation.buffer.bytes.get();
  const BatchHeader header{peer.consumed, peer.ring.position()};
  std::memcpy(to, &header, sizeof header);
  if (!records.empty()) std::memcpy(to + sizeof header, records.data(), records.size());
  peer.credited = peer.consumed;
  ++peer.batches;
  ++counters_.batches_sent;
  // Before the send, so that the receiver never counts more than was announced.
  if (sleeper_.is_near(destination)) sleeper_.bell(destination).announced.fetch_add(1);
  ++peer.sends;
  ++sends_;
  sends_bytes_ += bytes;
  counters_.sends_under_way_max = std::max(counters_.sends_under_way_max, sends_);
  counters_.sends_to_one_max = std::max(counters_.sends_to_one_max, peer.sends);
  if (post_->send(ticket, destination, {to, bytes})) end_send(ticket);
}

void BatchTransport::end_send(Ticket ticket) {
  const Operation& operation = operations_[ticket];
  --peers_[index(operation.peer)].sends;
  --sends_;
  sends_bytes_ -= operation.bytes;
  end_operation(ticket);
}

void BatchTransport::retry_blocked() {
  if (!std::exchange(unblocked_, false)) return;
  for (const std::int32_t destination : std::exchange(blocked_, {})) {
    peers_[destination].blocked = false;
    if (!peers_[destination].excluded) mark_dirty(destination);
  }
}

std::size_t BatchTransport::queued_bytes() const {
  std::size_t bytes = sends_bytes_;
  for (const std::int32_t destination : blocked_) bytes += peers_[destination].ring.queued_bytes();
  return bytes;
}

std::vector<std::uint64_t> BatchTransport::batches_to() const {
  std::vector<std::uint64_t> batches;
  for (const Peer& peer : peers_) batches.push_back(peer.batches);
  return batches;
}

// ---- operations and their buffers

Ticket BatchTransport::new_operation(std::size_t bytes) {
  if (free_tickets_.empty()) {
    free_tickets_.push_back(static_cast<Ticket>(operations_.size()));
    operations_.emplace_back();
  }
  const Ticket ticket = free_tickets_.back();
  free_tickets_.pop_back();
  Operation& operation = operations_[ticket];
  const bool small = bytes <= kSmallBytes;
  std::vector<Buffer>& spare = small ? spare_small_ : spare_large_;
  if (!spare.empty() && spare.back().capacity >= bytes) {
    operation.buffer = std::move(spare.back());
    spare.pop_back();
  } else {
    const std::size_t capacity =
        small ? kSmallBytes : std::max(bytes, sizeof(BatchHeader) + record_bytes(message_bytes_max()));
    operation.buffer = {std::make_unique_for_overwrite<std::byte[]>(capacity), capacity};
  }
  operation.bytes = bytes;
  return ticket;
}

void BatchTransport::end_operation(Ticket ticket) {
  Operation& operation = operations_[ticket];
  const bool small = operation.buffer.capacity <= kSmallBytes;
  std::vector<Buffer>& spare = small ? spare_small_ : spare_large_;
  const bool kept = operation.buffer.bytes != nullptr && spare.size() < (small ? kSpareSmall : kSpareLarge);
  if (kept) spare.push_back(std::move(operation.buffer));
  operation = Operation{};
  free_tickets_.push_back(ticket);
}

// ---- receiving

std::size_t BatchTransport::poll(MailSink& sink, std::size_t messages_max) {
  announced_seen_.store(sleeper_.own().announced.load());
  mail_here_.store(true, std::memory_order_relaxed);  // if the sink throws
  std::size_t count = self_mail_.deliver(rank_, sink, messages_max, kQueueBytesKept);
  note_finished();
  give_up_unreachable();
  sweep();
  count += drain(sink, messages_max - count);
  int accepted = 0;
  while (accepted < kReceivesPerPoll && count < messages_max && accept_next()) ++accepted;
  give_up_unreachable();
  if (accepted > 0) count += drain(sink, messages_max - count);
  sweep();
  retry_blocked();
  send_pending();
  leave_notes_for_sleep(accepted == kReceivesPerPoll || count >= messages_max);
  if (count > 0 || accepted > 0) sleeper_.mail_came();
  return count;
}

void BatchTransport::note_finished() {
  if (sends_ == 0 && arrivals_.empty()) return;
  for (const Ticket ticket : post_->finished()) {
    Operation& operation = operations_[ticket];
    if (!operation.is_send) {
      operation.here = true;
      continue;
    }
    const Rank target = operation.peer;
    end_send(ticket);
    unblocked_ = true;
    // It may have left here long after it was announced.
    full_fence();
    sleeper_.wake(target);
  }
}

void BatchTransport::give_up_unreachable() {
  for (const Rank rank : post_->take_unreachable()) {
    if (peers_[index(rank)].excluded) continue;
    exclude(rank);
    unreachable_.push_back(rank);
  }
}

/// Starts to receive the next message, if there is one.
bool BatchTransport::accept_next() {
  Letter letter;
  if (!post_->next(letter)) return false;
  ++counters_.batches_received;
  if (sleeper_.is_near(letter.source)) ++near_received_;
  if (peers_[index(letter.source)].excluded) {
    post_->leave();
    return true;
  }
  check(letter.bytes >= sizeof(BatchHeader), "a batch without a header");
  const Ticket ticket = new_operation(letter.bytes);
  Operation& operation = operations_[ticket];
  operation.peer = letter.source;
  arrivals_.push_back(ticket);
  operation.here = post_->receive(ticket, {operation.buffer.bytes.get(), letter.bytes});
  return true;
}

/// Reads the batches that are here, those of one sender in order. What the sink throws leaves all in place.
std::size_t BatchTransport::drain(MailSink& sink, std::size_t messages_max) {
  ++drains_;
  std::size_t count = 0;
  for (std::size_t i = 0; i < arrivals_.size(); ++i) {
    Operation& operation = operations_[arrivals_[i]];
    Peer& peer = peers_[index(operation.peer)];
    if (operation.over || peer.stalled == drains_) continue;
    if (!operation.here) {
      peer.stalled = drains_;  // later ones of this sender wait for it
      continue;
    }
    if (!operation.opened) open_batch(operation);
    count += read_batch(operation, sink, messages_max - count);
    if (!operation.over) break;  // messages_max
  }
  return count;
}

void BatchTransport::open_batch(Operation& operation) {
  Peer& peer = peers_[index(operation.peer)];
  BatchHeader header;
  std::memcpy(&header, operation.buffer.bytes.get(), sizeof header);
  check(header.tail >= peer.consumed && header.tail - peer.consumed <= window_bytes_,
        "a batch from beyond the window of its sender");
  check(header.consumed <= peer.ring.position(), "credit for what was never sent");
  if (header.consumed > peer.credit) {
    peer.credit = header.consumed;
    unblocked_ = true;
  }
  operation.tail = header.tail;
  operation.at = sizeof header;
  operation.opened = true;
}

std::size_t BatchTransport::read_batch(Operation& operation, MailSink& sink, std::size_t messages_max) {
  const Rank source = operation.peer;
  Peer& peer = peers_[index(source)];
  const std::byte* const bytes = operation.buffer.bytes.get();
  std::size_t at = operation.at;
  std::size_t count = 0;
  while (peer.consumed < operation.tail && count < messages_max) {
    check(at + sizeof(RecordHeader) <= operation.bytes, "a batch ends before its tail");
    const ArrivedRecord record =
        read_record_at(bytes + at, window_bytes_, peer.consumed, operation.tail, peer.sequence++, source);
    at += record_bytes(record.payload.size());
    check(at <= operation.bytes, "a batch ends inside a record");
    // Before delivery: a sink that throws has had its message.
    operation.at = at;
    peer.consumed = record.next;
    if (peer.consumed == operation.tail) operation.over = true;
    if (record.kind != RecordKind::kMessage) continue;
    ++count;
    sink.deliver(source, record.payload);
    if (peer.excluded) [[unlikely]]
      return count;  // by the sink: all that came from it is over
  }
  if (peer.consumed == operation.tail) operation.over = true;
  return count;
}

/// Gives the buffers of what was read back, and lets its senders have their credit.
void BatchTransport::sweep() {
  std::erase_if(arrivals_, [this](Ticket ticket) {
    const Operation& operation = operations_[ticket];
    if (!operation.over) return false;
    const Peer& peer = peers_[index(operation.peer)];
    if (owes_credit(peer) && !peer.excluded) mark_dirty(index(operation.peer));
    end_operation(ticket);
    return true;
  });
}

// ---- waiting

void BatchTransport::leave_notes_for_sleep(bool more) {
  const bool unread =
      std::ranges::any_of(arrivals_, [this](Ticket ticket) { return operations_[ticket].here; });
  mail_here_.store(more || unread, std::memory_order_relaxed);
  const bool announced_not_here = announced_seen_.load() - announced_before_ != near_received_;
  looks_needed_.store(sends_ > 0 || !arrivals_.empty() || announced_not_here, std::memory_order_relaxed);
}

void BatchTransport::sleep(Nanoseconds timeout_ns) {
  sleeper_.sleep(timeout_ns, looks_needed_.load(std::memory_order_relaxed), [this] {
    return self_mail_.waits() || mail_here_.load(std::memory_order_relaxed) ||
           sleeper_.own().announced.load() != announced_seen_.load();
  });
}

void BatchTransport::exclude(Rank dead) {
  check(dead != rank_, "a rank cannot exclude itself");
  Peer& peer = peers_[index(dead)];
  if (std::exchange(peer.excluded, true)) return;
  peer.ring = OutgoingRing(window_bytes_);
  std::erase(blocked_, index(dead));
  for (Ticket ticket = 0; ticket < operations_.size(); ++ticket) {
    Operation& operation = operations_[ticket];
    if (operation.peer != dead) continue;
    if (!operation.is_send) operation.over = true;  // sweep() ends it
    if (!is_under_way(operation)) continue;
    post_->abandon(ticket, std::move(operation.buffer.bytes));
    operation.here = true;
    if (operation.is_send) end_send(ticket);
  }
  unblocked_ = true;
}

bool BatchTransport::drop_mail(std::uint64_t batches) {
  note_finished();
  accept_next();
  for (const Ticket ticket : arrivals_) operations_[ticket].over = operations_[ticket].here;
  sweep();
  return counters_.batches_received == batches && sends_ == 0 && arrivals_.empty();
}

}  // namespace rankine::transport
