// SPDX-License-Identifier: Apache-2.0
// How a rank's client reaches the head: by a call on rank 0, by messages elsewhere. All calls are made with
// the progress lock held and return at once.
#pragma once

#include <cstdint>
#include <span>

#include <rankine/core/ids.hpp>
#include <rankine/runtime/context.hpp>

#include "runtime/blob.hpp"
#include "runtime/messages.hpp"

namespace rankine::runtime {

class HeadPort {
 public:
  struct Names {
    TaskId first{};
    TaskId parent{};
    TaskKey key{};
  };
  /// Takes over `arguments`.
  virtual void submit(const detail::Submission& submission, const Names& names, Blob* arguments) = 0;
  /// Takes over `value`. `content`: hash of its bytes, for the journal; 0: not known.
  virtual void put(ObjectId object, Blob* value, std::span<const ObjectId> inside, std::uint64_t content) = 0;
  /// held, released, wanted, cancel (flag: force).
  virtual void note(MessageType type, ObjectId first, std::uint32_t count, bool flag) = 0;

  /// The object is not at `place`, where it was said to be: it is wanted again, from elsewhere.
  virtual void vanished(ObjectId object, const Location& place) = 0;

  /// Client::on_explained gets the answer, perhaps before this returns.
  virtual void explain(ObjectId object, std::uint64_t ticket) = 0;

 protected:
  ~HeadPort() = default;
};

}  // namespace rankine::runtime
