// SPDX-License-Identifier: Apache-2.0
// The client's way to the head from other ranks: messages, in the order of the calls.
#pragma once

#include <span>

#include "runtime/head_link.hpp"
#include "runtime/head_port.hpp"
#include "runtime/messages.hpp"

namespace rankine::runtime {

/// Sends the refs that lie inside the value or arguments of the next message, in as many messages as they
/// need.
void send_refs(HeadLink& link, std::span<const InsideRecord> refs);

class RemoteHead final : public HeadPort {
 public:
  explicit RemoteHead(HeadLink& link) : link_(link) {}

  void submit(const detail::Submission& submission, const Names& names, Blob* arguments) override;
  void put(ObjectId object, Blob* value, std::span<const ObjectId> inside, std::uint64_t content) override;
  void note(MessageType type, ObjectId first, std::uint32_t count, bool flag) override;
  void vanished(ObjectId object, const Location& place) override;
  void explain(ObjectId object, std::uint64_t ticket) override;

 private:
  void send_inside(std::span<const ObjectId> inside);

  HeadLink& link_;
};

}  // namespace rankine::runtime
