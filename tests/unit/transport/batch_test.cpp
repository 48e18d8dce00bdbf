// SPDX-License-Identifier: Apache-2.0
// What the conformance suite cannot see from outside: batches, bounds, windows, what is abandoned.
#include "transport/batch_transport.hpp"

#include <memory>
#include <vector>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

#include "catch.hpp"
#include "post_office.hpp"

namespace rankine::transport {
namespace {

constexpr std::size_t kWindowBytes = std::size_t{64} << 10;

class Recorder final : public MailSink {
 public:
  void deliver(Rank source, std::span<const std::byte>) override { sources.push_back(index(source)); }
  std::vector<int> sources;
};

/// Ranks on one node, all on this thread; of 100 sends, `late` end late.
struct Ranks {
  Ranks(int ranks, std::uint32_t late) : office(ranks, late), bells(static_cast<std::size_t>(ranks)) {
    Doorbells doorbells{bells, {}};
    for (int i = 0; i < ranks; ++i) doorbells.of.push_back(i);
    for (int i = 0; i < ranks; ++i) {
      mails.push_back(
          std::make_unique<BatchTransport>(Rank{i}, ranks, kWindowBytes, doorbells, office.counter(Rank{i})));
    }
  }
  BatchTransport& operator[](std::size_t i) { return *mails[i]; }

