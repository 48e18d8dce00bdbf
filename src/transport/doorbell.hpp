// SPDX-License-Identifier: Apache-2.0
// One futex word a rank in memory that the ranks of a node share: only to wake a sleeper, never to carry
// data. Where a sleeper cannot see its mail (two-sided messaging), senders count it beside.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace rankine::transport {

struct alignas(64) Doorbell {
  std::atomic<std::uint32_t> sleeping;   ///< futex word: 1 while its rank sleeps or is about to
  std::atomic<std::uint32_t> announced;  ///< batches that ranks of this node were about to send, modulo 2^32
};
static_assert(sizeof(Doorbell) == 64);

/// The doorbells of the ranks on this node. The memory belongs to the caller, is zero at the start, and is
/// shared between the node's processes (or is plain memory when ranks are threads).
struct Doorbells {
  std::span<Doorbell> bells;     ///< one a rank of this node
  std::vector<std::int32_t> of;  ///< of[rank]: index into bells, or -1 for a rank of another node
};

}  // namespace rankine::transport
