// SPDX-License-Identifier: Apache-2.0
// The protocol of pulls between three ranks of one thread, message by message: holders that are not ready,
// have given their replica up, or die; values that are freed or lost meanwhile.
#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <rankine/core/error.hpp>

#include "catch.hpp"
#include "runtime/puller.hpp"
#include "runtime/room.hpp"
#include "runtime/spread.hpp"
#include "sanitized.hpp"
#include "thrown.hpp"
#include "transport/loopback.hpp"

using namespace rankine;
using namespace rankine::runtime;

namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

class Cluster;

/// A network that fails.
class BrokenReader final : public RemoteReader {
 public:
  void read(NodeId, std::uint64_t, std::span<std::byte>) override {
    throw SystemError("the network is down");
  }
};

/// A rank on a node of its own, without head and tasks.
class Site final : public Waiting, public transport::MailSink {
 public:
  Site(Cluster& cluster, const Topology& topology, std::unique_ptr<transport::Transport> transport,
       std::unique_ptr<Store> own_store)
      : cluster_(cluster),
        topology_(topology),
        transport_(std::move(transport)),
        store(std::move(own_store)),
        offload_([] {}),
        puller(topology_, *transport_, *store, *this, offload_) {}

  void poll() {
    if (stopped) return;
    const int asked_before = count(MessageType::pull_more);
    if (transport_->poll(*this) > 0) ++batches;
    most_parts_asked = std::max(most_parts_asked, count(MessageType::pull_more) - asked_before);
    offload_.settle();
    transport_->flush();
  }
  bool stopped = false;  ///< it does not answer

 private:
  ProgressMutex& progress_mutex() override { return mutex_; }
  void block(Waiter& waiter, Nanoseconds timeout_ns, Lock& lock) override;
  void wake(Waiter& waiter) override {
    if (waiter.notify != nullptr) waiter.notify(waiter);
  }
  void sent() override {}
  bool hold_back(std::uint32_t, std::size_t, Lock&) override { return true; }
  void promote(ObjectId) override {}
  Statistics statistics() override { return {}; }
  bool computing() override { return false; }
  void deliver(Rank source, std::span<const std::byte> message) override {
    Header header;
    std::memcpy(&header, message.data(), sizeof header);
    ++seen[static_cast<std::size_t>(header.type)];
    if (header.type == MessageType::pulled) {
      came_from[index(source)] += message.size();
      largest_answer = std::max(largest_answer, message.size());
    }
    puller.on_message(source, header, message);
  }

  Cluster& cluster_;
  Topology topology_;
  std::unique_ptr<transport::Transport> transport_;
  ProgressMutex mutex_;

 public:
  std::unique_ptr<Store> store;

 private:
  Offload offload_;

 public:
  Puller puller;
  const Topology& topology() const { return topology_; }
  int seen[64] = {};         ///< messages by type
  int batches = 0;           ///< looks at the mail that found some
  int most_parts_asked = 0;  ///< by the messages of one such look
  std::size_t largest_answer = 0;
  std::map<std::int32_t, std::size_t> came_from;  ///< bytes of answers, by rank
  int count(MessageType type) const { return seen[static_cast<std::size_t>(type)]; }
};

class Cluster {
 public:
  /// `places`: the node of each rank.
  explicit Cluster(const std::vector<int>& places, bool broken_reader = false)
      : hub_(static_cast<int>(places.size())) {
    Topology topology;
    topology.host = "test";
    std::vector<std::uint32_t> slots(places.size());
    for (const int node : places) {
      topology.places.push_back({NodeId{node}, slots[static_cast<std::size_t>(node)]++, 1, 0});
    }
    std::vector<std::optional<Arena>> firsts(places.size());
    std::vector<std::string> paths(places.size());
    for (std::size_t r = 0; r < places.size(); ++r) {
      const auto node = static_cast<std::size_t>(places[r]);
      const bool first = paths[node].empty();
      Segment segment = first ? Segment::create(16 * kMiB) : Segment::open(paths[node], 16 * kMiB);
      if (first) paths[node] = segment.path();
      topology.rank = Rank{static_cast<std::int32_t>(r)};
      Arena arena(std::move(segment), static_cast<std::int32_t>(topology.here().slot), {256 * 1024});
      sites.push_back(std::make_unique<Site>(
          *this, topology, hub_.endpoint(topology.rank),
          std::make_unique<Store>(std::move(arena), NodeId{places[r]},
                                  broken_reader ? std::make_unique<BrokenReader>() : nullptr, "/tmp")));
    }
  }

