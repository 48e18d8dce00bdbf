// SPDX-License-Identifier: Apache-2.0
// How many ranks of a node want a CPU now, in memory that they share. A rank spins only while there is one
// for everybody awake.
#pragma once

#include <atomic>
#include <cstdint>

namespace rankine::runtime {

struct alignas(64) AwakeCount {
  std::atomic<std::int32_t> ranks;
};

/// The same as a rank sees it.
struct Awake {
  AwakeCount* count = nullptr;
  std::int32_t node_cpus = 1;

  bool crowded() const { return count->ranks.load(std::memory_order_relaxed) > node_cpus; }
  void change(std::int32_t by) const { count->ranks.fetch_add(by, std::memory_order_relaxed); }
};

/// Somebody who is awake while this lives.
class AwakeScope {
 public:
  explicit AwakeScope(const Awake& awake) : awake_(awake) { awake_.change(1); }
  ~AwakeScope() { awake_.change(-1); }
  AwakeScope(const AwakeScope&) = delete;
  AwakeScope& operator=(const AwakeScope&) = delete;

 private:
  const Awake& awake_;
};

}  // namespace rankine::runtime
