// SPDX-License-Identifier: Apache-2.0
#include "runtime/remote_head.hpp"

#include <algorithm>
#include <vector>

#include "runtime/body.hpp"
#include "runtime/options_codec.hpp"

namespace rankine::runtime {

void send_refs(HeadLink& link, std::span<const InsideRecord> refs) {
  const std::size_t fit = (link.message_bytes_max() - sizeof(Header)) / padded(sizeof(InsideRecord));
  while (!refs.empty()) {
    const std::span<const InsideRecord> some = refs.first(std::min(refs.size(), fit));
    Header header;
    header.type = MessageType::refs;
    header.count = static_cast<std::uint32_t>(some.size());
    link.send(sizeof header + some.size() * padded(sizeof(InsideRecord)), [&](std::span<std::byte> into) {
      MessageWriter writer(into);
      writer.record(header);
      for (const InsideRecord& ref : some) writer.record(ref);
    });
    refs = refs.subspan(some.size());
  }
}

void RemoteHead::send_inside(std::span<const ObjectId> inside) {
  std::vector<InsideRecord> records;
  records.reserve(inside.size());
  for (const ObjectId id : inside) records.push_back({0, id});
  send_refs(link_, records);
}

void RemoteHead::submit(const detail::Submission& submission, const Names& names, Blob* arguments) {
  send_inside(submission.inside);
  std::vector<std::byte> options;
  if (submission.options != nullptr) options = pack_options(*submission.options);
  SubmitMessage message;
  message.header.type = MessageType::submit;
  message.header.flags = submission.range;
  message.header.count = submission.count;
  message.first = names.first;
  message.parent = names.parent;
  message.key = names.key;
  message.function = static_cast<std::uint32_t>(submission.function);
  message.options_bytes = static_cast<std::uint32_t>(options.size());
  message.dependencies = static_cast<std::uint32_t>(submission.dependencies.size());
  message.gang_ranks = submission.gang.ranks;
  message.is_hashed = !submission.argument_hashes.empty();
  if (message.is_hashed != 0) message.argument_hash = submission.argument_hashes.front();
  const std::size_t bytes =
      sizeof message + padded(options.size()) + submission.dependencies.size_bytes() + body_bytes(*arguments);
  link_.send(bytes, [&](std::span<std::byte> into) {
    MessageWriter writer(into);
    writer.record(message);
    writer.bytes(options.data(), options.size());
    writer.bytes(submission.dependencies.data(), submission.dependencies.size_bytes());
    write_body(writer, *arguments, false);
  });
  Blob::drop(arguments);
}

void RemoteHead::put(ObjectId object, Blob* value, std::span<const ObjectId> inside, std::uint64_t) {
  send_inside(inside);
  PutMessage message;
  message.header.type = MessageType::put;
  message.object = object;
  link_.send(sizeof message + body_bytes(*value), [&](std::span<std::byte> into) {
    MessageWriter writer(into);
    writer.record(message);
    write_body(writer, *value, false);
  });
  Blob::drop(value);
}

void RemoteHead::note(MessageType type, ObjectId first, std::uint32_t count, bool flag) {
  NoteMessage message;
  message.header.type = type;
  message.header.flags = flag;
  message.header.count = count;
  message.first = first;
  link_.send(sizeof message, [&](std::span<std::byte> into) { MessageWriter(into).record(message); });
}

void RemoteHead::vanished(ObjectId object, const Location& place) {
  NoteMessage message;
  message.header.type = MessageType::vanished;
  message.first = object;
  message.attempt = hash_of(place);
  link_.send(sizeof message, [&](std::span<std::byte> into) { MessageWriter(into).record(message); });
}

void RemoteHead::explain(ObjectId object, std::uint64_t ticket) {
  NoteMessage message;
  message.header.type = MessageType::explain;
  message.first = object;
  message.attempt = ticket;
  link_.send(sizeof message, [&](std::span<std::byte> into) { MessageWriter(into).record(message); });
}

}  // namespace rankine::runtime