  conformance::PostOffice office;
  std::vector<Doorbell> bells;
  std::vector<std::unique_ptr<BatchTransport>> mails;
};

void append_many(BatchTransport& mail, int to, int messages, std::size_t bytes) {
  for (int n = 0; n < messages; ++n) mail.append(Rank{to}, bytes);
}

TEST_CASE("one flush makes one batch of many small messages", "[transport]") {
  Ranks ranks(2, 0);
  append_many(ranks[0], 1, 40, 80);
  REQUIRE(ranks[0].counters().batches_sent == 0);
  ranks[0].flush();
  REQUIRE(ranks[0].counters().batches_sent == 1);
  append_many(ranks[0], 1, 1, 8000);  // larger than a batch alone
  append_many(ranks[0], 1, 1, 80);
  ranks[0].flush();
  REQUIRE(ranks[0].counters().batches_sent == 3);
  Recorder recorder;
  REQUIRE(ranks[1].poll(recorder) == 42);
  REQUIRE(ranks[1].counters().batches_received == 3);
}

TEST_CASE("a sender has at most a window of bytes under way to a receiver that does not read",
          "[transport]") {
  Ranks ranks(2, 0);
  append_many(ranks[0], 1, 1000, 1000);
  ranks[0].flush();
  REQUIRE(1000 * record_bytes(1000) - ranks[0].queued_bytes() <= kWindowBytes);
  Recorder recorder;
  for (int n = 0; n < 1000 && recorder.sources.size() < 1000; ++n) {
    ranks[1].poll(recorder, 1000);
    ranks[0].poll(recorder, 1000);
  }
  REQUIRE(recorder.sources.size() == 1000);
  REQUIRE(ranks[0].queued_bytes() == 0);
}

TEST_CASE("the sends under way are bounded, to one rank and to all", "[transport]") {
  constexpr int kRanks = 41;
  Ranks ranks(kRanks, 100);
  for (int to = 1; to < kRanks; ++to) append_many(ranks[0], to, 60, 1000);
  ranks[0].flush();
  REQUIRE(ranks[0].counters().sends_to_one_max == BatchTransport::kSendsPerTarget);
  REQUIRE(ranks[0].counters().sends_under_way_max == BatchTransport::kSends);
  Recorder recorder;
  for (int round = 0; round < 1000 && recorder.sources.size() < 60 * (kRanks - 1); ++round) {
    for (auto& mail : ranks.mails) mail->poll(recorder);
  }
  REQUIRE(recorder.sources.size() == 60 * (kRanks - 1));
  REQUIRE(ranks[0].counters().sends_to_one_max == BatchTransport::kSendsPerTarget);
  REQUIRE(ranks[0].counters().sends_under_way_max == BatchTransport::kSends);
}

TEST_CASE("a batch that is still coming holds up its own sender alone", "[transport]") {
  // Rank 0's sends end late: its first batch needs several polls of rank 2. Rank 1's is here at once.
  conformance::PostOffice office(3, 100);
  conformance::PostOffice quick(3, 0);
  std::vector<Doorbell> bells(3);
  const Doorbells doorbells{bells, {0, 1, 2}};
  struct Both final : Post {  // rank 2 looks into both offices
    std::unique_ptr<Post> late, quick;
    bool from_late = false;
    Both(std::unique_ptr<Post> a, std::unique_ptr<Post> b) : late(std::move(a)), quick(std::move(b)) {}
    bool send(Ticket ticket, Rank target, std::span<const std::byte> bytes) override {
      return quick->send(ticket, target, bytes);
    }
    bool next(Letter& letter) override {
      from_late = late->next(letter);
      return from_late || quick->next(letter);
    }
    bool receive(Ticket ticket, std::span<std::byte> into) override {
      return (from_late ? late : quick)->receive(ticket, into);
    }
    void leave() override {}
    std::span<const Ticket> finished() override { return {}; }  // what comes late never comes
    void abandon(Ticket ticket, std::unique_ptr<std::byte[]> memory) override {
      late->abandon(ticket, std::move(memory));
    }
  };
  BatchTransport slow(Rank{0}, 3, kWindowBytes, doorbells, office.counter(Rank{0}));
  BatchTransport fast(Rank{1}, 3, kWindowBytes, doorbells, quick.counter(Rank{1}));
  BatchTransport receiver(Rank{2}, 3, kWindowBytes, doorbells,
                          std::make_unique<Both>(office.counter(Rank{2}), quick.counter(Rank{2})));
  append_many(slow, 2, 1, 8);
  slow.flush();
  append_many(fast, 2, 1, 8);
  fast.flush();
  Recorder recorder;
  REQUIRE(receiver.poll(recorder) == 1);
  REQUIRE(recorder.sources == std::vector<int>{1});
  receiver.exclude(Rank{0});
  REQUIRE(office.abandoned() == 1);
  REQUIRE(receiver.poll(recorder) == 0);
}

TEST_CASE("excluding a rank abandons what is under way to it, and the others' mail goes on", "[transport]") {
  Ranks ranks(3, 100);
  append_many(ranks[0], 2, 100, 1000);
  ranks[0].flush();
  REQUIRE(ranks[0].queued_bytes() > 0);
  ranks[0].exclude(Rank{2});
  REQUIRE(ranks.office.abandoned() == BatchTransport::kSendsPerTarget);
  REQUIRE(ranks[0].queued_bytes() == 0);
  append_many(ranks[0], 1, 100, 1000);
  ranks[0].flush();
  Recorder recorder;
  for (int round = 0; round < 1000 && recorder.sources.size() < 100; ++round) {
    ranks[0].poll(recorder);
    ranks[1].poll(recorder);
  }
  REQUIRE(recorder.sources == std::vector<int>(100, 0));
  REQUIRE(ranks.office.abandoned() == BatchTransport::kSendsPerTarget);
}

TEST_CASE("a rank that the network does not reach is excluded and reported once", "[transport]") {
  conformance::PostOffice office(3, 0);
  std::vector<Doorbell> bells(3);
  const Doorbells doorbells{bells, {0, 1, 2}};
  struct Broken final : Post {  // to rank 2
    std::unique_ptr<Post> whole;
    std::vector<Rank> failed;
    int tried = 0;
    explicit Broken(std::unique_ptr<Post> post) : whole(std::move(post)) {}
    bool send(Ticket ticket, Rank target, std::span<const std::byte> bytes) override {
      if (target != Rank{2}) return whole->send(ticket, target, bytes);
      ++tried;
      failed.push_back(target);
      return true;
    }
    bool next(Letter& letter) override { return whole->next(letter); }
    bool receive(Ticket ticket, std::span<std::byte> into) override { return whole->receive(ticket, into); }
    void leave() override { whole->leave(); }
    std::span<const Ticket> finished() override { return whole->finished(); }
    std::vector<Rank> take_unreachable() override { return std::exchange(failed, {}); }
    void abandon(Ticket ticket, std::unique_ptr<std::byte[]> memory) override {
      whole->abandon(ticket, std::move(memory));
    }
  };
  auto post = std::make_unique<Broken>(office.counter(Rank{0}));
  const Broken& broken = *post;
  BatchTransport sender(Rank{0}, 3, kWindowBytes, doorbells, std::move(post));
  BatchTransport receiver(Rank{1}, 3, kWindowBytes, doorbells, office.counter(Rank{1}));
  Recorder recorder;
  append_many(sender, 2, 3, 8);
  append_many(sender, 1, 1, 8);
  sender.flush();
  REQUIRE(sender.take_unreachable().empty());  // known at the next poll
  sender.poll(recorder);
  REQUIRE(sender.take_unreachable() == std::vector<Rank>{Rank{2}});
  const int tried = broken.tried;
  REQUIRE(tried > 0);
  append_many(sender, 2, 3, 8);
  sender.flush();
  sender.poll(recorder);
  REQUIRE(broken.tried == tried);
  REQUIRE(sender.take_unreachable().empty());
  REQUIRE(sender.queued_bytes() == 0);
  REQUIRE(receiver.poll(recorder) == 1);  // the others' mail goes on
}

TEST_CASE("what is under way at the end is left to the network", "[transport]") {
  Ranks ranks(2, 100);
  append_many(ranks[0], 1, 1, 8);
  ranks[0].flush();
  ranks.mails[0].reset();
  REQUIRE(ranks.office.abandoned() == 1);
  Recorder recorder;  // the receiver still reads that memory
  for (int round = 0; round < 10; ++round) ranks[1].poll(recorder);
  REQUIRE(recorder.sources == std::vector<int>{0});
}

TEST_CASE("who waits for an announced batch only naps", "[transport]") {
  Ranks ranks(2, 0);
  Recorder recorder;
  ranks.bells[0].announced.fetch_add(1);  // a sender that did not come further yet
  REQUIRE(ranks[0].poll(recorder) == 0);
  const Time start = now();
  ranks[0].sleep(20 * kSecond);
  REQUIRE(now() - start < 10 * kSecond);
}

TEST_CASE("the window of a pair follows the node's budget", "[transport]") {
  REQUIRE(choose_window_bytes(2, 2, {}) == std::size_t{256} << 10);
  REQUIRE(choose_window_bytes(1024, 16, {}) == std::size_t{64} << 10);
  REQUIRE(choose_window_bytes(4096, 64, {}) == std::size_t{16} << 10);  // never less
  REQUIRE_THROWS_AS(choose_window_bytes(2, 2, {.ring_bytes_min = 100}), InputError);
}

}  // namespace
}  // namespace rankine::transport
