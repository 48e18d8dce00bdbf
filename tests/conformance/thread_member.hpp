// SPDX-License-Identifier: Apache-2.0
// A behaviour run by ranks that are threads of one process.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "transport_suite.hpp"

namespace rankine::conformance {

class ThreadMember final : public Member {
 public:
  ThreadMember(transport::Transport& mail, std::atomic<int>& arrivals) : Member(mail), arrivals_(arrivals) {}

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

/// The failures of all ranks; `endpoint(rank)` is called by that rank's thread.
inline std::vector<std::string> run_on_threads(
    const Behaviour& behaviour, int ranks,
    const std::function<std::unique_ptr<transport::Transport>(int)>& endpoint) {
  std::atomic<int> arrivals{0};
  std::vector<std::vector<std::string>> failures(static_cast<std::size_t>(ranks));
  std::vector<std::thread> threads;
  for (int i = 0; i < ranks; ++i) {
    threads.emplace_back([&, i] {
      const auto mail = endpoint(i);
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

}  // namespace rankine::conformance
