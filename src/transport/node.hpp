// SPDX-License-Identifier: Apache-2.0
// The transport of a job that has one node to itself: the ring code over memory that its ranks share, written
// by plain stores. Beside MPI's windows, which end in the same stores there, a message costs a copy and a
// store less two flushes (measured in bench/README.md). It never calls MPI.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "transport/doorbell.hpp"
#include "transport/layout.hpp"
#include "transport/ring_transport.hpp"

namespace rankine::transport {

/// All of it is backed from the start, so it is less than what a window may reserve.
inline constexpr RingLimits kNodeRings{.node_budget_bytes = std::size_t{256} << 20};

/// How much memory the rings between so many ranks take. Throws InputError if the limits cannot be met.
std::size_t node_memory_bytes(int ranks, const RingLimits& limits = kNodeRings);

/// `memory`: that much, zero at the start, 64-byte aligned, mapped by all ranks; it outlives the transport.
std::unique_ptr<RingTransport> make_node_transport(Rank rank, int ranks, Doorbells doorbells,
                                                   std::span<std::byte> memory,
                                                   const RingLimits& limits = kNodeRings);

}  // namespace rankine::transport
