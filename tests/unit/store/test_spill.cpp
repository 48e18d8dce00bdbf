// SPDX-License-Identifier: Apache-2.0
// More objects than memory: the oldest unpinned go to disk and come back the same, replicas go first, what is
// pinned stays, and a disk that fails is a sentence.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <rankine/core/error.hpp>

#include "store/store.hpp"
#include "store_test.hpp"
#include "temporary_folder.hpp"

using namespace rankine;
using rankine_test::in_child;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kArena = 4 * kMiB;

Store make_store(const std::string& spill_directory, std::size_t bytes = kArena) {
  return Store(Arena(Segment::create(bytes), 0, {.chunk_bytes = 256 * 1024}), NodeId{0}, nullptr,
               spill_directory);
}

Location put(Store& store, std::size_t bytes, int mark, BlockKind kind = BlockKind::primary) {
  Reservation reservation = store.create(bytes);
  std::memset(reservation.data().data(), mark, bytes);
  return store.seal(std::move(reservation), kind);
}

bool is_marked(const Pin& pin, int mark) {
  for (const std::byte byte : pin.bytes()) {
    if (byte != std::byte(mark)) return false;
  }
  return true;
}

/// 4 times the arena in objects of 300 KB and less.
std::vector<Location> put_many(Store& store) {
  std::vector<Location> objects;
  for (int i = 0; i < 60; ++i) {
    objects.push_back(put(store, 300'000 - 1000 * static_cast<std::size_t>(i % 7), i));
  }
  return objects;
}

}  // namespace

TEST_CASE("four times the arena goes to disk and comes back, and nothing is left") {
  const TemporaryFolder directory;
  Store store = make_store(directory.path);
  const std::vector<Location> objects = put_many(store);
  CHECK(store.counters()[Counter::spilled_objects] >= 45);
  CHECK(store.counters()[Counter::disk_bytes] > 12'000'000);
  CHECK(std::filesystem::is_empty(directory.path));  // the file has no name
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const std::optional<Pin> pin = store.restore(objects[i]);
      REQUIRE(pin.has_value());
      CHECK(is_marked(*pin, static_cast<int>(i)));
    }
  }
  CHECK(store.counters()[Counter::restored_objects] >= 60);
  // What was on disk once is not written again.
  CHECK(store.counters()[Counter::spilled_objects] <= 60);
  for (const Location& location : objects) store.release(location);
  CHECK(store.live() == 0);
  CHECK(store.stats().used_bytes == 0);
  const StoreCounters counters = store.counters();
  CHECK(counters[Counter::disk_bytes] == 0);
  CHECK(counters[Counter::used_bytes] == 0);
}

