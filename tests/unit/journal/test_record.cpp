// SPDX-License-Identifier: Apache-2.0
// Records to bytes and back, and bytes that are none.
#include "journal/checksum.hpp"
#include "journal/record.hpp"

#include "journal_test.hpp"

namespace rankine::journal {
namespace {

std::span<const std::byte> payload_of(const std::vector<std::byte>& frame) {
  return std::span<const std::byte>(frame).subspan(kFrameBytes);
}

template <class T>
T round_trip(const T& record, std::vector<std::byte>& frame) {
  REQUIRE(encode(record, frame));
  const auto back = decode(kind_of(record), payload_of(frame));
  REQUIRE(back.has_value());
  return std::get<T>(*back);
}

TEST_CASE("the checksum is CRC-32C") {
  CHECK(crc32c(bytes_of("123456789")) == 0xe3069283u);  // the check value of the CRC catalogue
  const std::vector<std::byte> zeros(32);
  CHECK(crc32c(zeros) == 0x8a9136aau);  // RFC 3720, B.4
  CHECK(crc32c(bytes_of("56789"), crc32c(bytes_of("1234"))) == 0xe3069283u);
}

TEST_CASE("records come back as they were") {
  std::vector<std::byte> frame;
  SECTION("program") {
    const Program back = round_trip(Program{3, "p", 0xffffffffffffffff, "seed 1"}, frame);
    CHECK(back.format == 3);
    CHECK(back.name == "p");
    CHECK(back.functions == 0xffffffffffffffff);
    CHECK(back.options == "seed 1");
  }
  SECTION("function") {
    const Function back = round_trip(Function{300, "3Tag", "area(double)"}, frame);
    CHECK(back.number == 300);
    CHECK(back.name == "3Tag");
    CHECK(back.display == "area(double)");
  }
  SECTION("elements of a map") {
    const std::vector<std::byte> one = bytes_of("one"), none;
    Tasks tasks{5, 0x1234567890abcdef, true, 0xffffffff - 1, 12345, {{1, one}, {2, none}}};
    const Tasks back = round_trip(tasks, frame);
    CHECK(back.function == 5);
    CHECK(back.key == 0x1234567890abcdef);
    CHECK(back.range);
    CHECK(back.first == 0xffffffff - 1);
    CHECK(back.busy_ns == 12345);
    REQUIRE(back.elements.size() == 2);
    CHECK(back.elements[0].arguments == 1);
    CHECK(text_of(back.elements[0].result) == "one");
    CHECK(back.elements[1].result.empty());
  }
  SECTION("checkpoint and saved value") {
    const std::vector<std::byte> state = bytes_of("state");
    const Checkpoint back = round_trip(Checkpoint{"a", "Counter", 9, state}, frame);
    CHECK(back.name == "a");
    CHECK(back.class_name == "Counter");
    CHECK(back.class_hash == 9);
    CHECK(text_of(back.state) == "state");
    std::vector<std::byte> other;
    const Saved saved = round_trip(Saved{"epoch", state}, other);
    CHECK(saved.name == "epoch");
    CHECK(text_of(saved.value) == "state");
  }
  SECTION("note") {
    const Note back = round_trip(Note{Note::What::stopped, -5, 8, "done"}, frame);
    CHECK(back.what == Note::What::stopped);
    CHECK(back.unix_ns == -5);
    CHECK(back.ranks == 8);
    CHECK(back.text == "done");
  }
}

TEST_CASE("an open frame continues as the closed one") {
  const std::vector<std::byte> result = bytes_of(std::string(1000, 'x'));
  std::vector<std::byte> closed;
  REQUIRE(encode(task(4, result), closed));
  const OpenFrame open = encode_open(task(4, {}), result.size());
  std::vector<std::byte> payload = open.bytes;
  payload.insert(payload.end(), result.begin(), result.end());
  std::byte header[kFrameBytes];
  frame_header(payload.size(), open.kind, crc32c(result, crc32c(open.bytes)), header);
  payload.insert(payload.begin(), header, header + kFrameBytes);
  CHECK(payload == closed);
}

TEST_CASE("bytes that are no record are refused") {
  const std::vector<std::byte> result = bytes_of("result");
  const Record records[] = {program(),          Function{1, "f", "f()"},
                            task(1, result),    Checkpoint{"a", "A", 1, result},
                            Saved{"s", result}, Note{Note::What::started, 1, 2, "t"}};
  for (const Record& record : records) {
    std::vector<std::byte> frame;
    REQUIRE(encode(record, frame));
    const auto payload = payload_of(frame);
    for (std::size_t bytes = 0; bytes < payload.size(); ++bytes)
      CHECK_FALSE(decode(kind_of(record), payload.first(bytes)).has_value());
    frame.push_back(std::byte{0});
    CHECK_FALSE(decode(kind_of(record), payload_of(frame)).has_value());
  }
  CHECK_FALSE(decode(0, {}).has_value());
  CHECK_FALSE(decode(99, result).has_value());
  // A count that promises more elements than there are bytes must not be believed.
  std::vector<std::byte> huge(9, std::byte{0});
  for (int i = 0; i < 5; ++i) huge.push_back(std::byte{0xff});
  huge.push_back(std::byte{0x0f});
  CHECK_FALSE(decode(3, huge).has_value());
}

}  // namespace
}  // namespace rankine::journal
