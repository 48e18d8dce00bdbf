// SPDX-License-Identifier: Apache-2.0
// Puts objects of 1 MiB until the store says that it is full, prints the sentence, and shows that all that
// was put before is there, for tasks and for the driver, and that there is room again once it is dropped.
// Arguments: the spill directory, the bytes of the arena (0: as the machine has).
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include <rankine/rankine.hpp>

namespace rk = rankine;

namespace {

using Numbers = rk::Array<std::uint64_t>;
constexpr std::size_t kCount = 131'072;  // 1 MiB
constexpr std::uint64_t kMost = 2000;

Numbers make(std::uint64_t seed) {
  return Numbers(kCount, [seed](std::size_t i) { return seed + i; });
}
std::uint64_t sum(const Numbers& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}
std::uint64_t expected(std::uint64_t seed) {
  return kCount * seed + kCount * (kCount - 1) / 2;
}

int fill() {
  std::vector<rk::Future<Numbers>> kept;
  std::string text;
  while (text.empty() && kept.size() < kMost) {
    try {
      kept.push_back(rk::put(make(kept.size())));
    } catch (const rk::StoreFull& error) {
      text = error.what();
    }
  }
  std::printf("%s\n", text.c_str());
  if (text.empty()) return 1;
  for (std::uint64_t i = 0; i < kept.size(); ++i) {
    if (sum(kept[i].get()) != expected(i) || rk::submit<sum>(kept[i]).get() != expected(i)) return 1;
  }
  const std::size_t count = kept.size();
  kept.clear();
  if (rk::submit<sum>(rk::put(make(7))).get() != expected(7)) return 1;
  std::printf("%zu objects are as they were\n", count);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  rk::RuntimeOptions options;
  options.spill_directory = argc > 1 ? argv[1] : "/tmp";
  options.arena_bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  rk::Runtime runtime(argc, argv, options);
  return runtime.run(fill);
}
