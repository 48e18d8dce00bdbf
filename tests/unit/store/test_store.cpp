// SPDX-License-Identifier: Apache-2.0
// The life of an object: reserved, sealed, seen in place by another slot, fetched, released once.
#include <cstring>
#include <thread>
#include <vector>

#include <rankine/core/error.hpp>

#include "store/store.hpp"
#include "store_test.hpp"

using namespace rankine;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

/// A remote arena of known bytes: byte i is i mod 251; fails on any node but 3.
class FakeRemote : public RemoteReader {
 public:
  void read(NodeId node, std::uint64_t offset, std::span<std::byte> into) override {
    if (node != NodeId{3}) throw SystemError("read from an unexpected node");
    for (std::size_t i = 0; i < into.size(); ++i) into[i] = static_cast<std::byte>((offset + i) % 251);
  }
};

struct Fixture {
  Store store{Arena(Segment::create(16 * kMiB), 0, {.chunk_bytes = 256 * 1024}), NodeId{0},
              std::make_unique<FakeRemote>()};
};

Location put(Store& store, std::size_t bytes, int mark) {
  Reservation reservation = store.create(bytes);
  std::memset(reservation.data().data(), mark, bytes);
  return store.seal(std::move(reservation));
}

}  // namespace

TEST_CASE("an object is seen in place by another slot of the node") {
  Segment segment = Segment::create(16 * kMiB);
  const std::string path = segment.path();
  Store writer(Arena(std::move(segment), 0), NodeId{0});
  Store reader(Arena(Segment::open(path, 16 * kMiB), 1), NodeId{0});
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{5'000}, 3 * kMiB}) {
    const Location location = put(writer, bytes, 0x42);
    CHECK(location.bytes == bytes);
    const Pin pin = reader.pin(location);
    const auto seen = pin.bytes();
    REQUIRE(seen.size() == bytes);
    CHECK(std::count(seen.begin(), seen.end(), std::byte{0x42}) == static_cast<std::ptrdiff_t>(bytes));
    CHECK(seen.data() == reader.pin(location).bytes().data());
    CHECK(reinterpret_cast<std::uintptr_t>(seen.data()) % 64 == 0);
    CHECK(
        contains(thrown<StoreError>([&] { reader.release(location); }), "only the rank that sealed it can"));
    writer.release(location);
  }
  CHECK(writer.live() == 0);
}

TEST_CASE_METHOD(Fixture, "a reservation that is not sealed is given back") {
  {
    Reservation one = store.create(5 * kMiB);
    Reservation other = store.create(100);
    other = std::move(one);
    CHECK(store.stats().used_bytes > 5 * kMiB);
  }
  CHECK(store.stats().used_bytes == 0);
  CHECK(store.live() == 0);
}

TEST_CASE_METHOD(Fixture, "what was sealed and not released is counted") {
  const Location one = put(store, 100, 1);
  put(store, 200, 2);
  CHECK(store.live() == 2);
  CHECK(store.live_bytes() == 300);
  store.release(one);
  CHECK(store.live() == 1);
  CHECK(store.live_bytes() == 200);
}

TEST_CASE_METHOD(Fixture,
                 "a release of something unknown, stale or released before is named and changes nothing") {
  const Location location = put(store, 1000, 1);
  Location wrong = location;
  wrong.bytes = 999;
  CHECK(contains(thrown<StoreError>([&] { store.release(wrong); }), "where one of 1000 bytes lies"));
  Location stale = location;
  ++stale.serial;
  CHECK(contains(thrown<StoreError>([&] { store.release(stale); }), "never sealed"));
  store.release(location);
  CHECK(contains(thrown<StoreError>([&] { store.release(location); }), "released twice"));
  CHECK(contains(thrown<StoreError>([&] { store.release(location); }),
                 "block " + std::to_string(location.block)));
  CHECK(store.stats().used_bytes == 0);
}