  Site& operator[](std::size_t rank) { return *sites[rank]; }
  const Topology& topology() const { return sites.front()->topology(); }
  void poll() {
    if (meanwhile) meanwhile();
    for (const auto& site : sites) site->poll();
  }
  void settle() {
    for (int i = 0; i < 1000; ++i) poll();
  }

  std::function<void()> meanwhile;
  std::vector<std::unique_ptr<Site>> sites;

 private:
  transport::LoopbackHub hub_;
};

void Site::block(Waiter& waiter, Nanoseconds, Lock&) {
  while (waiter.remaining > 0) cluster_.poll();
}

Location put(Site& site, std::size_t bytes, int mark) {
  Reservation reservation = site.store->create(bytes);
  std::memset(reservation.data().data(), mark, bytes);
  return site.store->seal(std::move(reservation));
}

bool holds(const detail::ValueBytes& value, std::size_t bytes, int mark) {
  if (value.bytes.size() != bytes) return false;
  for (const std::byte byte : value.bytes) {
    if (byte != std::byte(mark)) return false;
  }
  return true;
}

/// Replicas that nobody reads are given up.
void fill(Site& site) {
  std::vector<Reservation> all;
  while (auto reservation = site.store->try_create(kMiB, Store::Effort::quick))
    all.push_back(std::move(*reservation));
}

}  // namespace

TEST_CASE("a value of another node comes by one answer or in parts, and is kept where the head said") {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{40'000}, 3 * kMiB + 5}) {
    Cluster cluster({0, 1});
    const Location origin = put(cluster[0], bytes, 7);
    cluster[1].puller.advise(origin, Rank{0});
    CHECK(holds(cluster[1].puller.get(origin), bytes, 7));
    CHECK(holds(cluster[1].puller.get(origin), bytes, 7));
    CHECK(cluster[0].count(MessageType::pull) == 1);  // the second time it is here
    CHECK(cluster[1].store->counters()[Counter::replicas] == 1);
    CHECK(cluster[1].store->counters()[Counter::pulls] == 1);
    cluster.settle();
    CHECK(cluster[0].store->holding().pinned_bytes == 0);
    cluster[1].puller.forget(origin);
    CHECK(cluster[1].store->stats().used_bytes == 0);
  }
}

