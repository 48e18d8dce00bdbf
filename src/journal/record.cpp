// SPDX-License-Identifier: Apache-2.0
#include "journal/record.hpp"

#include <cstring>

#include "journal/checksum.hpp"
#include "journal/encoding.hpp"

namespace rankine::journal {

namespace {

void put(Encoder& to, const Program& program) {
  to.number(program.format);
  to.text(program.name);
  to.word(program.functions);
  to.text(program.options);
}
void get(Decoder& from, Program& program) {
  program.format = from.small();
  program.name = from.text();
  program.functions = from.word();
  program.options = from.text();
}

void put(Encoder& to, const Function& function) {
  to.number(function.number);
  to.text(function.name);
  to.text(function.display);
}
void get(Decoder& from, Function& function) {
  function.number = from.small();
  function.name = from.text();
  function.display = from.text();
}

void put_front(Encoder& to, const Tasks& tasks) {
  to.number(tasks.function);
  to.word(tasks.key);
  to.number(tasks.range ? std::uint64_t{tasks.first} + 1 : 0);
  to.number(tasks.busy_ns);
  to.number(tasks.elements.size());
}
void put(Encoder& to, const Tasks& tasks) {
  put_front(to, tasks);
  for (const Tasks::Element& element : tasks.elements) {
    to.word(element.arguments);
    to.bytes(element.result);
  }
}
void get(Decoder& from, Tasks& tasks) {
  tasks.function = from.small();
  tasks.key = from.word();
  const std::uint64_t first = from.number();
  tasks.range = first > 0;
  if (first > 0x100000000) from.refuse();
  tasks.first = static_cast<std::uint32_t>(first > 0 ? first - 1 : 0);
  tasks.busy_ns = from.number();
  const std::uint64_t count = from.number();
  if (count > from.left() / 9 || count == 0 || (!tasks.range && count != 1)) return from.refuse();
  tasks.elements.resize(count);
  for (Tasks::Element& element : tasks.elements) {
    element.arguments = from.word();
    element.result = from.bytes();
  }
}

void put(Encoder& to, const Checkpoint& checkpoint) {
  to.text(checkpoint.name);
  to.text(checkpoint.class_name);
  to.word(checkpoint.class_hash);
  to.bytes(checkpoint.state);
}
void get(Decoder& from, Checkpoint& checkpoint) {
  checkpoint.name = from.text();
  checkpoint.class_name = from.text();
  checkpoint.class_hash = from.word();
  checkpoint.state = from.bytes();
}

void put(Encoder& to, const Saved& saved) {
  to.text(saved.name);
  to.bytes(saved.value);
}
void get(Decoder& from, Saved& saved) {
  saved.name = from.text();
  saved.value = from.bytes();
}

void put(Encoder& to, const Note& note) {
  to.number(static_cast<std::uint64_t>(note.what));
  to.word(static_cast<std::uint64_t>(note.unix_ns));
  to.number(note.ranks);
  to.text(note.text);
}
void get(Decoder& from, Note& note) {
  const std::uint64_t what = from.number();
  if (what > static_cast<std::uint64_t>(Note::What::stopped)) from.refuse();
  note.what = static_cast<Note::What>(what);
  note.unix_ns = static_cast<std::int64_t>(from.word());
  note.ranks = from.small();
  note.text = from.text();
}

template <class T>
std::optional<Record> decode_as(std::span<const std::byte> payload) {
  Decoder from(payload);
  T record;
  get(from, record);
  if (!from.good()) return std::nullopt;
  return record;
}

}  // namespace

std::uint16_t kind_of(const Record& record) {
  return static_cast<std::uint16_t>(record.index() + 1);
}

void frame_header(std::uint64_t length, std::uint16_t kind, std::uint32_t checksum,
                  std::byte (&into)[kFrameBytes]) {
  const auto length32 = static_cast<std::uint32_t>(length);
  std::memcpy(into, &length32, 4);
  std::memcpy(into + 4, &kind, 2);
  const auto check = static_cast<std::uint16_t>(crc32c({into, 6}));
  std::memcpy(into + 6, &check, 2);
  std::memcpy(into + 8, &checksum, 4);
}

bool encode(const Record& record, std::vector<std::byte>& into) {
  const std::size_t begin = into.size();
  into.resize(begin + kFrameBytes);
  Encoder to(into);
  std::visit([&to](const auto& r) { put(to, r); }, record);
  const std::span<const std::byte> payload = std::span<const std::byte>(into).subspan(begin + kFrameBytes);
  if (payload.size() > kPayloadMax) {
    into.resize(begin);
    return false;
  }
  std::byte header[kFrameBytes];
  frame_header(payload.size(), kind_of(record), crc32c(payload), header);
  std::memcpy(into.data() + begin, header, kFrameBytes);
  return true;
}

OpenFrame encode_open(const Tasks& tasks, std::size_t result_bytes) {
  OpenFrame frame;
  frame.kind = kind_of(tasks);
  Encoder to(frame.bytes);
  put_front(to, tasks);
  to.word(tasks.elements.front().arguments);
  to.number(result_bytes);
  return frame;
}

std::optional<Record> decode(std::uint16_t kind, std::span<const std::byte> payload) {
  switch (kind) {
    case 1:
      return decode_as<Program>(payload);
    case 2:
      return decode_as<Function>(payload);
    case 3:
      return decode_as<Tasks>(payload);
    case 4:
      return decode_as<Checkpoint>(payload);
    case 5:
      return decode_as<Saved>(payload);
    case 6:
      return decode_as<Note>(payload);
    default:
      return std::nullopt;
  }
}

}  // namespace rankine::journal
