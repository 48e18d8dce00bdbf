// SPDX-License-Identifier: Apache-2.0
// Four times as much data as shared memory: made by tasks, changed by tasks, read by the driver, all alive at
// once. Exit code 1 and a sentence on a wrong sum, on nothing spilled, on memory or disk that is not given
// back, and on a file left in the spill directory or open under a name.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include <unistd.h>

#include <rankine/core/hash.hpp>
#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

constexpr std::uint64_t kItems = 32;
constexpr std::uint64_t kCount = 131'072;  // 1 MiB each
using Numbers = rk::Array<std::uint64_t>;

Numbers make(std::uint64_t seed, std::uint64_t count) {
  return Numbers(count, [seed](std::size_t i) { return rk::hash_mix(seed, i); });
}
Numbers next(const Numbers& numbers) {
  return Numbers(numbers.size(), [&](std::size_t i) { return numbers[i] + 1; });
}
std::uint64_t sum(const Numbers& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}

bool right = true;
void expect(bool holds, const char* what) {
  if (holds) return;
  std::printf("wrong: %s\n", what);
  right = false;
}

void check() {
  std::vector<std::uint64_t> seeds(kItems), sums;
  std::iota(seeds.begin(), seeds.end(), 0);
  for (const std::uint64_t seed : seeds) sums.push_back(sum(make(seed, kCount)));
  const auto made = rk::map<make>(seeds, kCount);
  std::vector<rk::Future<Numbers>> changed;
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 0; i < kItems; ++i) changed.push_back(rk::submit<next>(made[i]));
  }
  for (std::uint64_t i = 0; i < changed.size(); ++i) {
    expect(sum(changed[i].get()) == sums[i % kItems] + kCount, "the sum of a changed array");
  }
  for (std::uint64_t i = 0; i < kItems; ++i) expect(sum(made[i].get()) == sums[i], "the sum of an array");
  const rk::StoreStatistics store = rk::statistics().store;
  expect(store.spilled_objects > 0 && store.restored_objects > 0, "nothing was spilled");
  std::printf("%llu objects spilled, %llu restored\n", static_cast<unsigned long long>(store.spilled_objects),
              static_cast<unsigned long long>(store.restored_objects));
}

void check_empty() {
  rk::StoreStatistics store;
  for (int tries = 0; tries < 10'000; ++tries) {
    store = rk::statistics().store;
    if (store.used_bytes == 0 && store.disk_bytes == 0) return;
  }
  expect(store.used_bytes == 0, "memory is not given back");
  expect(store.disk_bytes == 0, "disk is not given back");
}

}  // namespace

int main(int argc, char** argv) {
  std::string directory = std::filesystem::temp_directory_path() / "rankine-spilling-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) return 2;
  int code = 1;
  {
    rk::Runtime runtime(argc, argv, {.arena_bytes = 32u << 20, .spill_directory = directory});
    code = runtime.run([&] {
      check();
      expect(std::filesystem::is_empty(directory), "a spill file has a name");
      check_empty();
      std::printf("%s on %d ranks\n", right ? "right" : "WRONG", runtime.size());
      return right ? 0 : 1;
    });
  }
  std::error_code ignored;
  if (!std::filesystem::remove(directory, ignored)) code = 1;  // not empty
  return code;
}
