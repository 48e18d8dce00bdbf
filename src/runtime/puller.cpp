// SPDX-License-Identifier: Apache-2.0
// The asking side of a pull, and copies on their way. The answering side is in puller_answers.cpp.
#include "runtime/puller.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <rankine/core/check.hpp>

#include "runtime/aligned.hpp"

namespace rankine::runtime {

namespace {

/// Values up to this size come in one answer.
constexpr std::size_t kWholeMax = std::size_t{48} << 10;
/// Larger ones come by such parts. Measured (bench/README.md): four of 48 KiB under way left the network
/// idle, presumably because MPI libraries agree on larger messages before they send them.
constexpr std::size_t kPartMax = std::size_t{15} << 10;
/// Parts on their way at a time: nearly what a ring holds.
constexpr std::uint64_t kWindow = 16;

/// The largest bytes that go with an answer of the puller.
std::size_t room_in_message(const transport::Transport& transport) {
  return (transport.message_bytes_max() - sizeof(PulledMessage)) / 8 * 8;
}
/// The last copy that found no room in the arena is kept for the next user up to this size.
constexpr std::size_t kPrivateKept = std::size_t{64} << 20;

detail::ValueBytes view_of(Pin&& pin) {
  const std::span<const std::byte> bytes = pin.bytes();
  return {bytes, std::make_shared<const Pin>(std::move(pin))};
}

std::string describe(const Location& origin) {
  return "a value of " + std::to_string(origin.bytes) + " bytes of node " +
         std::to_string(index(origin.node)) + ", slot " + std::to_string(origin.slot);
}

}  // namespace

Puller::Puller(const Topology& topology, transport::Transport& transport, Store& store, Waiting& waiting,
               Offload& offload)
    : topology_(topology),
      transport_(transport),
      store_(store),
      waiting_(waiting),
      offload_(offload),
      whole_bytes_(std::min(kWholeMax, room_in_message(transport))),
      part_bytes_(std::min(kPartMax, room_in_message(transport))) {}

Puller::~Puller() = default;

// ---- getting a value ----

/// The value if it is readable on this node now. Throws ObjectLost where it was freed.
std::optional<detail::ValueBytes> Puller::find(const Location& origin) {
  if (store_.is_here(origin)) {
    Store::Found found = store_.find(origin);
    if (found.presence == Store::Presence::here) return view_of(std::move(found.pin));
    if (found.presence == Store::Presence::spilled) return std::nullopt;
    throw ObjectLost("rankine: " + describe(origin) + " is not in the store any more");
  }
  const auto known = known_.find(origin);
  if (known == known_.end()) return std::nullopt;
  Location& replica = known->second.replica;
  if (replica.node != kNoNode) {
    Store::Found found = store_.find(replica);
    if (found.presence == Store::Presence::here) return view_of(std::move(found.pin));
    replica = {};
  }
  if (auto owner = known->second.private_copy.lock())
    return {{known->second.private_bytes, std::move(owner)}};
  return std::nullopt;
}

detail::ValueBytes Puller::get(const Location& origin) {
  if (store_.is_here(origin)) {
    if (auto value = find(origin)) return *value;  // the common case, without the lock
  }
  Lock lock(waiting_.progress_mutex());
  if (auto value = find(origin)) return *value;
  const CopyPtr copy = copy_of(origin);
  Waiter waiter;
  struct Listed {
    std::vector<Waiter*>& list;
    Waiter* waiter;
    ~Listed() { std::erase(list, waiter); }
  };
  copy->waiters.push_back(&waiter);
  const Listed listed{copy->waiters, &waiter};
  if (copy->outcome == Copy::Outcome::pending) waiting_.block(waiter, -1, lock);
  switch (copy->outcome) {
    case Copy::Outcome::here:
      return copy->bytes;
    case Copy::Outcome::lost:
      throw ObjectLost(copy->trouble);
    default:
      throw SystemError(copy->trouble);
  }
}

void Puller::fetch(const Location& origin, Taker then) {
  try {
    if (auto value = find(origin)) return then(std::move(value));
  } catch (const ObjectLost&) {
    return then(std::nullopt);
  }
  const CopyPtr copy = copy_of(origin);
  if (copy->outcome == Copy::Outcome::pending) {
    copy->takers.push_back(std::move(then));
  } else {
    then(copy->result());
  }
}

bool Puller::fetch_ahead(const Location& origin) {
  if (origin.bytes > whole_bytes_ || store_.is_here(origin)) return false;
  const auto known = known_.find(origin);  // else no replica would be kept until it is read
  if (known == known_.end() || known->second.was_here || active_.contains(origin)) return false;
  copy_of(origin);
  return true;
}

/// The copy that is on its way, or a new one.
Puller::CopyPtr Puller::copy_of(const Location& origin) {
  if (const auto known = active_.find(origin); known != active_.end()) return known->second;
  auto copy = std::make_shared<Copy>();
  copy->origin = origin;
  copy->replicate = known_.contains(origin);
  active_.emplace(origin, copy);
  if (store_.is_mine(origin)) {
    restore(copy);
  } else {
    ask(copy, whom_to_ask(origin));
  }
  return copy;
}

Rank Puller::keeper_of(const Location& origin) const {
  const Rank maker = rank_of(origin);
  if (!is_dead(maker)) return maker;
  for (const Rank rank : topology_.ranks_of(origin.node)) {
    if (!is_dead(rank) && rank != topology_.rank) return rank;
  }
  return kNoRank;
}

Rank Puller::whom_to_ask(const Location& origin) const {
  const auto known = known_.find(origin);
  const Rank advised = known != known_.end() ? known->second.source : kNoRank;
  return advised != kNoRank && advised != topology_.rank && !is_dead(advised) ? advised : keeper_of(origin);
}

bool Puller::is_dead(Rank rank) const {
  return std::find(dead_.begin(), dead_.end(), rank) != dead_.end();
}

void Puller::ask(const CopyPtr& copy, Rank whom) {
  if (whom == kNoRank || whom == topology_.rank || is_dead(whom)) {
    return fail(copy, Copy::Outcome::lost,
                "rankine: " + describe(copy->origin) + " was on rank " +
                    std::to_string(index(rank_of(copy->origin))) + ", which is lost");
  }
  by_ticket_.erase(copy->ticket);
  copy->asked = whom;
  copy->ticket = ++last_ticket_;
  by_ticket_.emplace(copy->ticket, copy);
  PullMessage message;
  message.header.type = MessageType::pull;
  message.header.flags = store_.has_remote_reader();
  message.ticket = copy->ticket;
  message.origin = copy->origin;
  MessageWriter(transport_.append(whom, sizeof message)).record(message);
  waiting_.sent();
}

void Puller::ask_origin_instead(const CopyPtr& copy) {
  copy->room.reset();
  copy->private_room.reset();
  copy->asked_bytes = copy->came_bytes = 0;
  const Rank origin = keeper_of(copy->origin);
  if (copy->asked == origin) {
    return fail(copy, Copy::Outcome::lost,
                "rankine: " + describe(copy->origin) + " was on rank " +
                    std::to_string(index(rank_of(copy->origin))) + ", which has it no more");
  }
  if (const auto known = known_.find(copy->origin); known != known_.end()) known->second.source = kNoRank;
  ask(copy, origin);
}

// ---- answers ----

void Puller::on_pulled(Rank from, const PulledMessage& pulled, const std::byte* bytes) {
  const auto found = by_ticket_.find(pulled.ticket);
  if (found == by_ticket_.end() || found->second->asked != from) {
    using enum PulledKind;
    if (pulled.kind == in_place || pulled.kind == exposed || pulled.kind == streamed)
      unpin(from, pulled.ticket);
    return;  // it was asked for elsewhere meanwhile
  }
  const CopyPtr copy = found->second;
  const auto text = [&] { return std::string(reinterpret_cast<const char*>(bytes), pulled.bytes); };
  switch (pulled.kind) {
    case PulledKind::bytes:
      make_place(*copy, Store::Effort::quick);
      check(pulled.bytes == copy->into.size(), "a small value comes whole");
      if (pulled.bytes > 0) std::memcpy(copy->into.data(), bytes, pulled.bytes);
      return keep(copy);
    case PulledKind::in_place:
      return on_in_place(copy, from, pulled);
    case PulledKind::exposed:
      return read_exposed(copy, from, pulled);
    case PulledKind::streamed:
      return read_streamed(copy);
    case PulledKind::part:
      return on_part(copy, from, pulled, bytes);
    case PulledKind::not_here:
      return ask_origin_instead(copy);
    case PulledKind::gone:
      if (from != keeper_of(copy->origin)) return ask_origin_instead(copy);
      return fail(copy, Copy::Outcome::lost, text());
    case PulledKind::broken:
      return fail(copy, Copy::Outcome::broken, text());
  }
}

void Puller::on_in_place(const CopyPtr& copy, Rank from, const PulledMessage& pulled) {
  copy->bytes = view_of(store_.pin(pulled.place));  // the answerer holds it until unpin
  unpin(from, pulled.ticket);
  const auto known = known_.find(copy->origin);
  if (known != known_.end()) {
    known->second.replica = pulled.place;
    known->second.was_here = true;
  }
  end(copy, Copy::Outcome::here);
}

/// Where the bytes will lie: a replica in the arena, if the head will say when it can go and there is room.
void Puller::make_place(Copy& copy, Store::Effort effort) {
  if (copy.replicate) {
    try {
      copy.room = store_.try_create(copy.origin.bytes, effort);
    } catch (const StoreFull&) {
      // Private memory then.
    }
  }
  if (copy.room) {
    copy.into = copy.room->data();
  } else {
    copy.private_room = aligned_bytes(copy.origin.bytes);
    copy.into = {copy.private_room.get(), copy.origin.bytes};
  }
}

template <class Work, class Then>
void Puller::offload(const CopyPtr& copy, Work work, Then then) {
  struct Trouble {
    Copy::Outcome outcome = Copy::Outcome::pending;
    std::string text;
  };
  const auto trouble = std::make_shared<Trouble>();
  copy->working = true;
  offload_.post(
      [=] {
        try {
          work();
        } catch (const StoreError& e) {
          *trouble = {Copy::Outcome::lost, std::string("rankine: ") + e.what()};
        } catch (const std::exception& e) {
          *trouble = {Copy::Outcome::broken, std::string("rankine: ") + e.what()};
        }
      },
      [=, this] {
        copy->working = false;
        if (trouble->outcome != Copy::Outcome::pending) {
          if (copy->asked != kNoRank) unpin(copy->asked, copy->ticket);  // it would stay awake for this copy
          return fail(copy, trouble->outcome, trouble->text);
        }
        then();
      });
}

void Puller::restore(const CopyPtr& copy) {
  offload(
      copy,
      [this, copy] {
        if (auto pin = store_.restore(copy->origin)) {
          copy->bytes = view_of(std::move(*pin));
          return;
        }
        const std::shared_ptr<std::byte[]> room = aligned_bytes(copy->origin.bytes);
        store_.read(copy->origin, {room.get(), copy->origin.bytes});
        copy->bytes = {{room.get(), copy->origin.bytes}, room};
      },
      [this, copy] { end(copy, Copy::Outcome::here); });
}

void Puller::read_exposed(const CopyPtr& copy, Rank from, const PulledMessage& pulled) {
  const NodeId node = topology_.place(from).node;
  offload(
      copy,
      [this, copy, node, offset = pulled.offset] {
        make_place(*copy, Store::Effort::full);
        store_.read_remote(node, offset, copy->into);
      },
      [this, copy, from, ticket = pulled.ticket] {
        unpin(from, ticket);
        keep(copy);
      });
}

void Puller::read_streamed(const CopyPtr& copy) {
  offload(
      copy, [this, copy] { make_place(*copy, Store::Effort::full); }, [this, copy] { ask_more(*copy); });
}

void Puller::ask_more(Copy& copy) {
  while (copy.asked_bytes < copy.origin.bytes && copy.asked_bytes < copy.came_bytes + kWindow * part_bytes_) {
    PullMoreMessage message;
    message.header.type = MessageType::pull_more;
    message.ticket = copy.ticket;
    message.from = copy.asked_bytes;
    message.bytes = std::min(part_bytes_, copy.origin.bytes - copy.asked_bytes);
    copy.asked_bytes += message.bytes;
    MessageWriter(transport_.append(copy.asked, sizeof message)).record(message);
  }
}

void Puller::on_part(const CopyPtr& copy, Rank from, const PulledMessage& pulled, const std::byte* bytes) {
  check(pulled.offset <= copy->into.size() && pulled.bytes <= copy->into.size() - pulled.offset,
        "a part lies within its value");
  std::memcpy(copy->into.data() + pulled.offset, bytes, pulled.bytes);
  copy->came_bytes += pulled.bytes;
  if (copy->came_bytes < copy->origin.bytes) return ask_more(*copy);
  unpin(from, pulled.ticket);
  keep(copy);
}

/// All bytes have come: from now on others of this node can read them, too.
void Puller::keep(const CopyPtr& copy) {
  const auto known = known_.find(copy->origin);
  if (copy->room) {
    auto [replica, pin] = store_.seal_pinned(std::move(*copy->room), BlockKind::replica);
    copy->room.reset();
    copy->bytes = view_of(std::move(pin));
    if (known != known_.end() && !copy->forgotten) {
      known->second.replica = replica;
    } else {
      store_.release(replica);  // stays while it is pinned
    }
  } else {
    copy->bytes = {copy->into, copy->private_room};
    if (copy->into.size() <= kPrivateKept) last_private_ = copy->private_room;
    if (known != known_.end()) {
      known->second.private_copy = copy->private_room;
      known->second.private_bytes = copy->into;
    }
  }
  if (known != known_.end()) known->second.was_here = true;
  if (topology_.place(copy->asked).node != topology_.here().node) {
    store_.count(Counter::pulls, 1);
    store_.count(Counter::pulled_bytes, static_cast<std::int64_t>(copy->origin.bytes));
  }
  end(copy, Copy::Outcome::here);
}

void Puller::fail(const CopyPtr& copy, Copy::Outcome outcome, std::string trouble) {
  copy->trouble = std::move(trouble);
  end(copy, outcome);
}

/// Tells all who wait for the copy.
void Puller::end(const CopyPtr& copy, Copy::Outcome outcome) {
  copy->outcome = outcome;
  active_.erase(copy->origin);
  by_ticket_.erase(copy->ticket);
  const Location place = place_of(copy->origin);
  for (const Request& request : copy->requests) {
    if (outcome == Copy::Outcome::here) {
      answer(request, place, copy->bytes);
    } else {
      answer_text(request, outcome == Copy::Outcome::lost ? PulledKind::gone : PulledKind::broken,
                  copy->trouble);
    }
  }
  for (Waiter* waiter : copy->waiters) {
    waiter->remaining = 0;
    waiting_.wake(*waiter);
  }
  for (const Taker& then : std::exchange(copy->takers, {})) then(copy->result());
}

// ---- what the head says ----

void Puller::advise(const Location& origin, Rank source) {
  known_[origin].source = source;
  if (const auto active = active_.find(origin); active != active_.end()) active->second->forgotten = false;
}

void Puller::forget(const Location& origin) {
  if (const auto active = active_.find(origin); active != active_.end()) active->second->forgotten = true;
  const auto known = known_.find(origin);
  if (known == known_.end()) return;
  const Location replica = known->second.replica;
  known_.erase(known);
  if (replica.node == kNoNode || !store_.is_mine(replica)) return;
  try {
    store_.release(replica);
  } catch (const StoreError&) {
    // It was given up for want of room.
  }
}

void Puller::on_rank_lost(Rank dead) {
  dead_.push_back(dead);
  std::erase_if(lent_, [dead](const auto& lent) { return lent.first.first == dead; });
  std::vector<CopyPtr> orphans;
  for (const auto& [origin, copy] : active_) {
    std::erase_if(copy->requests, [dead](const Request& request) { return request.asker == dead; });
    if (copy->asked == dead && !copy->working) orphans.push_back(copy);
  }
  for (const CopyPtr& copy : orphans) ask_origin_instead(copy);
}

}  // namespace rankine::runtime
