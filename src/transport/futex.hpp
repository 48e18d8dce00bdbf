// SPDX-License-Identifier: Apache-2.0
// Linux futex calls on words that processes of a node share, and the fence that pairs a flag with a sleeper's
// word.
#pragma once

#include <atomic>
#include <cstdint>

#include <rankine/core/time.hpp>

namespace rankine::transport {

/// Sleeps while `word` equals `expected`, for at most `timeout_ns`. May return early.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, Nanoseconds timeout_ns);

/// Wakes every thread of every process that sleeps on `word`.
void futex_wake_all(std::atomic<std::uint32_t>& word);

/// What was written before is visible to all before anything after it is read (store, fence, load on both
/// sides).
void full_fence();

}  // namespace rankine::transport
