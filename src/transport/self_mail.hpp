// SPDX-License-Identifier: Apache-2.0
// What a rank sends to itself: never leaves it. Shared by all transports.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <utility>

#include "transport/ring.hpp"
#include "transport/transport.hpp"

namespace rankine::transport {

class SelfMail {
 public:
  explicit SelfMail(std::size_t ring_bytes) : appended_(ring_bytes), delivered_(ring_bytes) {}

  std::span<std::byte> append(std::size_t bytes) {
    waits_.store(true, std::memory_order_relaxed);
    return appended_.append(RecordKind::kMessage, bytes);
  }

  /// Delivers what was there at the start: what the sink appends meanwhile comes with the next call.
  std::size_t deliver(Rank self, MailSink& sink, std::size_t messages_max, std::size_t keep_bytes) {
    if (delivered_.empty()) {
      if (appended_.empty()) return 0;
      std::swap(delivered_, appended_);
    }
    std::size_t count = 0;
    OutgoingRing::Record record;
    while (count < messages_max && delivered_.peek(record)) {
      // First, so that a sink that throws has had its message; the bytes stay where they are.
      delivered_.pop();
      sink.deliver(self, record.payload);
      ++count;
    }
    if (delivered_.empty()) delivered_.trim(keep_bytes);
    waits_.store(!delivered_.empty() || !appended_.empty(), std::memory_order_relaxed);
    return count;
  }

  /// By any thread.
  bool waits() const { return waits_.load(std::memory_order_relaxed); }

 private:
  OutgoingRing appended_;
  OutgoingRing delivered_;
  std::atomic<bool> waits_{false};
};

}  // namespace rankine::transport
