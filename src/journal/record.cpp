// SPDX-License-Identifier: Apache-2.0
#include "journal/record.hpp"

#include <cstring>
#include <string_view>

#include "journal/checksum.hpp"

namespace rankine::journal {

namespace {

class Encoder {
 public:
  explicit Encoder(std::vector<std::byte>& into) : into_(into) {}

  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) into_.push_back(static_cast<std::byte>(value | 0x80));
    into_.push_back(static_cast<std::byte>(value));
  }
  void word(std::uint64_t value) { raw(&value, sizeof value); }
  void bytes(std::span<const std::byte> bytes) {
    number(bytes.size());
    raw(bytes.data(), bytes.size());
  }
  void text(std::string_view text) { bytes(std::as_bytes(std::span(text.data(), text.size()))); }

 private:
  void raw(const void* from, std::size_t count) {
    const auto* first = static_cast<const std::byte*>(from);
    into_.insert(into_.end(), first, first + count);
  }
  std::vector<std::byte>& into_;
};

/// After a failure everything reads as zero and good() is false.
class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> from) : from_(from) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (from_.empty()) break;
      const auto byte = static_cast<std::uint64_t>(from_.front());
      from_ = from_.subspan(1);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    good_ = false;
    return 0;
  }
  std::uint32_t small() {
    const std::uint64_t value = number();
    if (value > 0xffffffff) good_ = false;
    return static_cast<std::uint32_t>(value);
  }
  std::uint64_t word() {
    std::uint64_t value = 0;
    const std::span<const std::byte> bytes = take(sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::span<const std::byte> bytes() { return take(number()); }
  std::string text() {
    const std::span<const std::byte> b = bytes();
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }
  std::size_t left() const { return from_.size(); }
  void refuse() { good_ = false; }
  /// All was read and nothing was missing.
  bool good() const { return good_ && from_.empty(); }

 private:
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > from_.size() || !good_) {
      good_ = false;
      return {};
    }
    const std::span<const std::byte> taken = from_.first(count);
    from_ = from_.subspan(count);
    return taken;
  }
  std::span<const std::byte> from_;
  bool good_ = true;
};

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
