// SPDX-License-Identifier: Apache-2.0
// What the batch code needs of a network that sends and receives: nothing here waits. Everything above is
// shared by MPI and by what plays a network in tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <rankine/core/ids.hpp>

namespace rankine::transport {

/// Names a send or a receive that is under way. Small numbers, reused after the end.
using Ticket = std::uint32_t;

/// A message that waits to be received.
struct Letter {
  Rank source = kNoRank;
  std::size_t bytes = 0;
};

class Post {
 public:
  virtual ~Post() = default;

  /// Starts to send. True: it is done, `bytes` may change. Else `ticket` turns up in finished() later, and
  /// until then the bytes must stay.
  virtual bool send(Ticket ticket, Rank target, std::span<const std::byte> bytes) = 0;
  /// Takes the next message that has come, those of one sender in order; false if there is none. To be
  /// followed by receive() or leave().
  virtual bool next(Letter& letter) = 0;
  /// Starts to copy the message of the last next(). True: it is there. Else as for send().
  virtual bool receive(Ticket ticket, std::span<std::byte> into) = 0;
  /// Leaves the message of the last next() where it is, for good: its sender is told nothing.
  virtual void leave() = 0;
  /// Tickets that ended since the last call, well or not.
  virtual std::span<const Ticket> finished() = 0;
  /// The ranks of operations that failed since the last call.
  virtual std::vector<Rank> take_unreachable() { return {}; }
  /// This one never turns up again and nobody looks after it. Its memory is the network's now, which may use
  /// it as long as the process lives.
  virtual void abandon(Ticket ticket, std::unique_ptr<std::byte[]> memory) = 0;
};

}  // namespace rankine::transport