TEST_CASE("the oldest goes first, and what is pinned or open does not") {
  const TemporaryFolder directory;
  Store store = make_store(directory.path);
  const Location pinned = put(store, 750'000, 1);
  const Pin pin = store.pin(pinned);
  const Location open = store.leave_open(store.create(300'000));
  const Location oldest = put(store, 750'000, 2);
  const Location later = put(store, 750'000, 3);
  put(store, 750'000, 4);
  put(store, 750'000, 5);
  CHECK(store.find(oldest).presence == Store::Presence::spilled);
  CHECK(store.find(later).presence == Store::Presence::here);
  CHECK(is_marked(pin, 1));
  store.seal(open);
  CHECK(store.find(open).presence == Store::Presence::here);
  const Store::Holding holding = store.holding();
  CHECK(holding.pinned_bytes == 750'000);
  CHECK(holding.spilled_bytes == 750'000);
}

TEST_CASE("replicas are given up before anything is written to disk") {
  const TemporaryFolder directory;
  Store store = make_store(directory.path);
  const Location primary = put(store, 750'000, 1);
  const Location replica = put(store, 750'000, 2, BlockKind::replica);
  const Location held = put(store, 750'000, 3, BlockKind::replica);
  const Pin pin = store.pin(held);
  CHECK(store.counters()[Counter::replicas] == 2);
  for (int i = 4; i < 7; ++i) put(store, 750'000, i);
  CHECK(store.find(replica).presence == Store::Presence::gone);
  CHECK(store.find(primary).presence == Store::Presence::here);
  CHECK(is_marked(pin, 3));
  CHECK(store.counters()[Counter::spilled_objects] == 0);
  CHECK(store.counters()[Counter::evicted_replicas] == 1);
  CHECK(store.counters()[Counter::replicas] == 1);
}

TEST_CASE("full of pinned objects: quick and full effort say so, with the sizes, and a later try succeeds") {
  const TemporaryFolder directory;
  Store store = make_store(directory.path);
  std::vector<Pin> pins;
  for (int i = 0; i < 5; ++i) pins.push_back(store.pin(put(store, 750'000, i)));
  CHECK(!store.try_create(750'000, Store::Effort::full));
  const std::string text = thrown<StoreFull>([&] { store.create(750'000); });
  CHECK(contains(text, "750000 bytes asked"));
  CHECK(contains(text, "3750000 bytes are in use by tasks or the driver"));
  CHECK(contains(text, "RANKINE_ARENA_BYTES"));
  pins.clear();
  CHECK(!store.try_create(750'000, Store::Effort::quick));  // would have to write
  CHECK(store.try_create(750'000, Store::Effort::full));
}

TEST_CASE("without a spill directory a full store is an error that says so") {
  Store store = make_store("");
  for (int i = 0; i < 5; ++i) put(store, 750'000, i);
  CHECK(contains(thrown<StoreFull>([&] { store.create(750'000); }), "no spill directory is set"));
}

TEST_CASE("a spill directory that does not exist is named, with the remedy") {
  Store store = make_store("/nowhere/at/all");
  for (int i = 0; i < 5; ++i) put(store, 750'000, i);
  const std::string text = thrown<StoreFull>([&] { store.create(750'000); });
  CHECK(contains(text, "/nowhere/at/all"));
  CHECK(contains(text, "RANKINE_SPILL_DIR"));
}

TEST_CASE("a full disk is an error that names directory and sizes; what was there before is kept") {
  const TemporaryFolder directory;
  const int code = in_child([&] {
    const auto uid = getuid();
    if (unshare(CLONE_NEWNS) != 0) {
      if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return 77;
      std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
    }
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", directory.path.c_str(), "tmpfs", 0, "size=2m") != 0) {
      return 77;
    }
    Store store = make_store(directory.path);
    std::vector<Location> objects;
    std::string text;
    for (int i = 0; i < 20 && text.empty(); ++i) {
      text = thrown<StoreFull>([&] { objects.push_back(put(store, 500'000, i)); });
    }
    if (!contains(text, directory.path.string()) || !contains(text, "No space left") ||
        !contains(text, "500000")) {
      dprintf(2, "child: %s\n", text.c_str());
      return 1;
    }
    for (std::size_t i = 0; i < objects.size(); ++i) {
      std::vector<std::byte> into(500'000);
      store.read(objects[i], into);
      if (into != std::vector<std::byte>(500'000, std::byte(i))) return 2;
    }
    return 0;
  });
  if (code != 77) CHECK(code == 0);
}

TEST_CASE("a read that fits nowhere in memory is served from disk") {
  const TemporaryFolder directory;
  Store store = make_store(directory.path);
  const Location first = put(store, 750'000, 9);
  std::vector<Pin> pins;
  for (int i = 0; i < 5; ++i) pins.push_back(store.pin(put(store, 750'000, i)));
  CHECK(!store.restore(first).has_value());
  std::vector<std::byte> into(750'000);
  store.read(first, into);
  CHECK(into == std::vector<std::byte>(750'000, std::byte{9}));
  store.release(first);
  CHECK(contains(thrown<StoreError>([&] { store.read(first, into); }), "released"));
}

TEST_CASE("an object can go to disk without ever having been in memory") {
  const TemporaryFolder directory;
  Store store = make_store(directory.path);
  const std::vector<std::byte> bytes(700'000, std::byte{0x5c});
  const Location location = store.create_on_disk(bytes);
  CHECK(store.stats().used_bytes == 0);
  CHECK(store.find(location).presence == Store::Presence::spilled);
  CHECK(store.live() == 1);
  {
    const std::optional<Pin> pin = store.restore(location);
    REQUIRE(pin.has_value());
    CHECK(is_marked(*pin, 0x5c));
  }
  const Location other = store.create_on_disk(bytes);
  store.release(other);
  CHECK(store.find(other).presence == Store::Presence::gone);
  store.release(location);
  CHECK(store.counters()[Counter::disk_bytes] == 0);
  CHECK(store.live() == 0);
  Store nowhere = make_store("/nowhere/at/all");
  CHECK_THROWS_AS(nowhere.create_on_disk(bytes), SystemError);
}

TEST_CASE("a damaged spill file is an error, not other bytes") {
  const TemporaryFolder directory;
  SpillFile file(directory.path);
  const std::vector<std::byte> bytes(100'000, std::byte{1});
  SpillFile::Extent good = file.take(bytes.size());
  file.write(good, bytes);
  std::vector<std::byte> into(bytes.size());
  file.read(good, into);
  CHECK(into == bytes);
  SpillFile::Extent damaged = good;
  damaged.checksum ^= 1;
  CHECK(contains(thrown<SystemError>([&] { file.read(damaged, into); }), "are not those that were written"));
  SpillFile::Extent beyond = good;
  beyond.offset = 1 << 30;
  CHECK(contains(thrown<SystemError>([&] { file.read(beyond, into); }), "shorter than what was written"));
  file.free(good);
  CHECK(file.used_bytes() == 0);
}

TEST_CASE("another rank of the node sees what is spilled, and gets the chunks that are given back") {
  const TemporaryFolder directory;
  Segment segment = Segment::create(kArena);
  const std::string path = segment.path();
  Store one(Arena(std::move(segment), 0, {.chunk_bytes = 256 * 1024}), NodeId{0}, nullptr, directory.path);
  Store other(Arena(Segment::open(path, kArena), 1), NodeId{0}, nullptr, directory.path);
  std::vector<Location> objects;
  for (int i = 0; i < 5; ++i) objects.push_back(put(one, 750'000, i));
  Pin pin = other.pin(objects[3]);
  CHECK(!other.try_create(1'500'000, Store::Effort::full));
  CHECK(one.give_chunks_back(1'500'000) >= 1'500'000);
  CHECK(other.find(objects[0]).presence == Store::Presence::spilled);
  const Location mine = put(other, 1'500'000, 7);
  CHECK(is_marked(pin, 3));
  one.give_chunks_back(kArena);
  CHECK(one.find(objects[3]).presence == Store::Presence::here);  // pinned by the other
  CHECK(one.holding().pinned_bytes == 750'000);
  other.release(mine);
  for (const Location& location : objects) one.release(location);
  pin = Pin();
  CHECK(one.stats().used_bytes == 0);
  CHECK(other.counters()[Counter::used_bytes] == 0);
}

TEST_CASE("readers, writers and spilling at once: every byte is right and nothing is left") {
  const TemporaryFolder directory;
  Segment segment = Segment::create(kArena);
  const std::string path = segment.path();
  Store store(Arena(std::move(segment), 0, {.chunk_bytes = 256 * 1024}), NodeId{0}, nullptr, directory.path);
  Store reader(Arena(Segment::open(path, kArena), 1), NodeId{0});
  std::vector<Location> objects;
  for (int i = 0; i < 50; ++i) objects.push_back(put(store, 200'000, i));
  std::atomic<bool> over{false};
  std::atomic<int> wrong{0};
  std::thread other([&] {  // of another rank: pins what it finds, while it is written out
    for (std::size_t i = 0; !over; i = (i + 7) % objects.size()) {
      const Store::Found found = reader.find(objects[i]);
      if (found.presence == Store::Presence::gone) ++wrong;
      if (found.presence == Store::Presence::here && !is_marked(found.pin, static_cast<int>(i))) ++wrong;
    }
  });
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t n = 0; n < 150; ++n) {
        const std::size_t i = (n * 13 + t * 5) % objects.size();
        const std::optional<Pin> pin = store.restore(objects[i]);
        if (pin && !is_marked(*pin, static_cast<int>(i))) ++wrong;
        store.release(put(store, 100'000 + 1000 * n, 99));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  over = true;
  other.join();
  CHECK(wrong == 0);
  for (const Location& location : objects) store.release(location);
  CHECK(store.live() == 0);
  CHECK(store.stats().used_bytes == 0);
  CHECK(store.counters()[Counter::disk_bytes] == 0);
}

TEST_CASE("an object released while it is written out is gone afterwards") {
  const TemporaryFolder directory;
  Store store = make_store(directory.path);
  for (int round = 0; round < 100; ++round) {
    std::vector<Location> objects;
    for (int i = 0; i < 5; ++i) objects.push_back(put(store, 750'000, i));
    std::thread spilling([&] { store.give_chunks_back(kArena); });
    for (const Location& location : objects) store.release(location);
    spilling.join();
    REQUIRE(store.live() == 0);
    REQUIRE(store.stats().used_bytes == 0);
    REQUIRE(store.counters()[Counter::disk_bytes] == 0);
  }
}
