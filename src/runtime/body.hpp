// SPDX-License-Identifier: Apache-2.0
// A value in a message, as a Body: how long it is, writing it, and reading it into a Blob.
#pragma once

#include <cstddef>

#include "runtime/blob_pool.hpp"
#include "runtime/messages.hpp"

namespace rankine::runtime {

/// Bytes that `blob` takes in a message.
std::size_t body_bytes(const Blob& blob);
void write_body(MessageWriter& writer, const Blob& blob, bool failure);

struct ReadBody {
  Blob* blob = nullptr;  ///< of the pool; the caller's
  bool failed = false;   ///< it is a packed failure
};
ReadBody read_body(MessageReader& reader, BlobPool& blobs);
/// The value of a future argument, which remembers whose it is.
Blob* read_dependency(MessageReader& reader, BlobPool& blobs);

}  // namespace rankine::runtime
