// SPDX-License-Identifier: Apache-2.0
// What the conformance suite cannot see from inside: who outlives whom, and counters.
#include "transport/loopback.hpp"

#include <cstring>
#include <memory>
#include <vector>

#include <rankine/core/clock.hpp>

#include "catch.hpp"

namespace rankine::transport {
namespace {

class Recorder final : public MailSink {
 public:
  void deliver(Rank source, std::span<const std::byte> message) override {
    sources.push_back(index(source));
    sizes.push_back(message.size());
  }
  std::vector<int> sources;
  std::vector<std::size_t> sizes;
};

TEST_CASE("endpoints outlive their hub", "[transport]") {
  auto hub = std::make_unique<LoopbackHub>(2);
  const auto first = hub->endpoint(Rank{0});
  const auto second = hub->endpoint(Rank{1});
  hub.reset();
  first->append(Rank{1}, 5);
  first->flush();
  Recorder recorder;
  REQUIRE(second->poll(recorder) == 1);
  REQUIRE(recorder.sources == std::vector<int>{0});
  REQUIRE(recorder.sizes == std::vector<std::size_t>{5});
}

TEST_CASE("nothing is published before flush", "[transport]") {
  LoopbackHub hub(2);
  const auto first = hub.endpoint(Rank{0});
  const auto second = hub.endpoint(Rank{1});
  Recorder recorder;
  first->append(Rank{1}, 5);
  first->append(Rank{1}, 6);
  REQUIRE(second->poll(recorder) == 0);
  first->flush();
  REQUIRE(second->poll(recorder) == 2);
  REQUIRE(recorder.sizes == std::vector<std::size_t>{5, 6});
}

TEST_CASE("two hubs in one process do not meet", "[transport]") {
  LoopbackHub one(2);
  LoopbackHub other(2);
  const auto sender = one.endpoint(Rank{0});
  const auto stranger = other.endpoint(Rank{1});
  sender->append(Rank{1}, 8);
  sender->flush();
  Recorder recorder;
  REQUIRE(stranger->poll(recorder) == 0);
}

TEST_CASE("credit is written back once a quarter ring, not for each message", "[transport]") {
  LoopbackHub hub(2, {.ring_bytes_min = 4096, .ring_bytes_max = 4096});
  const auto first = hub.endpoint(Rank{0});
  const auto second = hub.endpoint(Rank{1});
  Recorder recorder;
  for (int i = 0; i < 64; ++i) {  // 64 records of 64 bytes: one lap
    first->append(Rank{1}, 56);
    first->flush();
    second->poll(recorder);
  }
  REQUIRE(recorder.sizes.size() == 64);
  REQUIRE(second->counters().credits_written == 4);
}

TEST_CASE("a worker claims a ring at another worker on first use only", "[transport]") {
  LoopbackHub hub(4);
  const auto first = hub.endpoint(Rank{1});
  const auto second = hub.endpoint(Rank{2});
  Recorder recorder;
  for (int i = 0; i < 10; ++i) {
    first->append(Rank{2}, 8);
    first->flush();
  }
  REQUIRE(first->counters().claimed_rings == 1);
  REQUIRE(first->counters().relayed_messages == 0);
  REQUIRE(second->poll(recorder) == 10);
  REQUIRE(recorder.sources == std::vector<int>(10, 1));
}

TEST_CASE("what is relayed is bounded by a window, though the receiver never polls", "[transport]") {
  LoopbackHub hub(3, {.ring_bytes_min = 4096, .ring_bytes_max = 4096, .spare_rings_max = 0});
  const auto head = hub.endpoint(Rank{0});
  const auto first = hub.endpoint(Rank{1});
  const auto deaf = hub.endpoint(Rank{2});
  Recorder recorder;
  constexpr int kMessages = 1000;
  for (int i = 0; i < kMessages; ++i) first->append(Rank{2}, 100);
  first->flush();
  for (int round = 0; round < 100; ++round) {
    head->poll(recorder);
    first->poll(recorder);
  }
  // The receiver's ring is full and the head holds a window at most; the rest waits where it was made.
  REQUIRE(head->queued_bytes() <= 4096);
  REQUIRE(first->queued_bytes() > 80'000);
  // Mail of the same sender for the head itself is not held up.
  first->append(kHead, 8);
  first->flush();
  REQUIRE(head->poll(recorder) == 1);
  recorder = {};
  for (int round = 0; round < 10'000 && recorder.sizes.size() < kMessages; ++round) {
    deaf->poll(recorder);
    head->poll(recorder);
    first->poll(recorder);
  }
  REQUIRE(recorder.sources == std::vector<int>(kMessages, 1));
}

TEST_CASE("the death of a relay's receiver frees the sender's window", "[transport]") {
  LoopbackHub hub(4, {.ring_bytes_min = 4096, .ring_bytes_max = 4096, .spare_rings_max = 0});
  const auto head = hub.endpoint(Rank{0});
  const auto sender = hub.endpoint(Rank{1});
  const auto living = hub.endpoint(Rank{2});
  Recorder recorder;
  for (int i = 0; i < 300; ++i) sender->append(Rank{3}, 100);  // rank 3 never polls
  for (int i = 0; i < 300; ++i) sender->append(Rank{2}, 100);
  sender->flush();
  for (int round = 0; round < 20; ++round) {
    head->poll(recorder);
    sender->poll(recorder);
    if (round == 10) {
      head->exclude(Rank{3});
      sender->exclude(Rank{3});
    }
  }
  for (int round = 0; round < 1000 && recorder.sizes.size() < 300; ++round) {
    living->poll(recorder);
    head->poll(recorder);
    sender->poll(recorder);
  }
  REQUIRE(recorder.sources == std::vector<int>(300, 1));
}

TEST_CASE("sleep returns at once for mail, for a ring before it, and for self mail", "[transport]") {
  constexpr Nanoseconds kLong = 20 * kSecond;
  LoopbackHub hub(2);
  const auto first = hub.endpoint(Rank{0});
  const auto second = hub.endpoint(Rank{1});
  Recorder recorder;
  const Time start = now();
  first->append(Rank{1}, 1);
  first->flush();
  second->sleep(kLong);
  second->poll(recorder);
  second->ring();
  second->sleep(kLong);
  second->append(Rank{1}, 1);
  second->flush();
  second->sleep(kLong);
  REQUIRE(second->poll(recorder) == 1);
  REQUIRE(now() - start < kLong / 2);
  // Nothing is left: a short sleep lasts.
  const Time quiet = now();
  second->sleep(5 * kMillisecond);
  REQUIRE(now() - quiet >= 4 * kMillisecond);
}

}  // namespace
}  // namespace rankine::transport
