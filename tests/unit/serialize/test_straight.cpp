// SPDX-License-Identifier: Apache-2.0
// Trivially copyable values: exact sizes, equal bytes for equal values, refs, and buffers that are too small.
#include <atomic>
#include <chrono>
#include <complex>
#include <limits>

#include "round_trip.hpp"

using namespace rankine;
using rankine_test::packed;
using rankine_test::round_trip;

namespace {

struct Padded {
  char tag;
  double value;
  bool operator==(const Padded&) const = default;
};

class NoDefault {
 public:
  explicit NoDefault(int n) : n_(n) {}
  int n() const { return n_; }

 private:
  int n_;
};

struct Handle {  // stands for a Future
  ObjectId id;
  std::vector<int> not_straight;
};

int captured_sum(int n) {
  auto add = [n](int x) { return n + x; };
  static_assert(!Travels<decltype(add)>);
  return add(1);
}

}  // namespace

template <>
struct rankine::Codec<Handle> {
  template <class Sink>
  static void pack(Sink& sink, const Handle& handle) {
    sink.ref(handle.id);
    rankine::pack(sink, handle.id);
  }
  static Handle unpack(Reader& reader) {
    ++*static_cast<int*>(reader.context());
    return {rankine::unpack<ObjectId>(reader), {}};
  }
};

static_assert(Travels<int> && Travels<double> && Travels<Padded> && Travels<NoDefault> && Travels<Handle>);
static_assert(Travels<std::chrono::nanoseconds> && Travels<std::complex<float>> && Travels<ObjectId>);
static_assert(!Travels<int*> && !Travels<int&> && !Travels<const int> && !Travels<void> && !Travels<int[3]>);
static_assert(!Travels<int(int)> && !Travels<int (*)(int)> && !Travels<int Padded::*> &&
              !Travels<std::nullptr_t>);
static_assert(!Travels<std::span<const int>> && !Travels<std::string_view> && !Travels<std::atomic<int>>);
static_assert(!Travels<std::vector<int*>> && !Travels<std::array<int*, 2>> && !Travels<std::optional<int*>>);
static_assert(!Travels<std::map<int, std::string_view>> && !Travels<std::reference_wrapper<int>>);
static_assert(Packs<std::span<const int>> && Packs<std::string_view> && Packs<std::vector<std::string_view>>);
static_assert(!Packs<std::span<int* const>> && !Packs<std::unique_ptr<int>>);

TEST_CASE("scalars take their own size and come back equal") {
  CHECK(packed_bytes(1.5) == 8);
  CHECK(packed_bytes(true) == 1);
  CHECK(packed_bytes(std::pair<int, double>{}) == 12);
  CHECK(round_trip(-7) == -7);
  CHECK(round_trip(true));
  CHECK_FALSE(round_trip(false));
  CHECK(round_trip(std::numeric_limits<double>::infinity()) == std::numeric_limits<double>::infinity());
  CHECK(round_trip(std::numeric_limits<double>::quiet_NaN()) != 0.0);
  CHECK(round_trip(0x1.0p-1074) == 0x1.0p-1074);
  CHECK(round_trip(std::complex<double>(1, -2)) == std::complex<double>(1, -2));
  CHECK(round_trip(1.25L) == 1.25L);
  CHECK(round_trip(ObjectId{1234567890123}) == ObjectId{1234567890123});
  CHECK(round_trip(std::chrono::nanoseconds{42}) == std::chrono::nanoseconds{42});
  CHECK(round_trip(NoDefault(5)).n() == 5);
  CHECK(captured_sum(1) == 2);
}

TEST_CASE("equal values are equal bytes: padding is cleared") {
  alignas(Padded) std::byte one[sizeof(Padded)];
  alignas(Padded) std::byte other[sizeof(Padded)];
  std::memset(one, 0xaa, sizeof one);
  std::memset(other, 0x55, sizeof other);
  for (std::byte* at : {one, other}) {
    at[0] = std::byte{'x'};
    const double value = 3.5;
    std::memcpy(at + offsetof(Padded, value), &value, sizeof value);
  }
  const Padded& a = *reinterpret_cast<const Padded*>(one);
  const Padded& b = *reinterpret_cast<const Padded*>(other);
  REQUIRE(std::memcmp(one, other, sizeof one) != 0);
  CHECK(packed(a) == packed(b));
  CHECK(packed(std::span<const Padded>(&a, 1)) == packed(std::span<const Padded>(&b, 1)));
  CHECK(round_trip(a) == a);
  CHECK(round_trip(std::vector<Padded>(3, a)) == std::vector<Padded>(3, a));
}

TEST_CASE("a bool that is neither 0 nor 1 is damage") {
  const std::byte two{2};
  Reader reader(std::span<const std::byte>(&two, 1));
  CHECK_THROWS_AS(unpack<bool>(reader), SerializeError);
}

TEST_CASE("a writer never passes the end of its buffer") {
  std::array<std::byte, 16> memory;
  memory.fill(std::byte{0x77});
  Writer writer(std::span<std::byte>(memory).first(11));
  pack(writer, 1.0);
  const std::string text = thrown<rankine::SerializeError>([&] { pack(writer, 2); });
  CHECK(contains(text, "4 bytes asked"));
  CHECK(contains(text, "3 are left"));
  CHECK_THROWS_AS(writer.align(16), SerializeError);
  CHECK(writer.written() == 8);
  CHECK(memory[11] == std::byte{0x77});
}

TEST_CASE("align pads with zeros from the start of the buffer") {
  std::array<std::byte, 32> memory;
  memory.fill(std::byte{0x77});
  Writer writer(memory);
  writer.align(16);
  CHECK(writer.written() == 0);
  writer.bytes("a", 1);
  writer.align(16);
  CHECK(writer.written() == 16);
  for (int i = 1; i < 16; ++i) CHECK(memory[i] == std::byte{0});
  Sizer sizer;
  sizer.bytes(nullptr, 17);
  sizer.align(8);
  CHECK(sizer.written() == 24);
}

TEST_CASE("refs are collected wherever they lie, and the context reaches their codec") {
  const std::map<int, std::vector<Handle>> value{{1, {{ObjectId{10}, {}}, {ObjectId{11}, {}}}},
                                                 {2, {{ObjectId{12}, {}}}}};
  std::vector<ObjectId> sized, written;
  Sizer sizer(&sized);
  pack(sizer, value);
  std::vector<std::byte> bytes(sizer.written());
  Writer writer(bytes, &written);
  pack(writer, value);
  CHECK(written == std::vector<ObjectId>{ObjectId{10}, ObjectId{11}, ObjectId{12}});
  CHECK(sized == written);

  int seen = 0;
  Reader reader(bytes, {}, &seen);
  CHECK(unpack<std::map<int, std::vector<Handle>>>(reader).at(2).at(0).id == ObjectId{12});
  CHECK(seen == 3);
}
