// SPDX-License-Identifier: Apache-2.0
// The answering side of a pull: what this rank has, by a pin, by bytes, or by the parts that the asker wants.
#include <algorithm>

#include <rankine/core/check.hpp>
#include <rankine/core/error.hpp>

#include "runtime/puller.hpp"

namespace rankine::runtime {

void Puller::on_message(Rank from, const Header& header, std::span<const std::byte> message) {
  MessageReader reader(message);
  switch (header.type) {
    case MessageType::advice: {
      const auto advice = reader.record<AdviceMessage>();
      return advise(advice.origin, Rank{static_cast<std::int32_t>(advice.source)});
    }
    case MessageType::forget:
      return forget(reader.record<AdviceMessage>().origin);
    case MessageType::pull:
      return on_pull(from, reader.record<PullMessage>());
    case MessageType::pulled: {
      const auto pulled = reader.record<PulledMessage>();
      return on_pulled(from, pulled, reader.bytes(pulled.bytes));
    }
    case MessageType::pull_more:
      return on_pull_more(from, reader.record<PullMoreMessage>());
    case MessageType::unpin:
      lent_.erase({from, reader.record<PullMoreMessage>().ticket});
      return;
    default:
      fail_check("a message that is none of the puller's");
  }
}

/// Where on this node a value lies that can be read here.
Location Puller::place_of(const Location& origin) const {
  if (store_.is_here(origin)) return origin;
  const auto known = known_.find(origin);
  return known != known_.end() ? known->second.replica : Location{};
}

void Puller::on_pull(Rank from, const PullMessage& pull) {
  const Request request{from, pull.ticket, pull.header.flags != 0};
  try {
    if (const auto value = find(pull.origin)) return answer(request, place_of(pull.origin), *value);
  } catch (const ObjectLost& error) {
    return answer_text(request, PulledKind::gone, error.what());
  }
  const auto known = known_.find(pull.origin);
  // Told to have it, but not needed yet: then it is fetched for the asker's sake. What was here and is not
  // any more was given up, and the asker does better elsewhere.
  const bool expected = known != known_.end() && !known->second.was_here;
  if (store_.is_mine(pull.origin) || active_.contains(pull.origin) || expected) {
    const CopyPtr copy = copy_of(pull.origin);
    if (copy->outcome == Copy::Outcome::pending) return copy->requests.push_back(request);
    return answer_text(request, PulledKind::gone, copy->trouble);  // its rank is lost
  }
  answer_text(request, PulledKind::not_here, {});
}

void Puller::answer(const Request& request, const Location& place, const detail::ValueBytes& value) {
  PulledMessage message;
  message.ticket = request.ticket;
  const bool neighbour = topology_.place(request.asker).node == topology_.here().node;
  const bool shared = value.bytes.empty() || store_.in_arena(value.bytes.data());
  if (neighbour && shared && place.node != kNoNode) {
    message.kind = PulledKind::in_place;
    message.place = place;
  } else if (value.bytes.size() <= whole_bytes_) {
    message.kind = PulledKind::bytes;
    message.bytes = static_cast<std::uint32_t>(value.bytes.size());
    return send_pulled(request.asker, message, value.bytes.data());
  } else if (!neighbour && shared && request.exposed && store_.has_remote_reader()) {
    message.kind = PulledKind::exposed;
    message.offset = store_.offset_of(value.bytes.data());
  } else {
    message.kind = PulledKind::streamed;
  }
  lent_[{request.asker, request.ticket}] = value;
  send_pulled(request.asker, message, nullptr);
}

void Puller::answer_text(const Request& request, PulledKind kind, const std::string& text) {
  PulledMessage message;
  message.ticket = request.ticket;
  message.kind = kind;
  message.bytes = static_cast<std::uint32_t>(std::min<std::size_t>(text.size(), whole_bytes_));
  send_pulled(request.asker, message, reinterpret_cast<const std::byte*>(text.data()));
}

void Puller::on_pull_more(Rank from, const PullMoreMessage& more) {
  const auto lent = lent_.find({from, more.ticket});
  if (lent == lent_.end()) return;  // the asker was given up as lost
  const std::span<const std::byte> bytes = lent->second.bytes;
  check(more.from <= bytes.size() && more.bytes <= bytes.size() - more.from && more.bytes <= part_bytes_,
        "a part that is asked for lies within its value and fits into a message");
  PulledMessage message;
  message.ticket = more.ticket;
  message.kind = PulledKind::part;
  message.offset = more.from;
  message.bytes = static_cast<std::uint32_t>(more.bytes);
  send_pulled(from, message, bytes.data() + more.from);
}

void Puller::send_pulled(Rank to, const PulledMessage& pulled, const std::byte* bytes) {
  PulledMessage message = pulled;
  message.header.type = MessageType::pulled;
  MessageWriter writer(transport_.append(to, sizeof message + padded(message.bytes)));
  writer.record(message);
  writer.bytes(bytes, message.bytes);
}

bool Puller::lends_elsewhere() const {
  return std::ranges::any_of(lent_, [this](const auto& one) {
    return topology_.place(one.first.first).node != topology_.here().node;
  });
}

void Puller::unpin(Rank holder, std::uint64_t ticket) {
  PullMoreMessage message;
  message.header.type = MessageType::unpin;
  message.ticket = ticket;
  MessageWriter(transport_.append(holder, sizeof message)).record(message);
}

}  // namespace rankine::runtime
