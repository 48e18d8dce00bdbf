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
  if (body.kind > BodyKind::failure) throw_damaged("a value of an unknown kind");
  const std::byte* bytes = reader.bytes(body.bytes);  // they are there before memory is taken for them
  Blob* blob = blobs.make_inline(body.bytes);
  if (body.bytes > 0) std::memcpy(blob->body(), bytes, body.bytes);
  return {blob, body.kind == BodyKind::failure};
}

Blob* read_dependency(MessageReader& reader, BlobPool& blobs) {
  const auto message = reader.record<DependencyMessage>();
  Blob* const value = read_body(reader, blobs).blob;
  if (!value->located) return value;
  Blob* const with_id = blobs.make_located(value->location(), {&message.object, 1});
  blobs.drop(value);
  return with_id;
}

}  // namespace rankine::runtime
