// SPDX-License-Identifier: Apache-2.0
#include "transport_suite.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>
#include <numeric>
#include <stdexcept>
#include <thread>

#include <rankine/core/philox.hpp>

#include "sanitized.hpp"

namespace rankine::conformance {
namespace {

using transport::MailSink;
using transport::RingLimits;
using transport::Transport;

constexpr Nanoseconds kPatience = 30 * kSecond;
constexpr Nanoseconds kNap = kMillisecond;
constexpr RingLimits kUsual{};
constexpr RingLimits kSmall{.ring_bytes_min = 4096, .ring_bytes_max = 4096};
constexpr RingLimits kTiny{.ring_bytes_min = 256, .ring_bytes_max = 256};
constexpr RingLimits kOneSpare{.ring_bytes_min = 4096, .ring_bytes_max = 4096, .spare_rings_max = 1};
constexpr RingLimits kNoSpare{.ring_bytes_min = 4096, .ring_bytes_max = 4096, .spare_rings_max = 0};

/// A sink made of a function.
class Sink final : public MailSink {
 public:
  using Function = std::function<void(int source, std::span<const std::byte>)>;
  explicit Sink(Function function) : function_(std::move(function)) {}
  void deliver(Rank source, std::span<const std::byte> message) override {
    function_(index(source), message);
  }

 private:
  Function function_;
};

/// The n-th message from source to destination: its length and bytes follow from the three numbers and a
/// seed.
class Script {
 public:
  Script(std::uint64_t seed, std::size_t bytes_max) : seed_(seed), bytes_max_(bytes_max) {}

  std::size_t bytes(int source, int destination, std::uint64_t n) const {
    Philox random = stream(source, destination, n);
    // Mostly small, now and then up to the limit.
    return random.below(8) == 0 ? random.below(bytes_max_ + 1)
                                : random.below(std::min<std::size_t>(bytes_max_, 96));
  }
  void fill(std::span<std::byte> message, int source, int destination, std::uint64_t n) const {
    const std::uint64_t first = stream(source, destination, n)();
    for (std::size_t at = 0; at < message.size(); at += 8) {
      const std::uint64_t word = word_at(first, at);
      std::memcpy(message.data() + at, &word, std::min<std::size_t>(8, message.size() - at));
    }
  }
  bool matches(std::span<const std::byte> message, int source, int destination, std::uint64_t n) const {
    if (message.size() != bytes(source, destination, n)) return false;
    const std::uint64_t first = stream(source, destination, n)();
    bool same = true;
    for (std::size_t at = 0; at < message.size(); at += 8) {
      const std::size_t count = std::min<std::size_t>(8, message.size() - at);
      const std::uint64_t word = word_at(first, at);
      std::uint64_t found = word;  // the last word may be a part of one
      std::memcpy(&found, message.data() + at, count);
      same = same && found == word;
    }
    return same;
  }

 private:
  /// Differs for each message and each place in it; cheap, for messages are long and many.
  static std::uint64_t word_at(std::uint64_t first, std::size_t at) {
    return first + at * 0x9E3779B97F4A7C15u;
  }
  Philox stream(int source, int destination, std::uint64_t n) const {
    return {
        seed_,
        hash_mix(hash_mix(static_cast<std::uint64_t>(source), static_cast<std::uint64_t>(destination)), n)};
  }
  std::uint64_t seed_;
  std::size_t bytes_max_;
};

/// Sends and checks scripted messages: order, number and content from every source.
class Traffic {
 public:
  Traffic(Member& member, std::uint64_t seed)
      : member_(member),
        script_(seed, member.mail().message_bytes_max()),
        sent_(static_cast<std::size_t>(member.size()), 0),
        received_(sent_.size(), 0),
        sink_([this](int source, std::span<const std::byte> message) { receive(source, message); }) {}

  void send(int destination) {
    const std::uint64_t n = sent_[destination]++;
    const std::size_t bytes = script_.bytes(member_.rank(), destination, n);
    const std::span<std::byte> space = member_.mail().append(Rank{destination}, bytes);
    member_.expect(space.size() == bytes, "append gave " + std::to_string(space.size()) + " bytes");
    script_.fill(space, member_.rank(), destination, n);
  }
  Sink& sink() { return sink_; }
  std::uint64_t received(int source) const { return received_[source]; }
  std::uint64_t received() const {
    return std::accumulate(received_.begin(), received_.end(), std::uint64_t{0});
  }

