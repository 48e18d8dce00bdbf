// SPDX-License-Identifier: Apache-2.0
// Actors that call each other and themselves: who may enter while a method waits, and who may not.
#include <algorithm>
#include <string>
#include <vector>

#include "on_ranks.hpp"

namespace actors_waiting {
namespace {

/// Calls the next in a ring until `hops` is used up.
struct Node {
  int self = 0;
  int inside = 0;
  int most_inside = 0;
  std::vector<rk::Actor<Node>> ring;

  void join(const std::vector<rk::Actor<Node>>& all, int me) {
    ring = all;
    self = me;
  }
  void leave() { ring.clear(); }
  int hop(int hops) {
    ++inside;
    most_inside = std::max(most_inside, inside);
    int sum = self;
    if (hops > 0) {
      const auto next = static_cast<std::size_t>(self + 1) % ring.size();
      sum += ring[next].call<&Node::hop>(hops - 1).get();
    }
    --inside;
    return sum;
  }
  int depth() const { return most_inside; }
};

int square(int x) {
  return x * x;
}

/// Waits for a task in the middle of its methods.
struct Careful {
  int inside = 0;
  bool overlapped = false;
  std::vector<int> order;
  int work(int k) {
    overlapped = overlapped || inside > 0;
    ++inside;
    const int result = rk::submit<square>(k).get();
    --inside;
    order.push_back(k);
    return result;
  }
  bool overlap() const { return overlapped; }
  std::vector<int> done() const { return order; }
};

std::vector<rk::Actor<Node>> ring_of(int count) {
  std::vector<rk::Actor<Node>> ring;
  for (int i = 0; i < count; ++i) ring.push_back(rk::spawn<Node>());
  for (int i = 0; i < count; ++i) ring[static_cast<std::size_t>(i)].call<&Node::join>(ring, i).get();
  return ring;
}

int work_through(const rk::Actor<Careful>& careful, int k) {
  return careful.call<&Careful::work>(k).get();
}

}  // namespace
}  // namespace actors_waiting
using namespace actors_waiting;  // names of tasks and actors are one for the whole program

TEST_CASE("actors that call each other in a circle do not wait for ever") {
  on_ranks({1, 2, 3}, [] {
    for (const int count : {1, 2, 3}) {
      const auto ring = ring_of(count);
      int expected = 0;
      for (int hop = 0; hop <= 9; ++hop) expected += hop % count;
      CHECK(ring[0].call<&Node::hop>(9).get() == expected);
      CHECK(ring[0].call<&Node::depth>().get() > 1);
      for (const auto& node : ring) node.call<&Node::leave>().get();
    }
  });
}

TEST_CASE("a method that waits lets nobody else in") {
  on_ranks({1, 2, 3}, [] {
    const auto careful = rk::spawn<Careful>();
    std::vector<rk::Future<int>> futures;
    for (int i = 0; i < 20; ++i) futures.push_back(careful.call<&Careful::work>(i));
    for (int i = 0; i < 20; ++i) futures.push_back(rk::submit<work_through>(careful, 100 + i));
    for (const auto& future : futures) future.get();
    CHECK_FALSE(careful.call<&Careful::overlap>().get());
    std::vector<int> mine;
    for (const int k : careful.call<&Careful::done>().get()) {
      if (k < 100) mine.push_back(k);
    }
    CHECK(mine.size() == 20);
    CHECK(std::is_sorted(mine.begin(), mine.end()));
  });
}

TEST_CASE("with max_concurrency methods interleave where they wait") {
  on_ranks({1, 2}, [] {
    const auto careful = rk::spawn<Careful>({.max_concurrency = 8});
    std::vector<rk::Future<int>> futures;
    for (int i = 0; i < 50; ++i) futures.push_back(careful.call<&Careful::work>(i));
    for (int i = 0; i < 50; ++i) CHECK(futures[static_cast<std::size_t>(i)].get() == i * i);
    CHECK(careful.call<&Careful::overlap>().get());
  });
}
