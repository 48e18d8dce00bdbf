// SPDX-License-Identifier: Apache-2.0
// The transport conformance suite over ranks that are threads of one process.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "transport/loopback.hpp"
#include "transport_suite.hpp"

namespace rankine::conformance {
namespace {

class ThreadMember final : public Member {
 public:
  ThreadMember(transport::RingTransport& mail, std::atomic<int>& arrivals)
      : Member(mail), arrivals_(arrivals) {}

 protected:
  void arrive() override {
    ++phase_;
    arrivals_.fetch_add(1);
  }
  bool all_arrived() override { return arrivals_.load() >= phase_ * size(); }

 private:
  std::atomic<int>& arrivals_;
  int phase_ = 0;
};

std::vector<std::string> run_as_threads(const Behaviour& behaviour, int ranks) {
  transport::LoopbackHub hub(ranks, behaviour.limits);
  std::atomic<int> arrivals{0};
  std::vector<std::vector<std::string>> failures(static_cast<std::size_t>(ranks));
  std::vector<std::thread> threads;
  for (int i = 0; i < ranks; ++i) {
    threads.emplace_back([&, i] {
      const auto mail = hub.endpoint(Rank{i});
      ThreadMember member(*mail, arrivals);
      behaviour.run(member);
      for (const std::string& text : member.failures()) {
        failures[static_cast<std::size_t>(i)].push_back("rank " + std::to_string(i) + ": " + text);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::string> all;
  for (const auto& of_rank : failures) all.insert(all.end(), of_rank.begin(), of_rank.end());
  return all;
}

TEST_CASE("loopback conforms to the transport interface", "[transport]") {
  for (const Behaviour& behaviour : transport_behaviours()) {
    for (const int ranks : {1, 2, 3, 8}) {
      if (ranks < behaviour.ranks_min) continue;
      DYNAMIC_SECTION(behaviour.name << " with " << ranks << " ranks") {
        REQUIRE(run_as_threads(behaviour, ranks) == std::vector<std::string>{});
      }
    }
  }
}

}  // namespace
}  // namespace rankine::conformance
