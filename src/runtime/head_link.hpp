// SPDX-License-Identifier: Apache-2.0
// Messages from a rank to the head. On rank 0 they are delivered on the spot, so that they keep their order
// with the calls that the client of rank 0 makes there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <rankine/core/ids.hpp>

#include "transport/transport.hpp"

namespace rankine::runtime {

class HeadLink {
 public:
  /// `here` receives the messages if this is rank 0.
  HeadLink(transport::Transport& transport, transport::MailSink& here) : transport_(transport), here_(here) {}

  /// Sends one message of `bytes` bytes, which `write` fills. Called with the progress lock held.
  template <class Write>
  void send(std::size_t bytes, Write&& write) {
    if (transport_.rank() != kHead) {
      write(transport_.append(kHead, bytes));
      return;
    }
    std::vector<std::uint64_t> memory = std::move(memory_);  // a delivery may send again
    memory.resize((bytes + 7) / 8);
    const std::span<std::byte> message = std::as_writable_bytes(std::span(memory)).first(bytes);
    write(message);
    here_.deliver(kHead, message);
    memory_ = std::move(memory);
  }
  /// What was sent so far is on its way, whatever becomes of this rank.
  void flush() { transport_.flush(); }
  std::size_t message_bytes_max() const { return transport_.message_bytes_max(); }

 private:
  transport::Transport& transport_;
  transport::MailSink& here_;
  std::vector<std::uint64_t> memory_;
};

}  // namespace rankine::runtime
