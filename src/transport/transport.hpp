// SPDX-License-Identifier: Apache-2.0
// Moves messages between ranks: bytes and ranks, nothing of tasks. Back ends: rma (MPI one-sided), p2p (MPI
// two-sided), loopback (ranks as threads of one process). One conformance suite runs on all of them.
//
// Threads: append, flush, poll and exclude are called by one thread at a time (the caller holds the progress
// lock); ring() may be called by any thread at any time; sleep() by the thread that would otherwise poll,
// without the lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/core/time.hpp>

namespace rankine::transport {

/// Receives messages during poll(). The bytes are 8-byte aligned and valid during the call only. A sink may
/// append to the transport (answers), but not poll it.
class MailSink {
 public:
  virtual void deliver(Rank source, std::span<const std::byte> message) = 0;

 protected:
  ~MailSink() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;

  virtual Rank rank() const = 0;
  virtual int size() const = 0;
  /// The largest message append() takes.
  virtual std::size_t message_bytes_max() const = 0;

  /// Space (8-byte aligned) for one message to `destination`, which may be this rank itself. The caller fills
  /// it before its next call. Never blocks and never fails: without room in the ring the message waits in a
  /// local queue. Messages of one sender to one destination arrive in order, each once. To an excluded rank:
  /// goes nowhere.
  virtual std::span<std::byte> append(Rank destination, std::size_t bytes) = 0;

  /// Publishes what was appended (one flag for many messages) and wakes sleeping receivers on this node.
  virtual void flush() = 0;

  /// From now on sleeping receivers are not woken, though they are sent to: for a sender that has more for
  /// them, where there is no CPU for them meanwhile. False: those that still sleep are woken by the next
  /// flush() or poll(). A hint.
  virtual void hold_wakes(bool) {}

  /// Hands arrived messages to `sink`, at most about `messages_max`; retries queued sends; returns how many
  /// came.
  virtual std::size_t poll(MailSink& sink, std::size_t messages_max = 256) = 0;

  /// Whether a poll() may find anything: a quick look for who polls in a loop. Called as poll() is.
  virtual bool has_mail() { return true; }

  /// Bytes that wait here for credit or for the network, for back-pressure.
  virtual std::size_t queued_bytes() const = 0;

  /// Sleeps until mail may have come, ring() was called, or `timeout_ns` went by; returns at once if there is
  /// mail or a ring since the last sleep. May return early. Never sleeps longer than the poll interval for
  /// mail from other nodes.
  virtual void sleep(Nanoseconds timeout_ns) = 0;

  /// Ends a sleep() of this rank, from any thread.
  virtual void ring() = 0;

  /// The rank is dead: nothing is sent to it or taken from it any more, and its memory is not touched again.
  virtual void exclude(Rank dead) = 0;

  /// Ranks that the network has failed to reach since the last call. What was sent to them may be lost, so
  /// they have been excluded: each is dead, or as good as dead to this rank.
  virtual std::vector<Rank> take_unreachable() { return {}; }

  /// Ends the use. Orderly: every rank calls it, after all agreed to end and no message is on its way; what
  /// MPI lent is given back (collective). Otherwise, when a rank died, nothing of MPI is touched and all is
  /// left to the process's end. The destructor without close() does the latter.
  virtual void close(bool orderly) = 0;
};

}  // namespace rankine::transport
