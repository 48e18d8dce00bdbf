// SPDX-License-Identifier: Apache-2.0
// Far more ranks than cores: 20,000 tiny tasks, one by one, and tasks that wait for tasks on every rank at
// once. The checks are of values; how long it takes is the test's timeout.
#include <cstdio>
#include <vector>

#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

constexpr int kTasks = 20'000;
constexpr int kTrees = 16;

long triple(int x) {
  return 3L * x;
}
int leaves(int depth) {
  if (depth == 0) return 1;
  auto left = rk::submit<leaves>(depth - 1);
  auto right = rk::submit<leaves>(depth - 1);
  return left.get() + right.get();
}

}  // namespace

int main(int argc, char** argv) {
  rk::Runtime runtime(argc, argv);
  return runtime.run([] {
    std::vector<rk::Future<int>> trees;
    std::vector<rk::Future<long>> all;
    for (int i = 0; i < kTrees; ++i) trees.push_back(rk::submit<leaves>(6));
    for (int i = 0; i < kTasks; ++i) all.push_back(rk::submit<triple>(i));
    long sum = 0;
    for (const auto& one : all) sum += one.get();
    int count = 0;
    for (const auto& tree : trees) count += tree.get();
    std::printf("sum %ld leaves %d\n", sum, count);
    const bool right = sum == 3L * kTasks * (kTasks - 1L) / 2 && count == kTrees * 64;
    if (!right) std::fprintf(stderr, "crowd: wrong sum or count\n");
    return right ? 0 : 1;
  });
}