 private:
  void receive(int source, std::span<const std::byte> message) {
    const std::uint64_t n = received_[source]++;
    member_.expect(reinterpret_cast<std::uintptr_t>(message.data()) % 8 == 0,
                   "a message that is not 8-byte aligned");
    member_.expect(
        script_.matches(message, source, member_.rank(), n),
        "message " + std::to_string(n) + " from rank " + std::to_string(source) + " is not what was sent");
  }

  Member& member_;
  Script script_;
  std::vector<std::uint64_t> sent_;
  std::vector<std::uint64_t> received_;
  Sink sink_;
};

void all_to_all(Member& member, std::uint64_t seed, int messages) {
  Traffic traffic(member, seed);
  for (int n = 0; n < messages; ++n) {
    for (int destination = 0; destination < member.size(); ++destination) traffic.send(destination);
    if (n % 7 == 0) member.mail().flush();
    if (n % 5 == 0) member.mail().poll(traffic.sink());
  }
  member.mail().flush();
  const auto expected = static_cast<std::uint64_t>(messages) * static_cast<std::uint64_t>(member.size());
  member.poll_until(
      traffic.sink(), [&] { return traffic.received() == expected && member.mail().queued_bytes() == 0; },
      "all-to-all traffic");
  member.barrier(&traffic.sink());
  for (int source = 0; source < member.size(); ++source) {
    member.expect(
        traffic.received(source) == static_cast<std::uint64_t>(messages),
        "messages from rank " + std::to_string(source) + ": " + std::to_string(traffic.received(source)));
  }
}

void order_each_once(Member& member) {
  all_to_all(member, 1, repeated(400));
}

// Every length from nothing to the limit, to the next rank.
void sizes(Member& member) {
  const std::size_t bytes_max = member.mail().message_bytes_max();
  const int next = (member.rank() + 1) % member.size();
  std::size_t expected_bytes = 0;
  Sink sink([&](int source, std::span<const std::byte> message) {
    member.expect((source + 1) % member.size() == member.rank(), "mail from a rank that sent none here");
    bool right = message.size() == expected_bytes;
    for (std::size_t i = 0; i < message.size(); ++i) {
      right = right && message[i] == static_cast<std::byte>(i * 31 + message.size());
    }
    member.expect(right, "a message of " + std::to_string(message.size()) + " bytes instead of " +
                             std::to_string(expected_bytes) + ", or other bytes");
    ++expected_bytes;
  });
  for (std::size_t bytes = 0; bytes <= bytes_max; ++bytes) {
    const std::span<std::byte> space = member.mail().append(Rank{next}, bytes);
    for (std::size_t i = 0; i < space.size(); ++i) space[i] = static_cast<std::byte>(i * 31 + bytes);
    if (bytes % 3 == 0) member.mail().flush();
    if (bytes % 16 == 0) member.mail().poll(sink);
  }
  member.mail().flush();
  member.poll_until(
      sink, [&] { return expected_bytes == bytes_max + 1; }, "messages of every length");
  member.barrier(&sink);
}

void many_to_one(Member& member) {
  constexpr int kMessages = repeated(3000);
  Traffic traffic(member, 3);
  for (const int receiver : {0, member.size() - 1}) {
    for (int n = 0; n < kMessages; ++n) {
      traffic.send(receiver);
      if (n % 8 == 0) member.mail().flush();
    }
    member.mail().flush();
    const std::uint64_t expected =
        static_cast<std::uint64_t>(kMessages) * static_cast<std::uint64_t>(member.size());
    member.poll_until(
        traffic.sink(),
        [&] {
          return member.mail().queued_bytes() == 0 &&
                 (member.rank() != receiver || traffic.received() >= expected);
        },
        "many senders to one");
    member.barrier(&traffic.sink());
    if (receiver == member.size() - 1) break;
  }
}

// Both sides append far more than the rings hold before either looks at its mail.
void flood(Member& member) {
  constexpr int kMessages = repeated(2000);
  Traffic traffic(member, 4);
  member.barrier();
  for (int n = 0; n < kMessages; ++n) {
    for (int destination = 0; destination < member.size(); ++destination) {
      if (destination != member.rank()) traffic.send(destination);
    }
    member.mail().flush();
  }
  member.expect(member.size() == 1 || member.mail().queued_bytes() > 0, "the rings held a flood");
  member.barrier();
  const auto expected = static_cast<std::uint64_t>(kMessages) * static_cast<std::uint64_t>(member.size() - 1);
  member.poll_until(
      traffic.sink(), [&] { return traffic.received() == expected && member.mail().queued_bytes() == 0; },
      "a flood in both directions");
  member.barrier(&traffic.sink());
}

// A count travels round all ranks, passed on from inside deliver(); with one rank it travels to itself.
void append_inside_deliver(Member& member) {
  constexpr std::uint64_t kHops = 3000;
  const int next = (member.rank() + 1) % member.size();
  std::uint64_t last_seen = 0;
  const auto pass = [&](std::uint64_t count) {
    std::memcpy(member.mail().append(Rank{next}, sizeof count).data(), &count, sizeof count);
  };
  Sink sink([&](int, std::span<const std::byte> message) {
    std::uint64_t count = 0;
    member.expect(message.size() == sizeof count, "a count of the wrong size");
    std::memcpy(&count, message.data(), std::min(message.size(), sizeof count));
    member.expect(last_seen == 0 || count == last_seen + static_cast<std::uint64_t>(member.size()),
                  "a skipped hop");
    last_seen = count;
    if (count < kHops) pass(count + 1);
    member.mail().flush();
  });
  if (member.rank() == 0) {
    pass(1);
    member.mail().flush();
  }
  const auto size = static_cast<std::uint64_t>(member.size());
  member.poll_until(
      sink, [&] { return last_seen + size > kHops; }, "a count passed on inside deliver");
  member.barrier(&sink);
}

// The self queue delivers what the sink appends with the next poll, not for ever in one.
void self_is_bounded(Member& member) {
  int delivered = 0;
  Sink sink([&](int source, std::span<const std::byte>) {
    member.expect(source == member.rank(), "self mail names another rank");
    ++delivered;
    member.mail().append(Rank{member.rank()}, 8);
  });
  member.mail().append(Rank{member.rank()}, 8);
  member.mail().flush();
  for (int round = 1; round <= 100; ++round) {
    member.expect(member.mail().poll(sink) == 1 && delivered == round, "one self message a poll");
  }
  member.barrier();
}

// poll() stops at messages_max and goes on where it stopped. Not all need be here at once.
void poll_is_bounded(Member& member) {
  constexpr int kMessages = 100;
  int received = 0;
  Sink sink([&](int, std::span<const std::byte>) { ++received; });
  const Rank next{(member.rank() + 1) % member.size()};
  for (int n = 0; n < kMessages; ++n) member.mail().append(next, 16);
  member.mail().flush();
  member.barrier();
  const Time start = now();
  while (received < kMessages && now() - start < kPatience) {
    const int before = received;
    const std::size_t count = member.mail().poll(sink, 10);
    member.expect(count <= 10 && received == before + static_cast<int>(count),
                  "poll(10) gave " + std::to_string(count));
  }
  member.expect(received == kMessages, "bounded polls gave " + std::to_string(received) + " messages in all");
  member.barrier(&sink);
}

// A sink that throws has had its message: it does not come again, and the next one does.
void throwing_sink(Member& member) {
  std::vector<std::uint64_t> seen;
  Sink sink([&](int, std::span<const std::byte> message) {
    std::uint64_t n = 0;
    std::memcpy(&n, message.data(), sizeof n);
    seen.push_back(n);
    if (n % 3 == 0) throw std::runtime_error("refused");
  });
  const Rank next{(member.rank() + 1) % member.size()};
  for (std::uint64_t n = 0; n < 30; ++n) {
    std::memcpy(member.mail().append(next, sizeof n).data(), &n, sizeof n);
  }
  member.mail().flush();
  member.barrier();
  int thrown = 0;
  const Time start = now();
  while (seen.size() < 30 && now() - start < kPatience) {
    try {
      member.mail().poll(sink);
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  std::vector<std::uint64_t> expected(30);
  std::iota(expected.begin(), expected.end(), std::uint64_t{0});
  member.expect(seen == expected && thrown == 10, "each message once though the sink throws");
  member.barrier();
}

// A token goes round; whoever has no token sleeps. A lost wake-up shows as a sleep that lasts its whole
// timeout.
void sleep_and_wake(Member& member) {
  constexpr std::uint64_t kHops = 4000;
  constexpr Nanoseconds kTimeout = 10 * kSecond;
  const Rank next{(member.rank() + 1) % member.size()};
  std::uint64_t token = 0;
  const auto pass = [&](std::uint64_t count) {
    std::memcpy(member.mail().append(next, sizeof count).data(), &count, sizeof count);
    member.mail().flush();
  };
  Sink sink([&](int, std::span<const std::byte> message) {
    std::memcpy(&token, message.data(), sizeof token);
    if (token < kHops) pass(token + 1);
  });
  if (member.rank() == 0) pass(1);
  const Time start = now();
  while (token + static_cast<std::uint64_t>(member.size()) <= kHops && now() - start < kPatience) {
    if (member.mail().poll(sink) > 0) continue;
    const Time asleep = now();
    member.mail().sleep(kTimeout);
    member.expect(now() - asleep < kTimeout * 9 / 10, "a wake-up was lost at token " + std::to_string(token));
  }
  member.expect(token + static_cast<std::uint64_t>(member.size()) > kHops, "the token came back too late");
  member.barrier(&sink);
}

// A sender that sleeps with a full queue is woken by the credit.
void credit_wakes(Member& member) {
  constexpr Nanoseconds kTimeout = 10 * kSecond;
  const int other = member.rank() ^ 1;
  Traffic traffic(member, 6);
  if (other < member.size() && member.rank() % 2 == 0) {
    for (int n = 0; n < 2000; ++n) traffic.send(other);
    member.mail().flush();
    while (member.mail().queued_bytes() > 0) {
      const Time asleep = now();
      member.mail().sleep(kTimeout);
      const bool woken = now() - asleep < kTimeout * 9 / 10;
      member.expect(woken, "credit came and woke nobody");
      if (!woken) break;
      member.mail().poll(traffic.sink());
    }
  } else if (other < member.size()) {
    member.poll_until(
        traffic.sink(), [&] { return traffic.received() == 2000; }, "a long queue");
  }
  member.barrier(&traffic.sink());
}

// ring() from another thread ends a sleep, also when it comes just before it.
void ring_ends_sleep(Member& member) {
  constexpr int kRounds = repeated(2000);
  constexpr Nanoseconds kTimeout = 10 * kSecond;
  std::atomic<int> asked{0};
  std::atomic<int> rung{0};
  std::thread ringer([&] {
    for (int round = 1; round <= kRounds; ++round) {
      while (asked.load() < round) std::this_thread::yield();
      rung.store(round);
      member.mail().ring();
    }
  });
  for (int round = 1; round <= kRounds; ++round) {
    asked.store(round);
    while (rung.load() < round) {
      const Time asleep = now();
      member.mail().sleep(kTimeout);
      member.expect(now() - asleep < kTimeout * 9 / 10, "a ring was lost");
    }
  }
  ringer.join();
  member.barrier();
}

// An idle rank sleeps: it neither wakes all the time nor burns its CPU.
void idle_is_quiet(Member& member) {
  Sink sink([](int, std::span<const std::byte>) {});
  member.barrier(&sink);
  member.mail().poll(sink);
  const Time start = now();
  int sleeps = 0;
  while (now() - start < 200 * kMillisecond) {
    member.mail().sleep(10 * kMillisecond);
    member.mail().poll(sink);
    ++sleeps;
  }
  member.expect(sleeps <= 100, "an idle rank woke " + std::to_string(sleeps) + " times in 0.2 s");
  member.barrier(&sink);
}

// The last rank is declared dead with mail from it still unread; the others go on without it.
void exclude_one(Member& member) {
  const int dead = member.size() - 1;
  const bool is_dead = member.rank() == dead;
  {
    Traffic before(member, 7);  // so that all rings are in use
    for (int destination = 0; destination < member.size(); ++destination) before.send(destination);
    member.mail().flush();
    const auto expected = static_cast<std::uint64_t>(member.size());
    member.poll_until(
        before.sink(), [&] { return before.received() == expected; }, "traffic before the death");
    member.barrier(&before.sink());
  }
  if (is_dead) {
    for (int destination = 0; destination < dead; ++destination) {
      for (int n = 0; n < 300; ++n) member.mail().append(Rank{destination}, 40);
    }
    member.mail().flush();
  }
  member.barrier();
  if (is_dead) {  // keeps still: the others' last barrier has two meetings
    member.barrier();
    member.barrier();
    return;
  }
  member.mail().exclude(Rank{dead});
  Traffic after(member, 8);
  for (int n = 0; n < 300; ++n) {
    member.expect(member.mail().append(Rank{dead}, 24).size() == 24,
                  "append to an excluded rank gives space");
    for (int destination = 0; destination < dead; ++destination) after.send(destination);
    member.mail().flush();
  }
  // Mail from the dead would fail in Traffic: neither its length nor its bytes are as scripted, and it would
  // count.
  const auto expected = static_cast<std::uint64_t>(300) * static_cast<std::uint64_t>(dead);
  member.poll_until(
      after.sink(), [&] { return after.received() == expected && member.mail().queued_bytes() == 0; },
      "traffic after the death");
  member.barrier(&after.sink());
  member.expect(after.received(dead) == 0 && after.received() == expected, "mail from an excluded rank");
}

// The dead rank's queue at a sender is full: excluding it drops the queue.
void exclude_drops_queue(Member& member) {
  const int dead = member.size() - 1;
  Sink sink([&](int, std::span<const std::byte>) {});
  if (member.rank() != dead) {
    for (int n = 0; n < 1000; ++n) member.mail().append(Rank{dead}, 512);
    member.mail().flush();
    member.expect(member.mail().queued_bytes() > 0, "more was appended than the rings hold");
    member.mail().exclude(Rank{dead});
    member.expect(member.mail().queued_bytes() == 0, "the queue for an excluded rank is dropped");
    member.mail().poll(sink);
  }
  member.barrier();
}

// The sink itself may find out that the sender is dead.
void exclude_inside_deliver(Member& member) {
  const int dead = member.size() - 1;
  if (member.rank() == dead) {
    for (int destination = 0; destination < dead; ++destination) {
      for (int n = 0; n < 50; ++n) member.mail().append(Rank{destination}, 8);
    }
    member.mail().flush();
  }
  member.barrier();
  if (member.rank() != dead) {
    int from_dead = 0;
    Sink sink([&](int source, std::span<const std::byte>) {
      if (source != dead) return;
      ++from_dead;
      if (from_dead == 20) member.mail().exclude(Rank{dead});
    });
    const Time start = now();
    while (from_dead < 20 && now() - start < kPatience) member.mail().poll(sink);
    for (int round = 0; round < 10; ++round) member.mail().poll(sink);
    member.expect(from_dead == 20, "mail from an excluded rank: " + std::to_string(from_dead));
  }
  member.barrier();
}

// With fewer spare rings than senders some pairs talk through the head, in order, and nothing is lost.
void relay(Member& member) {
  all_to_all(member, 9, 600);
  const auto& rings = dynamic_cast<const transport::RingTransport&>(member.mail());
  const auto counters = rings.counters();
  std::uint64_t relayed = 0;
  std::uint64_t claimed = 0;
  int reports = 0;
  Sink sink([&](int, std::span<const std::byte> message) {
    std::uint64_t report[2] = {};
    member.expect(message.size() == sizeof report, "a report of the wrong size");
    std::memcpy(report, message.data(), std::min(message.size(), sizeof report));
    relayed += report[0];
    claimed += report[1];
    ++reports;
  });
  const std::uint64_t own[2] = {counters.relayed_messages, counters.claimed_rings};
  std::memcpy(member.mail().append(kHead, sizeof own).data(), own, sizeof own);
  member.mail().flush();
  if (member.rank() == 0) {
    member.poll_until(
        sink, [&] { return reports == member.size(); }, "reports");
    const std::uint64_t workers = static_cast<std::uint64_t>(member.size() - 1);
    const auto spares = static_cast<std::uint64_t>(rings.layout().spares);
    member.expect(claimed == workers * spares, "claimed rings: " + std::to_string(claimed));
    member.expect(relayed == workers * (workers - 1 - spares) * 600,
                  "relayed messages: " + std::to_string(relayed));
    member.expect(counters.forwarded_messages == relayed, "the head forwarded what was relayed");
  }
  member.barrier(&sink);
}

// Random destinations, lengths, flushes, polls and sleeps; every byte is checked.
void random_traffic(Member& member) {
  for (std::uint64_t seed = 100; seed < 106; ++seed) {
    Traffic traffic(member, seed);
    // All ranks draw the same plan, so that each knows how much it will get.
    Philox plan(seed, 0);
    std::vector<std::uint64_t> expected(static_cast<std::size_t>(member.size()), 0);
    Philox own(seed, static_cast<std::uint64_t>(member.rank()) + 1);
    const int steps = repeated(1000) / member.size() + repeated(100);
    for (int step = 0; step < steps; ++step) {
      for (int source = 0; source < member.size(); ++source) {
        const int destination = static_cast<int>(plan.below(static_cast<std::uint64_t>(member.size())));
        const int burst = static_cast<int>(plan.below(12));
        if (destination == member.rank()) expected[source] += static_cast<std::uint64_t>(burst);
        if (source != member.rank()) continue;
        for (int n = 0; n < burst; ++n) traffic.send(destination);
      }
      if (own.below(3) == 0) member.mail().flush();
      if (own.below(4) == 0) member.mail().poll(traffic.sink(), own.below(100));
      if (own.below(50) == 0) member.mail().sleep(static_cast<Nanoseconds>(own.below(50)) * kMicrosecond);
    }
    member.mail().flush();
    const std::uint64_t total = std::accumulate(expected.begin(), expected.end(), std::uint64_t{0});
    member.poll_until(
        traffic.sink(), [&] { return traffic.received() == total && member.mail().queued_bytes() == 0; },
        "random traffic, seed " + std::to_string(seed));
    for (int source = 0; source < member.size(); ++source) {
      member.expect(traffic.received(source) == expected[source], "random traffic: a count is wrong");
    }
    member.barrier(&traffic.sink());
  }
}

constexpr Behaviour kBehaviours[] = {
    {"order, each once", 1, kUsual, order_each_once},
    {"order, each once, small rings", 1, kSmall, order_each_once},
    {"order, each once, tiny rings", 1, kTiny, order_each_once},
    {"every length", 1, kSmall, sizes},
    {"many senders to one", 1, kUsual, many_to_one},
    {"many senders to one, tiny rings", 1, kTiny, many_to_one},
    {"flood in both directions", 1, kSmall, flood},
    {"flood in both directions through the head", 3, kNoSpare, flood},
    {"append inside deliver", 1, kUsual, append_inside_deliver},
    {"append inside deliver, tiny rings", 1, kTiny, append_inside_deliver},
    {"self mail is bounded a poll", 1, kUsual, self_is_bounded},
    {"poll is bounded", 1, kUsual, poll_is_bounded},
    {"a sink that throws", 1, kUsual, throwing_sink},
    {"sleep and wake", 1, kUsual, sleep_and_wake},
    {"credit wakes a sleeper", 2, kSmall, credit_wakes},
    {"ring ends a sleep", 1, kUsual, ring_ends_sleep},
    {"an idle rank is quiet", 1, kUsual, idle_is_quiet},
    {"exclude", 3, kSmall, exclude_one},
    {"exclude, relayed traffic", 3, kNoSpare, exclude_one},
    {"exclude drops the queue", 2, kSmall, exclude_drops_queue},
    {"exclude inside deliver", 2, kUsual, exclude_inside_deliver},
    {"relay through the head, one spare ring", 4, kOneSpare, relay, true},
    {"relay through the head, no spare ring", 3, kNoSpare, relay, true},
    {"random traffic", 1, kUsual, random_traffic},
    {"random traffic, small rings, one spare", 1, kOneSpare, random_traffic},
};

}  // namespace

void Member::expect(bool holds, const std::string& text) {
  constexpr std::size_t kFailuresKept = 10;
  if (!holds && failures_.size() < kFailuresKept) failures_.push_back(text);
}

void Member::poll_until(MailSink& sink, const std::function<bool()>& done, const std::string& what) {
  const Time start = now();
  while (!done()) {
    if (mail_.poll(sink) > 0) continue;
    mail_.flush();
    if (done()) return;
    if (now() - start > kPatience) {
      expect(false, what + ": not done in time, " + std::to_string(mail_.queued_bytes()) + " bytes queued");
      return;
    }
    mail_.sleep(kNap);
  }
}

void Member::barrier(MailSink* sink) {
  meet(sink);
  // Who polled must not see mail of the next phase: nobody goes on before all have stopped polling.
  if (sink != nullptr) meet(nullptr);
}

void Member::meet(MailSink* sink) {
  arrive();
  const Time start = now();
  while (!all_arrived()) {
    if (sink != nullptr && mail_.poll(*sink) > 0) continue;
    if (now() - start > kPatience + kPatience / 4) {
      expect(false, "other ranks did not reach the barrier");
      return;
    }
    // Without a sink waiting mail ends each sleep at once: that only costs time.
    mail_.sleep(kNap);
  }
}

std::span<const Behaviour> transport_behaviours() {
  return kBehaviours;
}

}  // namespace rankine::conformance