TEST_CASE_METHOD(Fixture, "another node is read by the remote reader, and nothing of it by hand") {
  std::vector<std::byte> into(1000);
  store.read_remote(NodeId{3}, 4096, into);
  CHECK(into[0] == static_cast<std::byte>(4096 % 251));
  CHECK(into[999] == static_cast<std::byte>(5095 % 251));
  const Location there{NodeId{3}, 5, 0, 1, 1000};
  CHECK(contains(thrown<StoreError>([&] { store.pin(there); }), "node 3, slot 5 is looked at on node 0"));
  CHECK_THROWS_AS(store.release(there), StoreError);

  Store alone(Arena(Segment::create(16 * kMiB), 0), NodeId{0});
  CHECK(!alone.has_remote_reader());
  CHECK(contains(thrown<StoreError>([&] { alone.read_remote(NodeId{3}, 0, into); }), "one node only"));
}

TEST_CASE_METHOD(Fixture, "a damaged or stale location is an error, not a read elsewhere") {
  const Location location = put(store, 1000, 1);
  Location other = location;
  other.block = 5;  // leased, never used
  CHECK(contains(thrown<StoreError>([&] { store.pin(other); }), "not in the store"));
  other.block = ~std::uint32_t{0};
  CHECK(contains(thrown<StoreError>([&] { store.pin(other); }), "not in the store"));
  other.block = BlockTable::kGroupBlocks * 2;  // of a group that nobody has leased
  CHECK(store.find(other).presence == Store::Presence::gone);
  store.release(location);
  CHECK(store.find(location).presence == Store::Presence::gone);
  const Location later = put(store, 1000, 2);  // in the same block, under another serial
  CHECK(later.block == location.block);
  CHECK(store.find(location).presence == Store::Presence::gone);
  CHECK(store.pin(later).bytes()[0] == std::byte{2});
}

TEST_CASE_METHOD(Fixture, "what is released while it is pinned stays until the pin goes") {
  const Location location = put(store, 100'000, 0x33);
  {
    const Pin pin = store.pin(location);
    store.release(location);
    CHECK(store.live() == 0);
    CHECK(store.stats().used_bytes >= 100'000);
    CHECK(store.find(location).presence == Store::Presence::gone);  // nobody comes any more
    const Location other = put(store, 100'000, 0x44);
    CHECK(pin.bytes()[99'999] == std::byte{0x33});
    store.release(other);
  }
  CHECK(store.stats().used_bytes == 0);
}

TEST_CASE("a pin outlives its store, and the bytes with it") {
  Pin pin;
  {
    Fixture fixture;
    pin = fixture.store.pin(put(fixture.store, 100'000, 0x55));
  }
  CHECK(pin.bytes()[99'999] == std::byte{0x55});
}

TEST_CASE_METHOD(Fixture,
                 "an open object is no one's to read and can be sealed or released by its location") {
  Reservation reservation = store.create(50'000);
  const std::span<std::byte> data = reservation.data();
  const Location open = store.leave_open(std::move(reservation));
  CHECK(store.find(open).presence == Store::Presence::gone);
  CHECK(store.live() == 0);
  data[7] = std::byte{7};
  store.seal(open);
  CHECK(store.pin(open).bytes()[7] == std::byte{7});
  store.release(open);
  const Location dropped = store.leave_open(store.create(50'000));
  store.release(dropped);
  CHECK(store.stats().used_bytes == 0);
}

TEST_CASE_METHOD(Fixture, "threads of one rank put and release at once") {
  std::vector<std::thread> threads;
  std::vector<int> good(4);
  for (std::size_t t = 0; t < good.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 500; ++i) {
        const std::size_t bytes = 1 + (i * 977 + t * 131) % 60'000;
        const Location location = put(store, bytes, static_cast<int>(t + 1));
        const Pin pin = store.pin(location);
        const auto seen = pin.bytes();
        good[t] += seen.front() == std::byte(t + 1) && seen.back() == std::byte(t + 1);
        store.release(location);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == std::vector<int>(4, 500));
  CHECK(store.live() == 0);
  CHECK(store.stats().used_bytes == 0);
}