// MPI libraries agree on larger messages before they send them: that takes a round trip, and a network that
// is to be busy needs several on their way.
TEST_CASE("a large value comes by parts below 16 KiB, sixteen of them on their way at a time") {
  Cluster cluster({0, 1});
  const Location whole = put(cluster[0], 40'000, 1);
  CHECK(holds(cluster[1].puller.get(whole), 40'000, 1));
  CHECK(cluster[1].count(MessageType::pulled) == 1);
  CHECK(cluster[0].count(MessageType::pull_more) == 0);
  cluster[1].largest_answer = 0;
  const Location large = put(cluster[0], kMiB, 2);
  CHECK(holds(cluster[1].puller.get(large), kMiB, 2));
  CHECK(cluster[1].largest_answer < 16 * 1024);
  CHECK(cluster[0].most_parts_asked == 16);
}

TEST_CASE("small values are asked for ahead, once, and then read without waiting; large ones are not") {
  Cluster cluster({0, 1});
  std::vector<Location> origins;
  for (int i = 0; i < 50; ++i) origins.push_back(put(cluster[0], 8'192, i));
  for (const Location& origin : origins) {
    CHECK_FALSE(cluster[1].puller.fetch_ahead(origin));  // nobody would say when it can go
    cluster[1].puller.advise(origin, Rank{0});
    CHECK(cluster[1].puller.fetch_ahead(origin));
    CHECK_FALSE(cluster[1].puller.fetch_ahead(origin));  // on its way
  }
  CHECK_FALSE(cluster[0].puller.fetch_ahead(origins.front()));
  cluster.settle();
  cluster.meanwhile = [] { FAIL("a value that is here is waited for"); };
  for (int i = 0; i < 50; ++i) {
    CHECK_FALSE(cluster[1].puller.fetch_ahead(origins[static_cast<std::size_t>(i)]));
    CHECK(holds(cluster[1].puller.get(origins[static_cast<std::size_t>(i)]), 8'192, i));
  }
  CHECK(cluster[0].count(MessageType::pull) == 50);
  const Location large = put(cluster[0], kMiB, 1);
  cluster[1].puller.advise(large, Rank{0});
  CHECK_FALSE(cluster[1].puller.fetch_ahead(large));
}

TEST_CASE("small values that are asked for together travel together") {
  Cluster cluster({0, 1});
  std::vector<Location> origins;
  for (int i = 0; i < 64; ++i) {
    origins.push_back(put(cluster[0], 2'048, i));
    cluster[1].puller.advise(origins.back(), Rank{0});
    CHECK(cluster[1].puller.fetch_ahead(origins.back()));
  }
  cluster.settle();
  CHECK(cluster[0].count(MessageType::pull) == 64);
  CHECK(cluster[1].count(MessageType::pulled) == 64);
  CHECK(cluster[0].batches == 1);
  CHECK(cluster[1].batches <= 4);
  for (int i = 0; i < 64; ++i)
    CHECK(holds(cluster[1].puller.get(origins[static_cast<std::size_t>(i)]), 2'048, i));
}

TEST_CASE(
    "a broadcast enters each node once and leaves none more than twice, in whatever order it is wanted") {
  constexpr std::size_t kNodes = 8;
  constexpr std::size_t kBytes = 2 * kMiB;
  std::vector<int> places;
  for (std::size_t r = 0; r < 2 * kNodes; ++r) places.push_back(static_cast<int>(r / 2));
  for (const std::size_t stride : {1u, 3u, 7u, 11u}) {
    if (kSanitized && stride > 3) break;
    Cluster cluster(places);
    Spread spread(cluster.topology());
    const Location origin = put(cluster[1], kBytes, 5);
    std::size_t here = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::size_t rank = i * stride % places.size();
      const auto source = spread.advise(&origin, origin, Rank{static_cast<std::int32_t>(rank)});
      if (source) cluster[rank].puller.advise(origin, *source);
      cluster[rank].puller.fetch(origin, [&](const auto& value) {
        REQUIRE(value);
        REQUIRE(holds(*value, kBytes, 5));
        ++here;
      });
    }
    while (here < places.size()) cluster.poll();
    cluster.settle();
    std::size_t into[kNodes] = {}, out_of[kNodes] = {};
    for (std::size_t rank = 0; rank < places.size(); ++rank) {
      for (const auto& [from, bytes] : cluster[rank].came_from) {
        if (from / 2 == static_cast<std::int32_t>(rank / 2)) continue;
        into[rank / 2] += bytes;
        out_of[from / 2] += bytes;
      }
    }
    for (std::size_t node = 0; node < kNodes; ++node) {
      CHECK(into[node] >= (node == 0 ? 0 : kBytes));
      CHECK(into[node] <= (node == 0 ? 0 : kBytes + kBytes / 100));
      CHECK(out_of[node] <= 2 * (kBytes + kBytes / 100));
    }
  }
}

TEST_CASE("a holder that has not asked yet fetches the value for who asks it, once") {
  Cluster cluster({0, 1, 2, 3});
  const Location origin = put(cluster[0], 2 * kMiB, 3);
  cluster[1].puller.advise(origin, Rank{0});
  cluster[2].puller.advise(origin, Rank{1});
  cluster[3].puller.advise(origin, Rank{2});
  CHECK(holds(cluster[3].puller.get(origin), 2 * kMiB, 3));
  CHECK(holds(cluster[2].puller.get(origin), 2 * kMiB, 3));
  CHECK(holds(cluster[1].puller.get(origin), 2 * kMiB, 3));
  for (const std::size_t rank : {0u, 1u, 2u}) CHECK(cluster[rank].count(MessageType::pull) == 1);
}

TEST_CASE("neighbours read the replica of the first in place") {
  Cluster cluster({0, 1, 1});
  const Location origin = put(cluster[0], 2 * kMiB, 4);
  cluster[1].puller.advise(origin, Rank{0});
  cluster[2].puller.advise(origin, Rank{1});
  const detail::ValueBytes neighbour = cluster[2].puller.get(origin);
  CHECK(holds(neighbour, 2 * kMiB, 4));
  CHECK(cluster[2].store->in_arena(neighbour.bytes.data()));
  CHECK(cluster[0].count(MessageType::pull) == 1);
  CHECK(cluster[1].store->counters()[Counter::pulls] == 1);
  CHECK(cluster[1].store->counters()[Counter::replicas] == 1);
}

TEST_CASE("a holder that has given its replica up says so, and the origin is asked") {
  Cluster cluster({0, 1, 2});
  const Location origin = put(cluster[0], 2 * kMiB, 5);
  cluster[1].puller.advise(origin, Rank{0});
  cluster[2].puller.advise(origin, Rank{1});
  cluster[1].puller.get(origin);
  fill(cluster[1]);
  CHECK(cluster[1].store->counters()[Counter::evicted_replicas] == 1);
  CHECK(holds(cluster[2].puller.get(origin), 2 * kMiB, 5));
  CHECK(cluster[1].count(MessageType::pull) == 1);
  CHECK(cluster[0].count(MessageType::pull) == 2);
}

TEST_CASE("a rank knows that another node reads from it, until that says it is done or dies") {
  Cluster cluster({0, 1, 1});
  const Location origin = put(cluster[0], 2 * kMiB, 4);
  bool lent = false;
  cluster.meanwhile = [&] { lent = lent || cluster[0].puller.lends_elsewhere(); };
  const detail::ValueBytes value = cluster[1].puller.get(origin);
  cluster.settle();
  CHECK(lent);
  CHECK_FALSE(cluster[0].puller.lends_elsewhere());
  cluster.meanwhile = [&] { cluster[2].stopped = cluster[0].puller.lends_elsewhere(); };
  cluster[2].puller.fetch(origin, [](const auto&) {});
  cluster.settle();
  CHECK(cluster[0].puller.lends_elsewhere());
  cluster[0].puller.on_rank_lost(Rank{2});
  CHECK_FALSE(cluster[0].puller.lends_elsewhere());
}

TEST_CASE("a read that fails is said to the reader, and to the rank that lent the value") {
  Cluster cluster({0, 1}, true);
  const Location origin = put(cluster[0], 2 * kMiB, 4);
  CHECK(thrown<SystemError>([&] { cluster[1].puller.get(origin); }).find("network is down") !=
        std::string::npos);
  cluster.settle();
  CHECK_FALSE(cluster[0].puller.lends_elsewhere());
  CHECK(cluster[0].store->holding().pinned_bytes == 0);
}

TEST_CASE("a holder that dies is replaced by the origin") {
  Cluster cluster({0, 1, 2});
  const Location origin = put(cluster[0], 2 * kMiB, 6);
  cluster[2].puller.advise(origin, Rank{1});
  cluster[1].stopped = true;
  int looks = 0;
  cluster.meanwhile = [&] {
    if (++looks == 100) cluster[2].puller.on_rank_lost(Rank{1});
  };
  CHECK(holds(cluster[2].puller.get(origin), 2 * kMiB, 6));
  CHECK(looks >= 100);
}

TEST_CASE("a value whose rank dies is lost, by name, also for those who asked a neighbour for it") {
  Cluster cluster({0, 1, 1});
  const Location origin = put(cluster[0], 2 * kMiB, 6);
  cluster[1].puller.advise(origin, Rank{0});
  cluster[2].puller.advise(origin, Rank{1});
  cluster[0].stopped = true;
  int looks = 0;
  cluster.meanwhile = [&] {
    if (++looks != 100) return;
    for (const std::size_t rank : {1u, 2u}) cluster[rank].puller.on_rank_lost(Rank{0});
  };
  CHECK(thrown<ObjectLost>([&] { cluster[2].puller.get(origin); }).find("rank 0, which is lost") !=
        std::string::npos);
  const std::string text = thrown<ObjectLost>([&] { cluster[1].puller.get(origin); });
  CHECK(text.find("2097152 bytes") != std::string::npos);
  CHECK(text.find("was on rank 0") != std::string::npos);
}

TEST_CASE("what was freed is lost, and what it was lent for is held no longer than the asker lives") {
  Cluster cluster({0, 1, 2});
  const Location freed = put(cluster[0], 2 * kMiB, 1);
  cluster[0].store->release(freed);
  CHECK(thrown<ObjectLost>([&] { cluster[1].puller.get(freed); }).find("not in the store any more") !=
        std::string::npos);
  CHECK(thrown<ObjectLost>([&] { cluster[0].puller.get(freed); }) != "");

  const Location origin = put(cluster[0], 2 * kMiB, 2);
  cluster.meanwhile = [&] {
    // The answer has gone out; the asker never says that it is done.
    if (cluster[0].store->holding().pinned_bytes > 0) cluster[1].stopped = true;
    if (cluster[1].stopped) throw std::runtime_error("the asker is dead");
  };
  CHECK_THROWS_WITH(cluster[1].puller.get(origin), "the asker is dead");
  cluster.meanwhile = {};
  cluster.settle();
  CHECK(cluster[0].store->holding().pinned_bytes == 2 * kMiB);
  cluster[0].puller.on_rank_lost(Rank{1});
  CHECK(cluster[0].store->holding().pinned_bytes == 0);
  CHECK(holds(cluster[2].puller.get(origin), 2 * kMiB, 2));
}

TEST_CASE("a value that is on disk is brought back for whoever asks, here and elsewhere") {
  Cluster cluster({0, 0, 1});
  const Location origin = put(cluster[0], 2 * kMiB, 8);
  const auto spill = [&] {
    cluster[0].store->give_chunks_back(16 * kMiB);
    return cluster[0].store->find(origin).presence == Store::Presence::spilled;
  };
  REQUIRE(spill());
  CHECK(holds(cluster[0].puller.get(origin), 2 * kMiB, 8));
  REQUIRE(spill());
  CHECK(holds(cluster[1].puller.get(origin), 2 * kMiB, 8));
  cluster.settle();
  REQUIRE(spill());
  CHECK(holds(cluster[2].puller.get(origin), 2 * kMiB, 8));
  cluster.settle();
  // Without room in memory it is served from disk.
  REQUIRE(spill());
  std::vector<Reservation> all;
  while (auto reservation = cluster[0].store->try_create(kMiB, Store::Effort::quick))
    all.push_back(std::move(*reservation));
  for (const std::size_t rank : {0u, 1u, 2u}) {
    CHECK(holds(cluster[rank].puller.get(origin), 2 * kMiB, 8));
    CHECK(cluster[0].store->find(origin).presence == Store::Presence::spilled);
  }
}

TEST_CASE("a value that is freed while it is on its way leaves no replica") {
  Cluster cluster({0, 1});
  const Location origin = put(cluster[0], 2 * kMiB, 9);
  cluster[1].puller.advise(origin, Rank{0});
  bool told = false;
  cluster.meanwhile = [&] {
    if (!std::exchange(told, true)) cluster[1].puller.forget(origin);
  };
  {
    const detail::ValueBytes value = cluster[1].puller.get(origin);
    CHECK(holds(value, 2 * kMiB, 9));
  }
  CHECK(cluster[1].store->stats().used_bytes == 0);
  CHECK(cluster[1].store->counters()[Counter::replicas] == 0);
}
