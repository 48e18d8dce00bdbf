// SPDX-License-Identifier: Apache-2.0
// The job that the kill storm shoots at: tasks, tasks of tasks, a map, objects that were put and objects that
// tasks made, actors with checkpoints, and gangs, for about a second. Everything it computes goes into one
// SHA-256 in a fixed order. It prints "begin" when the work starts and "end: SHA SECONDS RETRIED LOST" when
// all is done. storm.py starts it, kills ranks, and compares.
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <iostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/mpi.hpp>

#include <rankine/rankine.hpp>

#include "files/sha256.hpp"

namespace rk = rankine;

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kRounds = 10;
constexpr int kMakers = 12;         // of a round
constexpr int kElements = 1 << 14;  // of an object: 128 KiB, through shared memory
constexpr int kMapped = 120;        // of a round
constexpr int kActors = 3;
constexpr int kCalls = 12;   // of an actor in a round
constexpr auto kWork = 2ms;  // of a task

void compute(std::chrono::nanoseconds time) {
  const auto end = Clock::now() + time;
  while (Clock::now() < end) {
  }
}

rk::Array<double> make(int seed, int n) {
  compute(kWork);
  return rk::Array<double>(static_cast<std::size_t>(n),
                           [seed](std::size_t i) { return std::sin(seed + 0.001 * static_cast<double>(i)); });
}
double sum(const rk::Array<double>& values, const rk::Array<double>& weights) {
  compute(kWork);
  double total = 0;
  for (std::size_t i = 0; i < values.size(); ++i) total += values[i] * weights[i];
  return total + rk::random().uniform();
}
double cube(double x) {
  compute(200us);
  return x * x * x;
}
/// A task of tasks.
double tree(int depth, double x) {
  if (depth == 0) {
    compute(kWork);
    return std::sqrt(x);
  }
  const auto left = rk::submit<tree>({.max_retries = 10}, depth - 1, 2 * x);
  const auto right = rk::submit<tree>({.max_retries = 10}, depth - 1, 2 * x + 1);
  return left.get() - right.get() / 2;
}

/// Its state is what its calls were, in order.
class Chain {
 public:
  double link(double x) {
    compute(500us);
    state_ = std::fmod(state_ * 1.000001 + x, 1000.0);
    return state_;
  }
  double save() const { return state_; }
  void load(double state) { state_ = state; }

 private:
  double state_ = 1;
};

double agree(rk::Gang& gang, double x) {
  double value = x * (gang.rank() + 1);
  for (int i = 0; i < 20; ++i) {
    compute(500us);
    value = boost::mpi::all_reduce(gang.comm(), value, std::plus<>()) / 3;
  }
  return value;
}

class Digest {
 public:
  void add(double value) {
    std::array<std::byte, sizeof value> bytes;
    std::memcpy(bytes.data(), &value, sizeof value);
    sha_.update(bytes);
  }
  std::string finish() { return sha_.finish(); }

 private:
  rk::files::Sha256 sha_;
};

using Actors = std::vector<rk::Actor<Chain>>;

/// Everything of a round is under way at once.
void play_round(int round, const Actors& actors, const rk::Future<rk::Array<double>>& weights,
                Digest& digest) {
  const rk::Options patient{.max_retries = 10};
  std::vector<rk::Future<double>> sums;
  for (int i = 0; i < kMakers; ++i) {
    sums.push_back(rk::submit<sum>(patient, rk::submit<make>(patient, 100 * round + i, kElements), weights));
  }
  std::vector<double> xs(kMapped);
  for (int i = 0; i < kMapped; ++i) xs[static_cast<std::size_t>(i)] = round + 0.1 * i;
  const auto cubes = rk::map<cube>(patient, xs);
  const auto grown = rk::submit<tree>(patient, 3, 1.0 + round);
  const auto agreed = rk::submit_gang<agree>({.ranks = 2, .max_retries = 10}, 1.0 + round);
  std::vector<rk::Future<double>> links;
  for (int call = 0; call < kCalls; ++call) {
    for (const auto& actor : actors) links.push_back(actor.call<&Chain::link>(round + 0.01 * call));
  }
  for (const auto& one : sums) digest.add(one.get());
  for (const double value : cubes.get()) digest.add(value);
  digest.add(grown.get());
  digest.add(agreed.get());
  for (const auto& one : links) digest.add(one.get());
}

std::string play() {
  Digest digest;
  const auto weights = rk::put(make(7, kElements));
  Actors actors;
  for (int i = 0; i < kActors; ++i) {
    actors.push_back(rk::spawn<Chain>({.max_restarts = -1, .max_task_retries = -1, .checkpoint_every = 5}));
  }
  for (int round = 0; round < kRounds; ++round) play_round(round, actors, weights, digest);
  return digest.finish();
}

}  // namespace

int main(int argc, char** argv) {
  rk::RuntimeOptions options;
  options.seed = 4711;
  options.lost_after = 1s;
  options.arena_bytes = std::uint64_t{128} << 20;
  rk::Runtime runtime(argc, argv, options);
  return runtime.run([] {
    std::cout << "begin" << std::endl;
    const auto start = Clock::now();
    const std::string sha = play();
    const std::chrono::duration<double> seconds = Clock::now() - start;
    const rk::Statistics counts = rk::statistics();
    std::cout << "end: " << sha << ' ' << seconds.count() << ' ' << counts.retried << ' '
              << 4 - counts.workers << std::endl;
  });
}
