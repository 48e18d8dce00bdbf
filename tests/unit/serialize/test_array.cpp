// SPDX-License-Identifier: Apache-2.0
// Array: shared, immutable, a view where the bytes have an owner, a copy where they have none.
#include <numeric>

#include "round_trip.hpp"

using namespace rankine;
using rankine_test::AlignedBytes;
using rankine_test::packed;

static_assert(Travels<Array<double>> && Travels<std::vector<Array<float>>>);
static_assert(!std::is_assignable_v<decltype(std::declval<Array<int>&>()[0]), int>);

TEST_CASE("an array is made from a vector without a copy, a span with one, and a generator") {
  std::vector<int> values{1, 2, 3};
  const int* memory = values.data();
  const Array<int> taken(std::move(values));
  CHECK(taken.data() == memory);
  CHECK(taken.size() == 3);
  CHECK(std::accumulate(taken.begin(), taken.end(), 0) == 6);

  const Array<int> copied(taken.span());
  CHECK(copied.data() != memory);
  CHECK(copied[2] == 3);

  const Array<double> generated(1000, [](std::size_t i) { return 0.5 * static_cast<double>(i); });
  CHECK(generated[999] == 499.5);
  CHECK(reinterpret_cast<std::uintptr_t>(generated.data()) % kArrayAlignment == 0);
  CHECK(Array<int>().empty());
}

TEST_CASE("copies share the elements") {
  const Array<int> one(3, [](std::size_t i) { return static_cast<int>(i); });
  const Array<int> other = one;
  CHECK(other.data() == one.data());
}

TEST_CASE("with an owner an array is unpacked as a view that keeps the owner alive") {
  const Array<double> first(5, [](std::size_t i) { return static_cast<double>(i); });
  const Array<double> second(7, [](std::size_t i) { return static_cast<double>(10 * i); });
  const std::tuple<char, Array<double>, std::string, Array<double>> value{'x', first, "in between", second};
  auto bytes = std::make_unique<AlignedBytes>(packed(value));
  std::weak_ptr<std::byte> watch = bytes->memory;
  const std::byte* begin = bytes->span().data();
  const std::byte* end = begin + bytes->size;

  auto back = [&] {
    Reader reader(bytes->span(), bytes->memory);
    return unpack<std::tuple<char, Array<double>, std::string, Array<double>>>(reader);
  }();
  bytes.reset();
  REQUIRE_FALSE(watch.expired());
  for (const Array<double>& array : {std::get<1>(back), std::get<3>(back)}) {
    const auto* at = reinterpret_cast<const std::byte*>(array.data());
    CHECK((begin <= at && at < end));
    CHECK(reinterpret_cast<std::uintptr_t>(at) % kArrayAlignment == 0);
  }
  CHECK(std::get<3>(back)[6] == 60);
  back = {};
  CHECK(watch.expired());
}

TEST_CASE("without an owner, or at an odd address, an array is unpacked as a copy") {
  const Array<double> value(5, [](std::size_t i) { return static_cast<double>(i); });
  const std::vector<std::byte> bytes = packed(value);
  Reader reader(bytes);
  const Array<double> copied = unpack<Array<double>>(reader);
  CHECK(copied[4] == 4);
  CHECK(reinterpret_cast<const std::byte*>(copied.data()) != bytes.data() + 64);

  std::vector<std::byte> shifted(1);
  shifted.insert(shifted.end(), bytes.begin(), bytes.end());
  const AlignedBytes odd(shifted);
  Reader odd_reader(odd.span().subspan(1), odd.memory);
  const Array<double> from_odd = unpack<Array<double>>(odd_reader);
  CHECK(from_odd[4] == 4);
  CHECK(reinterpret_cast<std::uintptr_t>(from_odd.data()) % alignof(double) == 0);
}

TEST_CASE("the packed elements begin at a multiple of 64, whatever comes before") {
  for (std::size_t before = 0; before < 130; ++before) {
    const Array<char> array(3, [](std::size_t) { return '!'; });
    const std::vector<std::byte> bytes =
        packed(std::pair<std::string, Array<char>>{std::string(before, '.'), array});
    REQUIRE(bytes.size() % 64 == 3);
    REQUIRE(bytes[bytes.size() - 3] == std::byte{'!'});
  }
}

TEST_CASE("an empty array travels") {
  const std::vector<std::byte> bytes = packed(std::vector<Array<int>>(2));
  Reader reader(bytes);
  CHECK(unpack<std::vector<Array<int>>>(reader).at(1).empty());
}
