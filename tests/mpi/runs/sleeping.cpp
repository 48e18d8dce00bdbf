// SPDX-License-Identifier: Apache-2.0
// Tasks that sleep, for as long as the seed says: 40 of their own, 30 in chains that depend on each other, a
// map of 60, and 5 that have children. So the time that a run takes does not depend on how many cores the
// machine has. The driver prints how long it took. Usage: runs_sleeping [MILLISECONDS [singles|map TASKS]]:
// of a task on average; with a kind, only so many of that.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

double nap(double milliseconds, double) {
  std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(milliseconds));
  return milliseconds;
}
double nap_alone(double milliseconds) {
  return nap(milliseconds, 0);
}
double parent(double milliseconds) {
  nap(milliseconds / 2, 0);
  auto a = rk::submit<nap>(milliseconds, 0.0);
  auto b = rk::submit<nap>(milliseconds / 2, 0.0);
  const double sum = a.get() + b.get();
  return sum + nap(milliseconds / 2, 0);
}

/// Lengths between a half and one and a half times `mean`.
class Lengths {
 public:
  explicit Lengths(double mean) : mean_(mean) {}
  double next() {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return mean_ * (0.5 + static_cast<double>(state_ >> 11) * 0x1p-53);
  }

 private:
  double mean_;
  std::uint64_t state_ = 42;
};

void sleep_in_many_ways(double mean) {
  Lengths lengths(mean);
  std::vector<rk::Future<double>> all;
  for (int i = 0; i < 40; ++i) all.push_back(rk::submit<nap>(lengths.next(), 0.0));
  for (int chain = 0; chain < 10; ++chain) {
    rk::Future<double> last = rk::submit<nap>(lengths.next(), 0.0);
    for (int i = 0; i < 2; ++i) last = rk::submit<nap>(lengths.next(), last);
    all.push_back(last);
  }
  for (auto& one : all) one.get();
  std::vector<double> naps;
  for (int i = 0; i < 60; ++i) naps.push_back(lengths.next() / 2);
  auto map = rk::map<nap_alone>(naps);
  map.get();
  all.clear();
  for (int i = 0; i < 5; ++i) all.push_back(rk::submit<parent>(lengths.next()));
  for (auto& one : all) one.get();
}

void sleep_in_singles(double mean, int tasks) {
  Lengths lengths(mean);
  std::vector<rk::Future<double>> all;
  for (int i = 0; i < tasks; ++i) all.push_back(rk::submit<nap>(lengths.next(), 0.0));
  for (auto& one : all) one.get();
}

void sleep_in_a_map(double mean, int tasks) {
  Lengths lengths(mean);
  std::vector<double> naps;
  for (int i = 0; i < tasks; ++i) naps.push_back(lengths.next());
  rk::map<nap_alone>(naps).get();
}

}  // namespace

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  const double mean = argc > 1 ? std::atof(argv[1]) : 10;
  const std::string kind = argc > 3 ? argv[2] : "";
  const int tasks = argc > 3 ? std::atoi(argv[3]) : 0;
  return runtime.run([&] {
    const auto begin = std::chrono::steady_clock::now();
    if (kind == "singles") {
      sleep_in_singles(mean, tasks);
    } else if (kind == "map") {
      sleep_in_a_map(mean, tasks);
    } else {
      sleep_in_many_ways(mean);
    }
    std::printf("%.6f\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  });
}
