// SPDX-License-Identifier: Apache-2.0
// One futex word a rank in memory that the ranks of a node share: only to wake a sleeper, never to carry
// data.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace rankine::transport {

struct alignas(64) Doorbell {
  std::atomic<std::uint32_t> sleeping;  ///< futex word: 1 while its rank sleeps or is about to
};
static_assert(sizeof(Doorbell) == 64);

/// The doorbells of the ranks on this node. The memory belongs to the caller, is zero at the start, and is
/// shared between the node's processes (or is plain memory when ranks are threads).
struct Doorbells {
  std::span<Doorbell> bells;     ///< one a rank of this node
  std::vector<std::int32_t> of;  ///< of[rank]: index into bells, or -1 for a rank of another node
};

}  // namespace rankine::transport
