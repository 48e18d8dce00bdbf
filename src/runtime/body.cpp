// SPDX-License-Identifier: Apache-2.0
#include "runtime/body.hpp"

#include <cstring>

namespace rankine::runtime {

std::size_t body_bytes(const Blob& blob) {
  return sizeof(Body) + padded(blob.located ? sizeof(Location) : blob.bytes);
}

void write_body(MessageWriter& writer, const Blob& blob, bool failure) {
  if (blob.located) {
    writer.record(Body{BodyKind::located, sizeof(Location)});
    writer.record(blob.location());
    return;
  }
  writer.record(
      Body{failure ? BodyKind::failure : BodyKind::inline_bytes, static_cast<std::uint32_t>(blob.bytes)});
  writer.bytes(blob.body(), blob.bytes);
}

ReadBody read_body(MessageReader& reader, BlobPool& blobs) {
  const auto body = reader.record<Body>();
  if (body.kind == BodyKind::located) return {blobs.make_located(reader.record<Location>()), false};
  Blob* blob = blobs.make_inline(body.bytes);
  std::memcpy(blob->body(), reader.bytes(body.bytes), body.bytes);
  return {blob, body.kind == BodyKind::failure};
}

}  // namespace rankine::runtime
